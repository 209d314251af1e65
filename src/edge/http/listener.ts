import { createServer, type Server } from "node:http";
import { createSecureServer, createServer as createHttp2Server, type Http2SecureServer } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import { StartError } from "../../start_error.ts";
import { mainAddress, type Settings } from "../../config/schema.ts";
import { log } from "../../ops/log.ts";
import { refusal } from "./answer.ts";
import { RpcError } from "../errors.ts";
import type { Handler } from "./message.ts";
import { AcceptWatch } from "./accept_watch.ts";
import { Certificate } from "./certificate.ts";
import { defaultConnectionLimit } from "./connection_limit.ts";
import { RESERVE } from "./crowd.ts";
import {
  type Incoming,
  noteWhenSent,
  type Outgoing,
  passOver,
  requestOf,
  send,
  sessionOf,
  write,
} from "./exchange.ts";
import { CAN_SHARE, quietMoment } from "./shared_port.ts";
import { type Peer, Peers, SWEEP_EVERY } from "./peers.ts";
import { plainAddress } from "./plain_address.ts";
import { type ParseError, refuseConnection, refuseUnparsed, type UnreadObserver } from "./unparsed.ts";

/** A listener that is up. */
export interface Listener {
  /** Where it listens, as a URL. */
  readonly url: string;
  readonly port: number;
  /** Whether connections are taken: if not, servers may call without being heard. */
  readonly hears: () => boolean;
  /** Days until the certificate ends, below 0 once it has; nothing without TLS. */
  readonly certificateDaysLeft: () => number | undefined;
  /**
   * Reads the certificate that these settings name, to be served once the answer is called, which sets the limit of
   * connections and their time-outs too. Where it listens stays.
   *
   * @throws {StartError} naming the file that cannot be used
   */
  prepare(settings: ListenerSettings): () => void;
  /** Connections that are open, and how many may be. */
  readonly connections: () => { readonly open: number; readonly limit: number };
  /**
   * Takes no further connections, and goes on answering on those that are open until their peers end them or they have been
   * idle too long, for so many milliseconds at most. Whoever answers has to ask for new connections (`Connection: close`);
   * those of HTTP/2 are asked here.
   */
  leave(within: number): Promise<void>;
  /** Takes no further requests and finishes those under way, within so many milliseconds. */
  stop(within: number): Promise<void>;
}

/** Somebody else listens there. */
export class PortInUse extends StartError {}
/** What of the configuration concerns the listener. */
export type ListenerSettings = Pick<Settings, "useSsl" | "http" | "https" | "connections" | "limits">;

/** Requests of a connection of HTTP/1.1 whose answers have not left, at most: clients pipeline a few, if any (RFC 9112 §9.3.2). */
const PIPELINED = 64;

/** Streams that a connection of HTTP/2 may have open at a time. */
const STREAMS = 100;

/** Connections above the limit that are accepted, so that one of a crowd can make room: the reserve, and those that end. */
const OVER_LIMIT = 2 * RESERVE;

/**
 * Listens for HTTP/1.1, plain or TLS, and for HTTP/2 over TLS. What a peer does too slowly (send a header or a body, read
 * its answer, say anything at all) ends its connection; the number of connections stays below what the process may open.
 * Why `node:http` and not the runtime's own listener stands in `docs/decisions/`.
 *
 * @param shared port that the process has which this one replaces: both listen there for a moment
 * @param refused told of what is refused without the handler
 * @throws {StartError} where the address or the certificate cannot be used
 */
export async function listen(
  settings: ListenerSettings,
  handler: Handler,
  shared?: number,
  refused: UnreadObserver = () => {},
): Promise<Listener> {
  const { hostname, port } = mainAddress(settings);
  const { connections } = settings;
  const peers = new Peers(connections.limit ?? defaultConnectionLimit(), connections, refused);
  let underWay = 0;
  let stopping = false;
  let leaving = false;
  const idle = Promise.withResolvers<void>();

  const serve = async (incoming: Incoming, outgoing: Outgoing, expects = false): Promise<void> => {
    const session = sessionOf(incoming);
    const peer = session === undefined ? peers.of(incoming.socket as Socket) : peers.ofSession(session);
    if (peer === undefined || peer.socket.destroyed) return;
    peer.forgetSent();
    // Without an end to it, whoever sends and does not read would fill the memory: nothing else holds him up (Deno 2.9.6).
    if (peer.answering.size >= PIPELINED && session === undefined) return void peer.socket.destroy();
    peer.begins(outgoing, incoming);
    outgoing.on("error", () => {});
    incoming.on("error", () => {});
    const sent = { entirely: false };
    const proceed = expects ? () => void outgoing.writeContinue() : undefined;
    const request = requestOf(incoming, peer, () => sent.entirely, proceed);
    underWay++;
    const answer = stopping ? refuseStopping(peer.address) : await handler(request);
    if (answer.status < 300 && answer.toAnybody !== true) peers.proved(peer);
    if (peer.connection.hasOpen) noteWhenSent(outgoing, sent);
    send(incoming, outgoing, answer, () => peer.answered());
    if (leaving) session?.close(); // with HTTP/1, the answer itself asks for another connection
    if (!incoming.complete) passOver(incoming, () => peer.socket.destroy());
    peer.answered();
    if (--underWay === 0 && stopping) idle.resolve();
  };

  const refuseStopping = (address: string) => {
    const error = new RpcError("unavailable", "the gateway is stopping");
    refused(error, address);
    return refusal(error, { Connection: "close" });
  };

  const certificate = settings.useSsl ? new Certificate(settings.https) : undefined;
  const server = certificate === undefined
    ? createServer({
      // Ours (`Peers`) hold over TLS and HTTP/2 too; these also end connections that have changed to HTTP/2 long since.
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 0,
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
  const plainHttp2 = certificate === undefined
    ? createHttp2Server({ settings: { maxConcurrentStreams: STREAMS } }, serve)
    : undefined;
  plainHttp2?.on("sessionError", () => {});
  server.on("clientError", (error: ParseError, socket: Socket) => {
    // HTTP/2 without TLS begins with a preface that the parser of HTTP/1.1 stops at (RFC 9113 §3.3).
    const begins = error.code === "HPE_PAUSED_H2_UPGRADE" ? error.rawPacket : undefined;
    if (plainHttp2 === undefined || begins === undefined) return refuseUnparsed(error, socket, refused);
    for (const event of ["data", "end", "error", "drain"]) socket.removeAllListeners(event);
    peers.watch(socket);
    plainHttp2.emit("connection", socket);
    socket.emit("data", begins);
    socket.resume();
  });
  (server as Server).keepAliveTimeout = 0; // over TLS it is 5 s, whatever the options say (Deno 2.9.6)
  server.maxConnections = peers.limit + OVER_LIMIT;
  if (certificate === undefined) server.on("connection", (socket: Socket) => void peers.of(socket));
  else {
    server.on("connection", (socket: Socket) => peers.handshake(socket));
    server.on("secureConnection", (socket: Socket) => peers.secured(socket));
  }
  // Nothing of a body is asked for before its sender is known to be allowed to send it.
  const expecting = (incoming: Incoming, outgoing: Outgoing) => {
    if (incoming.headers.expect?.toLowerCase() === "100-continue") {
      return void serve(incoming, outgoing, true);
    }
    if ("shouldKeepAlive" in outgoing) outgoing.shouldKeepAlive = false;
    const error = new RpcError("unmetExpectation", "only 100-continue can be expected");
    refused(error, plainAddress(incoming.socket.remoteAddress ?? ""));
    write(outgoing, refusal(error));
  };
  for (const each of plainHttp2 === undefined ? [server] : [server, plainHttp2]) {
    for (const event of ["checkContinue", "checkExpectation"]) each.on(event, expecting);
  }
  server.on(
    "connect",
    (_: Incoming, socket: Socket) => refuseConnection(socket, "notAllowed", "send a POST", refused),
  );
  for (const event of ["sessionError", "tlsClientError"]) server.on(event, () => {});
  await bind(server, hostname, port, shared);
  const acceptWatch = new AcceptWatch(server, hostname, () => peers.open >= peers.limit);
  server.on("error", (error: Error) => log.error("the listener: {message}", { message: error.message }));

  const sweep = setInterval(() => {
    peers.sweep();
    certificate?.refresh(server as Http2SecureServer);
    acceptWatch.check();
  }, SWEEP_EVERY);
  sweep.unref();

  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address to listen on");
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `${settings.useSsl ? "https" : "http"}://${host}:${address.port}`,
    connections: () => ({ open: peers.open, limit: peers.limit }),
    port: address.port,
    certificateDaysLeft: () => certificate?.daysLeft(Date.now()),
    hears: () => !stopping && !leaving && !peers.full && !acceptWatch.failed,
    prepare({ https, connections }) {
      const serve = certificate?.prepare(https);
      return () => {
        serve?.(server as Http2SecureServer);
        peers.configure(connections.limit ?? defaultConnectionLimit(), connections);
        server.maxConnections = peers.limit + OVER_LIMIT;
      };
    },
    async leave(within) {
      leaving = true;
      await quietMoment(server);
      // Not `server.close()` of HTTP, which ends idle connections while a request may be on its way on them.
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
      await Promise.race([closed, soon(within)]);
      clearInterval(sweep);
      for (const { socket } of peers) socket.destroy();
    },
    async stop(within) {
      stopping = true;
      clearInterval(sweep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, within);
      const isBusy = (peer: Peer) => peer.isAnswering || peer.connection.isDelivering;
      for (const peer of peers) if (!isBusy(peer)) peer.socket.destroy();
      if (underWay > 0) await Promise.race([idle.promise, late.promise]);
      // What was answered last still has to leave.
      while ([...peers].some(isBusy)) {
        if (await Promise.race([late.promise.then(() => true), soon()])) break;
      }
      for (const { socket } of peers) socket.destroy();
      await Promise.race([closed, soon(200)]);
      clearTimeout(timer);
    },
  };
}

/**
 * Listens so that a process which takes over can listen beside this one (SO_REUSEPORT). Whoever else is there already is
 * found by listening without that for a moment: two gateways by mistake would share the connections between them.
 */
async function bind(
  server: Server | Http2SecureServer,
  hostname: string,
  wanted: number,
  shared: number | undefined,
): Promise<void> {
  const sharing = shared !== undefined && (wanted === 0 || wanted === shared);
  const port = sharing ? shared : wanted;
  try {
    if (!sharing && port !== 0) Deno.listen({ hostname, port }).close();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: hostname, reusePort: CAN_SHARE }, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const where = `cannot listen on ${hostname} port ${port}`;
    if (isInUse(error)) throw new PortInUse(`${where}: the port is in use`, { cause: error });
    throw new StartError(`${where}: ${messageOf(error)}`, { cause: error });
  }
}

function soon(milliseconds = 10): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}

function isInUse(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" || /AddrInUse|in use/i.test(messageOf(error));
}
