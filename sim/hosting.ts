import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Task } from "../src/fleet/mod.ts";

/** A client in a room. */
export interface Peer {
  readonly user: string;
  /** Called when the server throws the peer out. */
  readonly kicked?: ((reason: string) => void) | undefined;
}

/** What a room token says, once it is verified. */
export interface RoomTokenClaims {
  readonly uid: string;
  readonly cid: string;
  readonly rid: string | readonly string[];
  readonly nsp: string;
  readonly adr: string;
  readonly sub: string;
  readonly aud: string;
  readonly nbf: number;
  readonly exp: number;
}

/** A room that a simulated server hosts. */
export class HostedRoom {
  readonly peers = new Set<Peer>();
  readonly opened = performance.now();
  userData: readonly number[] = [];

  constructor(readonly id: readonly [string, string], readonly customer: string) {}
}

/** The rooms of a simulated server: who is in, who is banned, and what tasks do to them. */
export class Hosting {
  readonly rooms = new Map<string, HostedRoom>();
  /** Tasks in the order in which they came. */
  readonly tasks: Task[] = [];
  readonly #bans = new Map<string, number>();
  #keys: readonly { kid: string; key: KeyObject }[] = [];

  /** @param address as the server's tokens must name it */
  constructor(readonly address: string) {}

  get clients(): number {
    let peers = 0;
    for (const room of this.rooms.values()) peers += room.peers.size;
    return peers;
  }

  /** Takes the keys that tokens may be signed with, as JWK. */
  trust(keys: readonly { kid: string; kty: string; crv: string; x: string }[]): void {
    this.#keys = keys.map(({ kid, kty, crv, x }) => ({
      kid,
      key: createPublicKey({ key: { kty, crv, x }, format: "jwk" }),
    }));
  }

  /** @throws {Error} where the token is not for this server, not now, or not signed by a key it knows */
  verify(token: string): RoomTokenClaims {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const { alg, kid } = JSON.parse(Buffer.from(header, "base64url").toString());
    const key = this.#keys.find((known) => known.kid === kid)?.key;
    if (alg !== "EdDSA" || key === undefined) throw new Error("token of an unknown key");
    if (!verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"))) {
      throw new Error("token with a wrong signature");
    }
    const claims: RoomTokenClaims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const now = Date.now() / 1000;
    if (claims.adr !== this.address) throw new Error(`token for ${claims.adr}`);
    if (claims.aud !== "sfu" || claims.sub !== "connect") throw new Error("token for something else");
    if (now > claims.exp + 5 || now < claims.nbf - 5) throw new Error("token for another time");
    return claims;
  }

  /**
   * Lets a client into a room of its token; the first one opens it.
   *
   * @throws {Error} where the token does not name the room, or it or the user is banned
   */
  join(claims: RoomTokenClaims, name: string, peer: Peer): HostedRoom {
    if (![claims.rid].flat().includes(name)) throw new Error("token for another room");
    const id = [claims.nsp, name] as const;
    if (this.#banned(key(id)) || this.#banned(key(id, claims.uid))) throw new Error("banned");
    let room = this.rooms.get(key(id));
    if (room === undefined) this.rooms.set(key(id), room = new HostedRoom(id, claims.cid));
    room.peers.add(peer);
    return room;
  }

  /** The peer leaves; the last one closes the room. */
  leave(room: HostedRoom, peer: Peer): void {
    room.peers.delete(peer);
    if (room.peers.size === 0 && this.rooms.get(key(room.id)) === room) this.rooms.delete(key(room.id));
  }

  /** Does what the gateway says. */
  carryOut(task: Task): void {
    this.tasks.push(task);
    const room = this.rooms.get(key(task.id));
    switch (task.task) {
      case "RoomClose":
        this.#ban(key(task.id), task.ban_time);
        this.rooms.delete(key(task.id));
        for (const peer of room?.peers ?? []) peer.kicked?.("room closed");
        return;
      case "RoomUpdate":
        if (room !== undefined) room.userData = task.user_data;
        return;
      case "RoomBanClient":
        this.#ban(key(task.id, task.user_id), task.ban_time);
        for (const peer of room?.peers ?? []) {
          if (peer.user !== task.user_id) continue;
          this.leave(room!, peer);
          peer.kicked?.("banned");
        }
        return;
      case "RoomSendMessage":
        return;
    }
  }

  #ban(who: string, { secs, nanos }: { secs: number; nanos: number }): void {
    this.#bans.set(who, performance.now() + secs * 1000 + nanos / 1e6);
  }

  #banned(who: string): boolean {
    return (this.#bans.get(who) ?? 0) > performance.now();
  }
}

function key(id: readonly [string, string], user?: string): string {
  return JSON.stringify(user === undefined ? id : [...id, user]);
}
