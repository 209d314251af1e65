/**
 * One request and its answer, between the runtime's HTTP and the plain pieces that the edge works with.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from "node:http2";
import { COMMON_HEADERS, OWN_SITE_HEADERS } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { LongAnswers } from "./long_answers.ts";
import type { HttpAnswer, HttpRequest } from "./message.ts";

export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

/**
 * Notes when an answer has been written out entirely. Only the event tells: after a reset `writableFinished` is true of an
 * answer that nobody read (Deno 2.9.6). Over HTTP/2 a stream has finished when the peer's window had room for all of it, and
 * closes, as if in good order, also when its connection goes before that.
 */
export function noteWhenSent(outgoing: Outgoing, sent: { entirely: boolean }): void {
  if ("stream" in outgoing) {
    const { stream } = outgoing;
    stream?.once("close", () => sent.entirely = stream.writableFinished && stream.rstCode === 0);
  } else outgoing.once("finish", () => sent.entirely = true);
}

/** Whether an answer needs no more time. */
export function isSent(outgoing: Outgoing): boolean {
  if (!("stream" in outgoing)) return outgoing.writableFinished;
  return outgoing.stream === undefined || outgoing.stream.closed;
}

/**
 * Sends the answer, if the peer is still there.
 *
 * @param taken told whenever a peer has read what was sent of a body that goes on
 */
export function send(incoming: Incoming, outgoing: Outgoing, answer: HttpAnswer, taken?: () => void): void {
  if (outgoing.destroyed) return;
  const { stream } = answer;
  if (stream === undefined || incoming.method === "HEAD") {
    longAnswers.add(incoming, outgoing, answer.body?.length ?? 0);
    return write(outgoing, answer, incoming.method === "HEAD", incoming.httpVersionMajor === 2);
  }
  outgoing.writeHead(answer.status, { ...OWN_SITE, ...answer.headers });
  let ended: (() => void) | undefined;
  const over = () => {
    ended?.();
    ended = undefined;
  };
  outgoing.once("close", over);
  incoming.socket?.once("close", over); // an answer that nobody ended does not always tell
  ended = stream.open((piece) => {
    if (outgoing.destroyed || outgoing.writableEnded) return;
    if (outgoing.writableLength > MOST_UNREAD) return void outgoing.destroy();
    if ((outgoing as ServerResponse).write(piece)) taken?.();
  }, () => void outgoing.end());
}

/** Those of all listeners: they share the memory. */
const longAnswers = new LongAnswers();

/** Characters that a peer may leave unread of a body that goes on. */
const MOST_UNREAD = 4 * 1024 * 1024;

export function write(
  outgoing: Outgoing,
  { status, body, headers, ownSiteOnly }: HttpAnswer,
  headOnly = false,
  http2 = false,
): void {
  const all: Record<string, string> = { ...(ownSiteOnly === true ? OWN_SITE : COMMON) };
  if (body !== null) {
    all["Content-Type"] = "application/json";
    all["Content-Length"] = String(Buffer.byteLength(body));
  }
  if (headers !== undefined) Object.assign(all, headers);
  if (http2) delete all["Connection"];
  outgoing.writeHead(status, all);
  if (body === null || headOnly) outgoing.end();
  else outgoing.end(body);
}

const COMMON: Readonly<Record<string, string>> = Object.fromEntries(COMMON_HEADERS);
const OWN_SITE: Readonly<Record<string, string>> = Object.fromEntries(OWN_SITE_HEADERS);

/** The request as the edge knows it. */
export function requestOf(
  incoming: Incoming,
  { address, connection }: { readonly address: string; readonly connection: Connection },
  sent: () => boolean,
  proceed: (() => void) | undefined,
): HttpRequest {
  const { headers, rawHeaders, httpVersion } = incoming;
  const hosts: string[] = [];
  if (httpVersion === "2.0") {
    const authority = headers[":authority"] ?? headers.host;
    if (typeof authority === "string") hosts.push(authority);
  } else {
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") {
        hosts.push(rawHeaders[i + 1]!);
      }
    }
  }
  return {
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    version: httpVersion,
    hosts,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    headerNames: () => Object.keys(headers),
    caller: address,
    connection,
    sent,
    get body(): AsyncIterable<Uint8Array> {
      proceed?.();
      return incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    },
  };
}

/** Bytes of a body that nobody wants, and that are read all the same, so that its sender gets to see the answer. */
const PASSED_OVER = 16 * 1024 * 1024;

/** What was refused before its body was read: the rest is in the way of the connection's next request. */
export function passOver(incoming: Incoming, giveUp: () => void): void {
  let left = PASSED_OVER;
  incoming.on("data", (piece: Uint8Array) => {
    left -= piece.length;
    if (left < 0) giveUp();
  });
  incoming.resume();
}

/** The session of HTTP/2 that a request came on, if it did. */
export function sessionOf(incoming: Incoming): Http2Session | undefined {
  return "stream" in incoming && incoming.httpVersionMajor === 2 ? incoming.stream.session : undefined;
}
