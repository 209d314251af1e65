/** Why a call failed: the error of the JSON-RPC answer, and its HTTP status. */
export class CallError extends Error {
  override readonly name = "CallError";

  constructor(readonly status: number, readonly code: number, message: string, readonly data?: unknown) {
    super(message);
  }
}

/**
 * Calls a JSON-RPC method over HTTP.
 *
 * @param url may hold `user:password@`, which is sent as HTTP Basic, as ODIN servers do
 * @throws {CallError} where the answer is an error
 */
export async function call<Result>(
  url: string,
  method: string,
  params: object,
  options: { token?: string; signal?: AbortSignal; client?: Deno.HttpClient } = {},
): Promise<Result> {
  const target = new URL(url);
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (options.token !== undefined) headers.Authorization = `Bearer ${options.token}`;
  if (target.username !== "") {
    const credentials = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    target.username = target.password = "";
  }
  const response = await fetch(target, {
    method: "POST",
    headers,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.client === undefined ? {} : { client: options.client }),
  });
  const { result, error } = await response.json();
  if (error !== undefined) throw new CallError(response.status, error.code, error.message, error.data);
  return result as Result;
}

/** Attempts of a call that is not answered, and the milliseconds before the next one. */
const ATTEMPTS = { most: 5, pause: 100 };

/**
 * Calls as an SDK does: again where no answer comes, since the gateway has died perhaps, and another one answers.
 *
 * @param lost told of each answer that did not come
 * @throws {CallError} where the answer is an error
 */
export function callingAgain(lost: () => void): typeof call {
  return async (...its) => {
    for (let attempt = 1;; attempt++) {
      try {
        return await call(...its);
      } catch (error) {
        if (error instanceof CallError || attempt === ATTEMPTS.most) throw error;
        lost();
        await new Promise((resolve) => setTimeout(resolve, attempt * ATTEMPTS.pause));
      }
    }
  };
}
