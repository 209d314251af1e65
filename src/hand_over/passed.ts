import { createServer, type Server } from "node:http";
import { Connection } from "../edge/http/connection.ts";
import { requestOf, send } from "../edge/http/exchange.ts";
import type { Handler, HttpRequest } from "../edge/http/message.ts";
import { listenAt } from "./sockets.ts";

/** Headers by which the process that was replaced says where a request came from. */
export const CALLER = "odin-passed-caller";
export const HOSTS = "odin-passed-hosts";
export const VERSION = "odin-passed-version";
export const PLACE = "odin-passed-place";

/** Which listener a request came to; one that does not say came to the main one. */
export type Place = "main" | "operations";

/** Those, which are no part of the request. */
const OURS = new Set([CALLER, HOSTS, PLACE, VERSION]);

/**
 * Answers requests that a process passes on which has handed over. The socket is the owner's of the data folder alone, so
 * what it says of the caller is believed.
 *
 * @returns how to stop, as of {@link listenAt}
 * @throws where there can be no such socket
 */
export async function listenForPassed(
  path: string,
  handlers: Readonly<Record<Place, Handler>>,
): Promise<() => void> {
  const server: Server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  server.on("request", async (incoming, outgoing) => {
    incoming.on("error", () => {});
    outgoing.on("error", () => {});
    // A server that called over there cannot prove over here what it has read.
    const request = requestOf(
      incoming,
      { address: "", connection: new Connection() },
      () => false,
      undefined,
    );
    const place: Place = request.header(PLACE) === "operations" ? "operations" : "main";
    send(incoming, outgoing, await handlers[place](passedRequest(request)));
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  return await listenAt(server, path);
}

function passedRequest(request: HttpRequest): HttpRequest {
  const { method, target, connection, sent, body } = request;
  return {
    ...{ method, target, connection, sent, body },
    version: request.header(VERSION) === "1.0" ? "1.0" : "2.0", // as over HTTP/2, requests here do not wait for answers
    hosts: JSON.parse(request.header(HOSTS) ?? "[]"),
    header: (name) => OURS.has(name) ? undefined : request.header(name),
    headerNames: () => request.headerNames().filter((name) => !OURS.has(name)),
    caller: request.header(CALLER) ?? "",
  };
}
