import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { connect, type Socket } from "node:net";
import { ConfigError } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { log } from "../ops/log.ts";
import { COMMON_HEADERS, refusal } from "./answer.ts";
import { Certificate } from "./certificate.ts";
import { Connection } from "./connection.ts";
import { defaultConnectionLimit } from "./connection_limit.ts";
import { RpcError } from "./errors.ts";
import type { Handler, HttpAnswer, HttpRequest } from "./http.ts";

/** A listener that is up. */
export interface Listener {
  /** Where it listens, as a URL. */
  readonly url: string;
  /** Whether connections are taken: if not, servers may call without being heard. */
  readonly hears: () => boolean;
  /** Takes no further requests and finishes those under way, within so many milliseconds. */
  stop(within: number): Promise<void>;
}

/** Interval at which connections are looked at, in milliseconds. */
const SWEEP_EVERY = 1000;

/** Above this fraction of the limit, connections that are idle for this long make room, in milliseconds. */
const CROWDED = { fraction: 0.9, idle: 2000 };

const GOODBYE = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** Streams that a connection of HTTP/2 may have open at a time. */
const STREAMS = 100;

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** A connection with what it is doing, so that one that does nothing can be ended. */
interface Peer {
  readonly socket: Socket;
  /** IP address that it came from; kept, because a socket that is gone has none. */
  readonly address: string;
  readonly connection: Connection;
  /** Requests whose answers have not been written out. */
  readonly answering: Set<Outgoing>;
  /** When it last began or ended something, on the monotonic clock. */
  since: number;
  requests: number;
}

/**
 * Listens for HTTP/1.1, plain or TLS, and for HTTP/2 over TLS. What a peer does too slowly (send a header or a body, read
 * its answer, say anything at all) ends its connection; the number of connections stays below what the process may open.
 * Why `node:http` and not the runtime's own listener stands in `docs/decisions/`.
 *
 * @throws {ConfigError} where the address or the certificate cannot be used
 */
export async function listen(
  settings: Pick<Settings, "useSsl" | "http" | "https" | "connections" | "limits">,
  handler: Handler,
): Promise<Listener> {
  const { hostname, port } = settings.useSsl ? settings.https : settings.http;
  const { connections } = settings;
  const limit = connections.limit ?? defaultConnectionLimit();
  const peers = new Map<Socket, Peer>();
  let underWay = 0;
  let stopping = false;
  const idle = Promise.withResolvers<void>();

  const broken = new WeakSet<Socket>();
  const watch = (socket: Socket) => socket.on("error", () => broken.add(socket));
  let told = -Infinity;
  const tellLimit = () => {
    if (performance.now() - told < 60_000) return;
    told = performance.now();
    log.warning("{limit} connections are open, the limit: further ones are closed", { limit });
  };
  const peerOf = (socket: Socket): Peer => {
    let peer = peers.get(socket);
    if (peer !== undefined) return peer;
    const connection = new Connection();
    const address = plainAddress(socket.remoteAddress ?? "");
    peer = { socket, address, connection, answering: new Set(), since: performance.now(), requests: 0 };
    peers.set(socket, peer);
    if (peers.size >= limit) tellLimit();
    watch(socket);
    socket.on("close", (hadError?: boolean) => {
      peers.delete(socket);
      connection.ended(broken.has(socket) || hadError === true);
    });
    // The peer ends its side. If it has left something unread its reset is here too, but only a write shows it; to a peer
    // that still listens, this is what a server may say to a connection that it closes (RFC 9110 §15.5.9).
    socket.prependListener("end", () => {
      if (connection.hasOpen && socket.writable) {
        socket.write(GOODBYE, (error) => {
          if (error != null) broken.add(socket);
        });
      }
    });
    return peer;
  };

  const serve = async (incoming: Incoming, outgoing: Outgoing, expects = false): Promise<void> => {
    const socket = socketOf(incoming);
    const peer = peerOf(socket);
    peer.requests++;
    peer.since = performance.now();
    for (const before of peer.answering) if (isSent(before)) peer.answering.delete(before);
    peer.answering.add(outgoing);
    outgoing.on("error", () => {});
    incoming.on("error", () => {});
    const sent = { entirely: false };
    const proceed = expects ? () => (outgoing as ServerResponse).writeContinue() : undefined;
    const request = requestOf(incoming, peer, () => sent.entirely, proceed);
    underWay++;
    const answer = stopping
      ? refusal(new RpcError("unavailable", "the gateway is stopping"), { Connection: "close" })
      : await handler(request);
    if (peer.connection.hasOpen) noteWhenSent(outgoing, sent);
    send(incoming, outgoing, answer);
    // What was refused before its body was read: the rest is in the way of the connection's next request.
    if (!incoming.complete) incoming.resume();
    peer.since = performance.now();
    if (--underWay === 0 && stopping) idle.resolve();
  };

  const certificate = settings.useSsl ? new Certificate(settings.https) : undefined;
  const server = certificate === undefined
    ? createServer({
      requestTimeout: connections.bodyTimeout * 1000,
      headersTimeout: connections.headerTimeout * 1000,
      keepAliveTimeout: connections.idleTimeout * 1000,
      connectionsCheckingInterval: SWEEP_EVERY,
      maxHeaderSize: settings.limits.headers,
      requireHostHeader: false, // ours answers as JSON-RPC
    }, serve)
    : createSecureServer(
      {
        ...certificate.pem,
        allowHTTP1: true,
        maxHeaderSize: settings.limits.headers,
        settings: { maxConcurrentStreams: STREAMS },
      } as Parameters<typeof createSecureServer>[0],
      serve,
    );
  if (certificate === undefined) {
    // HTTP/2 without TLS begins with a preface that the parser of HTTP/1.1 stops at (RFC 9113 §3.3).
    const plainHttp2 = createHttp2Server({ settings: { maxConcurrentStreams: STREAMS } }, serve);
    plainHttp2.on("sessionError", () => {});
    server.on("clientError", (error: ParseError, socket: Socket) => {
      if (error.code !== "HPE_PAUSED_H2_UPGRADE" || error.rawPacket === undefined) {
        return refuseUnparsed(error, socket);
      }
      for (const event of ["data", "end", "error", "drain"]) socket.removeAllListeners(event);
      watch(socket);
      plainHttp2.emit("connection", socket);
      socket.emit("data", error.rawPacket);
      socket.resume();
    });
  } else server.on("clientError", refuseUnparsed);
  server.maxConnections = limit;
  server.on("connection", (socket: Socket) => void peerOf(socket));
  if (certificate !== undefined) server.on("secureConnection", (socket: Socket) => void peerOf(socket));
  // Nothing of a body is asked for before its sender is known to be allowed to send it.
  server.on(
    "checkContinue",
    (incoming: Incoming, outgoing: ServerResponse) => void serve(incoming, outgoing, true),
  );
  server.on("checkExpectation", (_: Incoming, outgoing: ServerResponse) => {
    outgoing.shouldKeepAlive = false;
    write(outgoing, refusal(new RpcError("invalidRequest", "only 100-continue can be expected"), {}, 417));
  });
  server.on("connect", (_: Incoming, socket: Socket) => writeRefusal(socket, 405, "send a POST"));
  for (const event of ["sessionError", "tlsClientError"]) server.on(event, () => {});
  await bind(server, hostname, port);
  const acceptWatch = new AcceptWatch(server, hostname);
  server.on("error", (error: Error) => log.error("the listener: {message}", { message: error.message }));

  const sweep = setInterval(() => {
    sweepPeers(peers, limit, connections);
    certificate?.refresh(server as Http2SecureServer);
    acceptWatch.check();
  }, SWEEP_EVERY);
  Deno.unrefTimer(sweep as unknown as number);

  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address to listen on");
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `${settings.useSsl ? "https" : "http"}://${host}:${address.port}`,
    hears: () => peers.size < limit && !acceptWatch.failed,
    async stop(within) {
      stopping = true;
      clearInterval(sweep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, within);
      for (const peer of peers.values()) if (peer.answering.size === 0) peer.socket.destroy();
      if (underWay > 0) await Promise.race([idle.promise, late.promise]);
      // What was answered last still has to leave.
      while ([...peers.values()].some(isAnswering)) {
        if (await Promise.race([late.promise.then(() => true), soon()])) break;
      }
      for (const { socket } of peers.values()) socket.destroy();
      await Promise.race([closed, soon(200)]);
      clearTimeout(timer);
    },
  };
}

/**
 * Makes sure that connections are accepted. Without a free file descriptor the runtime stops doing so for good and says
 * nothing (Deno 2.9.6), so now and then, where nobody else does, we connect to ourselves, and listen anew if that fails.
 */
class AcceptWatch {
  #accepted = 0;
  #seen = -1;
  #checked = performance.now();
  #failed = -Infinity;

  constructor(readonly server: Server | Http2SecureServer, readonly hostname: string) {
    server.on("connection", () => this.#accepted++);
  }

  /** Whether connections were not accepted a moment ago. */
  get failed(): boolean {
    return performance.now() - this.#failed < 2 * CHECK_EVERY;
  }

  check(): void {
    const now = performance.now();
    if (now - this.#checked < CHECK_EVERY) return;
    this.#checked = now;
    const seen = this.#seen;
    this.#seen = this.#accepted;
    const address = this.server.address();
    if (seen !== this.#accepted || address === null || typeof address === "string") return;
    const host = WILDCARDS[this.hostname] ?? this.hostname;
    const socket = connect({ port: address.port, host });
    const end = (accepted: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      if (!accepted) this.#reopen(address.port);
    };
    // The kernel takes connections that nobody accepts: only the listener's own count tells.
    const timer = setTimeout(() => end(this.#seen !== this.#accepted), ACCEPT_WITHIN);
    Deno.unrefTimer(timer as unknown as number);
    socket.on("error", () => {});
  }

  #reopen(port: number): void {
    this.#failed = performance.now();
    log.error("connections are not accepted, perhaps for lack of file descriptors: listening anew");
    this.server.close();
    this.server.once(
      "error",
      (error: Error) => log.error("cannot listen: {message}", { message: error.message }),
    );
    this.server.listen(port, this.hostname);
  }
}

/** How a listener on all addresses is reached from this machine. */
const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Interval of that check, and the time for the connection to be accepted, in milliseconds. */
const CHECK_EVERY = 2000;
const ACCEPT_WITHIN = 1000;

async function bind(server: Server | Http2SecureServer, hostname: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, hostname, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw new ConfigError(`cannot listen on ${hostname} port ${port}: ${explain(error)}`);
  }
}

function sweepPeers(
  peers: ReadonlyMap<Socket, Peer>,
  limit: number,
  { headerTimeout, idleTimeout, bodyTimeout, sendTimeout }: Settings["connections"],
): void {
  const now = performance.now();
  const crowded = peers.size > CROWDED.fraction * limit;
  const longest = (bodyTimeout + sendTimeout) * 1000;
  for (const peer of peers.values()) {
    for (const outgoing of peer.answering) if (isSent(outgoing)) peer.answering.delete(outgoing);
    const silent = now - peer.since;
    if (peer.answering.size > 0) {
      const unread = [...peer.answering].some((outgoing) => outgoing.writableEnded);
      if (silent > (unread ? sendTimeout * 1000 : longest)) peer.socket.destroy();
    } else if (crowded && silent > CROWDED.idle) peer.socket.destroy();
    // A little later than the server itself, which can say why where it does it.
    else if (silent > (peer.requests === 0 ? headerTimeout : idleTimeout) * 1000 + 2 * SWEEP_EVERY) {
      peer.socket.destroy();
    }
  }
}

function isAnswering(peer: Peer): boolean {
  return [...peer.answering].some((outgoing) => !isSent(outgoing));
}

/**
 * Notes when an answer has been written out entirely. Only the event tells: after a reset `writableFinished` is true of an
 * answer that nobody read (Deno 2.9.6). Over HTTP/2 a stream has finished when the peer's window had room for all of it, and
 * closes, as if in good order, also when its connection goes before that.
 */
function noteWhenSent(outgoing: Outgoing, sent: { entirely: boolean }): void {
  if ("stream" in outgoing) {
    const { stream } = outgoing;
    stream?.once("close", () => sent.entirely = stream.writableFinished && stream.rstCode === 0);
  } else outgoing.once("finish", () => sent.entirely = true);
}

/** Whether an answer needs no more time. */
function isSent(outgoing: Outgoing): boolean {
  if (!("stream" in outgoing)) return outgoing.writableFinished;
  return outgoing.stream === undefined || outgoing.stream.closed;
}

function send(incoming: Incoming, outgoing: Outgoing, answer: HttpAnswer): void {
  if (outgoing.destroyed) return;
  write(outgoing, answer, incoming.method === "HEAD", incoming.httpVersionMajor === 2);
}

function write(
  outgoing: Outgoing,
  { status, body, headers }: HttpAnswer,
  headOnly = false,
  http2 = false,
): void {
  const all: Record<string, string> = { ...COMMON };
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

function requestOf(
  incoming: Incoming,
  { address, connection }: Peer,
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

function socketOf(incoming: Incoming): Socket {
  return "stream" in incoming && incoming.httpVersionMajor === 2
    ? incoming.stream.session?.socket as Socket ?? incoming.socket
    : incoming.socket as Socket;
}

/** An IPv4 address as such, also where it came to an IPv6 listener. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** What the parser says of bytes that are no request; they come along. */
type ParseError = Error & { readonly code?: string; readonly rawPacket?: Uint8Array };

/** What the parser itself refuses is answered like everything else, where the peer still listens. */
function refuseUnparsed(error: ParseError, socket: Socket): void {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    writeRefusal(socket, 408, "the request was not sent in time");
  } else if (error.code === "HPE_HEADER_OVERFLOW") writeRefusal(socket, 431, "the headers are too long");
  else writeRefusal(socket, 400, "this is not an HTTP request");
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

function writeRefusal(socket: Socket, status: number, reason: string): void {
  if (!socket.writable) return void socket.destroy();
  const { body } = refusal(new RpcError("invalidRequest", reason));
  const headers = [
    ...COMMON_HEADERS,
    ["Content-Type", "application/json"],
    ["Content-Length", String(Buffer.byteLength(body!))],
    ["Connection", "close"],
    ...(status === 405 ? [["Allow", "POST, OPTIONS"]] : []),
  ].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${headers}\r\n${body}`);
}

function soon(milliseconds = 10): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
}

function explain(error: unknown): string {
  const message = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" || /AddrInUse|in use/i.test(message) ? "the port is in use" : message;
}
