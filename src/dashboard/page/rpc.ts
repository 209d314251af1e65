/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";

/** Why a call was refused, as the gateway says it. */
export class CallError extends Error {}

/**
 * Calls a method for operators.
 *
 * @param given what makes it not waited for any more
 * @throws {CallError} where it is refused, or the gateway does not answer
 */
export async function call<Result>(
  method: string,
  params: object,
  given?: AbortSignal,
): Promise<Result> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await ask<{ result?: Result; error?: { message: string } }>("/rpc", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  }, given);
  if (answer.error !== undefined) throw new CallError(answer.error.message);
  return answer.result!;
}

/** What the gateway answers to a GET. @param given what makes it not waited for any more */
export function get<Result>(path: string, given?: AbortSignal): Promise<Result> {
  return ask<Result>(path, {}, given);
}

/** An answer is waited for so long, in milliseconds. */
const PATIENCE = 10_000;

async function ask<Result>(path: string, options: RequestInit, given?: AbortSignal): Promise<Result> {
  let response: Response;
  try {
    const late = AbortSignal.timeout(PATIENCE);
    const signal = given === undefined ? late : AbortSignal.any([given, late]);
    response = await fetch(path, { ...options, credentials: "same-origin", signal });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new CallError(
      late
        ? `the gateway has not answered within ${PATIENCE / 1000} s; what was asked may still happen`
        : "the gateway does not answer",
      { cause: error },
    );
  }
  let answer: Result & { error?: { message: string } };
  try {
    answer = await response.json();
  } catch (error) {
    throw new CallError(`the gateway answers with status ${response.status}`, { cause: error });
  }
  if (!response.ok && answer.error !== undefined) throw new CallError(answer.error.message);
  return answer;
}

/** What was asked for: the answer that is there, or why there is none. */
export interface Asked<Result> {
  readonly result: Result | undefined;
  readonly error: string | undefined;
  /** Asks again. */
  readonly again: () => void;
}

/**
 * Asks when the page is shown, and whenever what is asked for is another.
 *
 * @param key names what is asked for
 * @param ask is told when nobody wants to know any more
 * @param every seconds after which it is asked for again; if absent, only when somebody wants it
 */
export function useAsked<Result>(
  key: string,
  ask: (signal: AbortSignal) => Promise<Result>,
  every?: number,
): Asked<Result> {
  const [state, setState] = useState<{ key: string; result?: Result; error?: string }>({ key });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const run = () =>
      ask(signal).then(
        (result) => signal.aborted || setState({ key, result }),
        // The answer before stays, as long as it is one to the same question.
        ({ message: error }: Error) =>
          signal.aborted || setState((before) => before.key === key ? { ...before, error } : { key, error }),
      );
    run();
    const timer = every === undefined ? undefined : setInterval(run, every * 1000);
    return () => {
      leaving.abort();
      clearInterval(timer);
    };
  }, [key, turn, every]);
  const { result, error } = state.key === key ? state : { result: undefined, error: undefined };
  return { result, error, again: () => setTurn((turn) => turn + 1) };
}

/** A method's result, asked for when it is shown. */
export function useCall<Result>(method: string, params: object): Asked<Result> {
  return useAsked(`${method} ${JSON.stringify(params)}`, (signal) => call<Result>(method, params, signal));
}
