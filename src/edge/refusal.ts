import { log } from "../ops/log.ts";
import { RpcError, type RpcErrorName } from "./errors.ts";
import { Moved } from "./gate.ts";
import { refusal } from "./http/answer.ts";
import type { HttpAnswer } from "./http/message.ts";
import type { Refused } from "./refusal_observer.ts";

/** What observers are told of a refusal, where it is more than the error's own message. */
type Told = Partial<Pick<Refused, "call" | "cause" | "customer" | "internal">>;

/** A refusal that needs more than the error's own status. */
export class Refusal extends Error {
  constructor(readonly answer: HttpAnswer, readonly error: RpcError, readonly told: Told = {}) {
    super(error.message, { cause: error });
  }
}

/** What ends a request, as a refusal, if it is one; that another process is about to answer is none. */
export function asRefusal(error: unknown, told: Told = {}): Refusal | undefined {
  if (error instanceof RpcError && !(error instanceof Moved)) return new Refusal(refusal(error), error, told);
  if (error instanceof Refusal) return new Refusal(error.answer, error.error, { ...error.told, ...told });
  return undefined;
}

/** What observers are told of a refused request. */
export function refusedRequest({ error, told }: Refusal, address: string): Refused {
  const { call = "a request", cause = error.message, customer, internal = false } = told;
  return {
    call,
    method: undefined,
    kind: error.kind,
    cause,
    reason: error.message,
    address,
    internal,
    customer,
  };
}

/**
 * What a request is answered with that failed; a fault of ours is told by the log, what was refused by `refused`.
 *
 * @param request what it was, for the log
 * @throws {Moved} where another process is about to answer
 */
export function answerToError(error: unknown, request: string, refused: (its: Refusal) => void): HttpAnswer {
  if (error instanceof Moved) throw error;
  const its = asRefusal(error);
  if (its !== undefined) {
    refused(its);
    return its.answer;
  }
  log.error("{request} failed: {error}", { request, error });
  return refusal(new RpcError("internal", "internal error"));
}

/** A request that is refused before it is known what it calls. */
export function notServed(
  kind: RpcErrorName,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const error = new RpcError(kind, message);
  return new Refusal(refusal(error, headers), error);
}

/** A body that is longer than so many bytes. */
export function bodyTooLong(limit: number): Refusal {
  return notServed("bodyTooLong", `the body is longer than ${limit} bytes`);
}
