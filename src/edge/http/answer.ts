import type { RpcError } from "../errors.ts";
import { RpcErrors } from "../errors.ts";
import type { HttpAnswer, HttpRequest } from "./message.ts";

/** Headers of every answer. */
export const COMMON_HEADERS = [
  ["Access-Control-Allow-Origin", "*"],
  ["Access-Control-Allow-Headers", "Authorization,Content-Type"],
  ["Cache-Control", "no-store"],
] as const;

/** Headers of every answer that pages of other sites must not read. */
export const OWN_SITE_HEADERS = [
  ["Cache-Control", "no-store"],
  ["X-Content-Type-Options", "nosniff"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
] as const;

/** Seconds after which a caller may try again. */
export const RETRY_AFTER = "5";

/** An answer with a JSON-RPC object as text; `null` where there is nothing to say. */
export function rpcAnswer(body: string | null, status = 200): HttpAnswer {
  if (body === null) return { status: 204, body };
  return status === 503 ? { status, body, headers: { "Retry-After": RETRY_AFTER } } : { status, body };
}

/** Names of headers that a page may want to send, and how much of them is looked at. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+( *, *[\w!#$%&'*+.^`|~-]+)*$/;
const ASKED_LENGTH = 1024;

/** Allows what a page on another site may ask for, the headers that it wants to send included. */
export function preflightAnswer(request: Pick<HttpRequest, "header">): HttpAnswer {
  const asked = request.header("access-control-request-headers") ?? "";
  const further = asked.length <= ASKED_LENGTH && HEADER_NAMES.test(asked) ? `,${asked}` : "";
  return {
    status: 204,
    body: null,
    toAnybody: true,
    headers: {
      "Access-Control-Allow-Headers": `Authorization,Content-Type${further}`,
      "Access-Control-Allow-Methods": "POST, OPTIONS",
      "Access-Control-Max-Age": "86400",
    },
  };
}

/** An answer that refuses the whole request, before any call of it was looked at. */
export function refusal(
  error: RpcError,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const status = RpcErrors[error.kind].http;
  const { body, headers: own } = rpcAnswer(refusalText(error), status);
  return { status, body, headers: { ...own, ...headers } };
}

/** The body of such an answer. */
export function refusalText(error: RpcError): string {
  return JSON.stringify({ jsonrpc: "2.0", id: null, error: error.toJSON() });
}

/** A header's name as the listener writes it itself, so that none is sent twice: `Content-Type`. */
export function spelt(name: string): string {
  return name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
