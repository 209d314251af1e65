import type { Socket } from "node:net";
import { COMMON_HEADERS, refusalText } from "./answer.ts";
import { RpcError } from "../errors.ts";

/** What the parser says of bytes that are no request; they come along. */
export type ParseError = Error & { readonly code?: string; readonly rawPacket?: Uint8Array };

/** What the parser itself refuses is answered like everything else, where the peer still listens. */
export function refuseUnparsed(error: ParseError, socket: Socket): void {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    refuseConnection(socket, 408, "the request was not sent in time");
  } else if (error.code === "HPE_HEADER_OVERFLOW") refuseConnection(socket, 431, "the headers are too long");
  else refuseConnection(socket, 400, "this is not an HTTP request");
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/** Says why, and ends the connection. */
export function refuseConnection(socket: Socket, status: number, reason: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = refusalText(new RpcError("invalidRequest", reason));
  const headers = [
    ...COMMON_HEADERS,
    ["Content-Type", "application/json"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["Connection", "close"],
    ...(status === 405 ? [["Allow", "POST, OPTIONS"]] : []),
  ].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${headers}\r\n${body}`);
}
