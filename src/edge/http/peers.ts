import type { Socket } from "node:net";
import type { Settings } from "../../config/schema.ts";
import { networkOf } from "../../ops/caller_network.ts";
import { log } from "../../ops/log.ts";
import { Connection } from "./connection.ts";
import { Crowd, RESERVE } from "./crowd.ts";
import { type Incoming, isSent, type Outgoing } from "./exchange.ts";
import { plainAddress } from "./plain_address.ts";
import { refuseConnection, type UnreadObserver } from "./unparsed.ts";

/** Interval at which connections are looked at, in milliseconds. */
export const SWEEP_EVERY = 1000;

/**
 * Above this fraction of the limit, connections make room: those that are idle for so many milliseconds, and those whose
 * request has been coming for that long with fewer bytes than this in an interval.
 */
const CROWDED = { fraction: 0.9, idle: 2000, bytes: 1024 };

/** What a server may say to a connection that it closes (RFC 9110 §15.5.9). */
const GOODBYE = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** A connection with what it is doing, so that one that does nothing can be ended. */
export class Peer {
  readonly connection = new Connection();
  /** IP address that it came from; kept, because a socket that is gone has none. */
  readonly address: string;
  readonly network: string;
  /** Address and port that it came from. */
  readonly far: string;
  /** Requests whose answers have not been written out, by their answers. */
  readonly answering = new Map<Outgoing, Incoming>();
  /** When it last began or ended something, on the monotonic clock. */
  since = performance.now();
  requests = 0;
  /** Since when a header has been coming, after a request that was answered. */
  headerSince: number | undefined;
  isHttp2 = false;
  isProved = false;
  #bytes = 0;
  #ending = false;

  constructor(readonly socket: Socket, readonly refused: UnreadObserver = () => {}) {
    this.address = plainAddress(socket.remoteAddress ?? "");
    this.network = networkOf(this.address);
    this.far = farEnd(socket);
  }

  get isAnswering(): boolean {
    this.forgetSent();
    return this.answering.size > 0;
  }

  forgetSent(): void {
    for (const outgoing of this.answering.keys()) if (isSent(outgoing)) this.answering.delete(outgoing);
  }

  /** A request has come, with its header. */
  begins(outgoing: Outgoing, incoming: Incoming): void {
    this.requests++;
    this.headerSince = undefined;
    this.since = performance.now();
    this.answering.set(outgoing, incoming);
  }

  /** A request has been answered; what comes from now on is the next one. */
  answered(): void {
    this.since = performance.now();
    this.progress();
  }

  /** Bytes that have come since the last time. */
  progress(): number {
    const before = this.#bytes;
    this.#bytes = this.socket.bytesRead;
    return this.#bytes - before;
  }

  /** Whether all that it does is to send a request. */
  get isSending(): boolean {
    if (this.answering.size === 0) {
      return this.headerSince !== undefined || (this.requests === 0 && this.socket.bytesRead > 0);
    }
    return [...this.answering].every(([outgoing, incoming]) => !incoming.complete && !outgoing.writableEnded);
  }

  /** Whether a request is being worked on, or its answer is being read. */
  get isServed(): boolean {
    return this.isAnswering && !this.isSending;
  }

  /** Ends it for being late; one that is amid a request is told. */
  end(): void {
    if (this.#ending || this.isHttp2 || !this.isSending) return void this.socket.destroy();
    this.#ending = true; // the next time for good
    refuseConnection(this.socket, "tooSlow", "the request was not sent in time", this.refused);
  }
}

/** All connections: how many there may be, and which of them are ended. */
export class Peers implements Iterable<Peer> {
  readonly #peers = new Map<Socket, Peer>();
  /** Over HTTP/2 requests name a socket that stands for the connection's own: they are found by their session. */
  readonly #sessions = new WeakMap<object, Peer>();
  readonly #byFarEnd = new Map<string, Peer>();
  readonly #crowd = new Crowd<Peer>();
  /** Those that have made room, and are not gone yet. */
  readonly #going = new Set<Peer>();
  /** Connections on which TLS has not been agreed on, by their far end. */
  readonly #handshakes = new Map<string, { readonly socket: Socket; readonly since: number }>();
  readonly #broken = new WeakSet<Socket>();
  #told = -Infinity;

  constructor(
    public limit: number,
    public timeouts: Settings["connections"],
    readonly refused: UnreadObserver = () => {},
  ) {}

  /** From now on these hold; connections above a lower limit go as further ones come. */
  configure(limit: number, timeouts: Settings["connections"]): void {
    this.limit = limit;
    this.timeouts = timeouts;
  }

  [Symbol.iterator](): Iterator<Peer> {
    return this.#peers.values();
  }

  get full(): boolean {
    return this.#peers.size >= this.limit;
  }

  /** Connections that are open, those that are being agreed on included. */
  get open(): number {
    return this.#peers.size + this.#handshakes.size;
  }

  /** A connection begins that is to be agreed on TLS. */
  handshake(socket: Socket): void {
    const far = farEnd(socket);
    this.#handshakes.set(far, { socket, since: performance.now() });
    if (this.open > this.limit + RESERVE) this.#endOldestHandshake();
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#handshakes.get(far)?.socket === socket) this.#handshakes.delete(far);
    });
  }

  /** A connection whose handshake has ended well. */
  secured(socket: Socket): void {
    this.#handshakes.delete(farEnd(socket));
    this.of(socket);
  }

  /** The peer of a session of HTTP/2, whose connection is known by its far end. */
  ofSession(session: { readonly socket?: unknown }): Peer | undefined {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const peer = this.#byFarEnd.get(farEnd(session.socket as Socket));
    if (peer === undefined) return undefined;
    this.#sessions.set(session, peer);
    peer.isHttp2 = true;
    return peer;
  }

  of(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known !== undefined) return known;
    const peer = new Peer(socket, this.refused);
    this.#add(peer);
    this.watch(socket);
    socket.on("close", (hadError?: boolean) => {
      this.#remove(peer);
      peer.connection.ended(this.#broken.has(socket) || hadError === true);
    });
    // The peer ends its side. If it has left something unread its reset is here too, but only a write shows it.
    socket.prependListener("end", () => {
      if (!peer.connection.hasOpen || !socket.writable) return;
      socket.write(GOODBYE, (error) => {
        if (error instanceof Error) this.#broken.add(socket);
      });
    });
    this.#makeRoom(peer);
    return peer;
  }

  /** Notes that it breaks. */
  watch(socket: Socket): void {
    socket.on("error", () => this.#broken.add(socket));
  }

  /** A request on it was answered with success that not everybody has: who makes it is no stranger. */
  proved(peer: Peer): void {
    if (peer.isProved) return;
    peer.isProved = true;
    this.#crowd.prove(peer);
  }

  /** Ends the connections that are late with something; if there are many, those that do nothing. */
  sweep(): void {
    const now = performance.now();
    const crowded = this.#peers.size > CROWDED.fraction * this.limit;
    for (const peer of this.#peers.values()) {
      const progress = peer.progress();
      if (peer.isAnswering) peer.headerSince = undefined;
      else if (progress > 0 && peer.requests > 0 && !peer.isHttp2) peer.headerSince ??= now;
      const silent = now - (peer.headerSince ?? peer.since);
      if (silent > this.#patience(peer)) peer.end();
      else if (!crowded || silent <= CROWDED.idle) continue;
      else if (!peer.isAnswering || (peer.isSending && progress < CROWDED.bytes)) peer.socket.destroy();
    }
    for (const { socket, since } of this.#handshakes.values()) {
      const patience = this.open > CROWDED.fraction * this.limit
        ? CROWDED.idle
        : this.timeouts.headerTimeout * 1000;
      if (now - since > patience) socket.destroy();
    }
  }

  /** Ends the handshake that has taken longest: one that means well takes milliseconds. */
  #endOldestHandshake(): void {
    this.#tellLimit();
    this.#handshakes.values().next().value?.socket.destroy();
  }

  /** One goes if there are too many. */
  #makeRoom(newcomer: Peer): void {
    const over = this.#peers.size - this.#going.size - this.limit;
    if (over <= 0) return;
    this.#tellLimit();
    const goes = this.#crowd.whoGoes(newcomer, over);
    if (goes === undefined) return;
    this.#crowd.remove(goes); // it is gone in the next turn, and the next newcomer may come before
    this.#going.add(goes);
    goes.socket.destroy();
  }

  #tellLimit(): void {
    if (performance.now() - this.#told < 60_000) return;
    this.#told = performance.now();
    log.warning(
      "{limit} connections are open, the limit: of further ones, those of the network with most are closed, strangers' first",
      { limit: this.limit },
    );
  }

  /** Milliseconds that the peer may take for what it is doing. */
  #patience(peer: Peer): number {
    const { headerTimeout, idleTimeout, bodyTimeout, sendTimeout } = this.timeouts;
    if (peer.isAnswering) {
      const unread = [...peer.answering.keys()].some((outgoing) => outgoing.writableEnded);
      if (unread) return sendTimeout * 1000;
      return (peer.isSending ? bodyTimeout : bodyTimeout + sendTimeout) * 1000;
    }
    return (peer.requests === 0 || peer.headerSince !== undefined ? headerTimeout : idleTimeout) * 1000;
  }

  #add(peer: Peer): void {
    this.#peers.set(peer.socket, peer);
    this.#byFarEnd.set(peer.far, peer);
    this.#crowd.add(peer);
  }

  #remove(peer: Peer): void {
    if (!this.#peers.delete(peer.socket)) return;
    if (this.#byFarEnd.get(peer.far) === peer) this.#byFarEnd.delete(peer.far);
    this.#crowd.remove(peer);
    this.#going.delete(peer);
  }
}

function farEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
