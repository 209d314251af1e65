import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { plainAddress } from "./plain_address.ts";
import { COMMON_HEADERS, refusalText } from "./answer.ts";
import { RpcError, type RpcErrorName, RpcErrors } from "../errors.ts";

/** What the parser says of bytes that are no request; they come along. */
export type ParseError = Error & { readonly code?: string; readonly rawPacket?: Uint8Array };

/** Told of what is refused before there is a request. Must not throw. */
export type UnreadObserver = (error: RpcError, address: string) => void;

/** What the parser itself refuses is answered like everything else, where the peer still listens. */
export function refuseUnparsed(error: ParseError, socket: Socket, refused: UnreadObserver): void {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    refuseConnection(socket, "tooSlow", "the request was not sent in time", refused);
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    refuseConnection(socket, "headerTooLong", "the headers are too long", refused);
  } else refuseConnection(socket, "invalidRequest", "this is not an HTTP request", refused);
}

/** Says why, and ends the connection. */
export function refuseConnection(
  socket: Socket,
  kind: RpcErrorName,
  reason: string,
  refused: UnreadObserver,
): void {
  const { http: status } = RpcErrors[kind];
  if (!socket.writable) return void socket.destroy();
  const error = new RpcError(kind, reason);
  refused(error, plainAddress(socket.remoteAddress ?? ""));
  const body = refusalText(error);
  const headers = [
    ...COMMON_HEADERS,
    ["Content-Type", "application/json"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["Connection", "close"],
    ...(status === 405 ? [["Allow", "POST, OPTIONS"]] : []),
  ].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n${body}`);
}
