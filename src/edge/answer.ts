import type { JsonValue, RpcError } from "./errors.ts";
import { RpcErrors } from "./errors.ts";

const COMMON = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Authorization,Content-Type",
  "Cache-Control": "no-store",
};
const JSON_HEADERS = { ...COMMON, "Content-Type": "application/json" };
const PREFLIGHT_HEADERS = {
  ...COMMON,
  "Access-Control-Allow-Methods": "POST, OPTIONS",
  "Access-Control-Max-Age": "86400",
};

/** Seconds after which a caller may try again. */
export const RETRY_AFTER = "5";

/** An answer with a JSON-RPC object, as text or as a stream of it; `null` where there is nothing to say. */
export function rpcAnswer(body: string | ReadableStream | null, status = 200): Response {
  if (body === null) return new Response(null, { status: 204, headers: COMMON });
  if (status === 200) return new Response(body, { headers: JSON_HEADERS });
  return new Response(body, { status, headers: { ...JSON_HEADERS, "Retry-After": RETRY_AFTER } });
}

export function preflightAnswer(): Response {
  return new Response(null, { status: 204, headers: PREFLIGHT_HEADERS });
}

/** An answer that refuses the whole request, before any call of it was looked at. */
export function refusal(
  error: RpcError,
  headers: Readonly<Record<string, string>> = {},
  status: number = RpcErrors[error.kind].http,
): Response {
  const { code, message, data } = error;
  const body: JsonValue = {
    jsonrpc: "2.0",
    id: null,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  };
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...headers } });
}
