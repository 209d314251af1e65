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
