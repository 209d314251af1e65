import { groupName, type RoomId } from "../ids.ts";
import type { Grant } from "./grant.ts";
import type { YoungGroup } from "./growth.ts";
import type { Miscounts } from "./miscounts.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";
import type { Usage } from "./usage.ts";

/** Number of the report of a room that its server has not listed, or not in its last report. */
const UNLISTED = 0;

/** Peers of a room that the store knows and no report has shown since the start. */
const UNKNOWN = -1;

/** Whether a room is listed and with how many peers, to be put back later. Two integers: there may be a million rooms. */
export interface Presence {
  readonly report: number;
  readonly peers: number;
}

/** `room.granted` of a room that nobody was granted; long ago, and a small integer. */
const NEVER: Milliseconds = -(2 ** 31);

/** One room by its exact name. It lives where its group lives. Fields are few: there may be a million of these. */
export class Room {
  #peers = 0;
  #report = UNLISTED;
  /** When somebody was last granted a way to the room. */
  granted = NEVER;
  /** Grants not yet seen in a report, by user. */
  grants: Map<string, Grant> | undefined = undefined;

  constructor(readonly name: string, readonly group: Group, public usage: Usage) {}

  /** Whether its server's last report listed it, also one that this gateway has not heard. */
  get listed(): boolean {
    return this.#report !== UNLISTED;
  }

  /** Number of the server's report that last listed it; 0 where it is not listed. */
  get report(): number {
    return this.#report;
  }

  /** Peers in the last report that listed it; nothing where this gateway has not heard that one. */
  get peers(): number | undefined {
    return this.#peers === UNKNOWN ? undefined : this.#peers;
  }

  /** Peers in the last report that listed the room; none where that is not known. */
  get knownPeers(): number {
    return this.#peers === UNKNOWN ? 0 : this.#peers;
  }

  get presence(): Presence {
    return { report: this.#report, peers: this.#peers };
  }

  /** Puts back what it was. */
  set presence({ report, peers }: Presence) {
    this.#report = report;
    this.#peers = peers;
  }

  /** The server's report of this number lists it. */
  listBy(report: number, peers: number): void {
    this.#report = report;
    this.#peers = peers;
  }

  /** A report that this gateway has not heard lists it; that counts as the server's last one. */
  listUnheard(report: number): void {
    this.listBy(report, UNKNOWN);
  }

  /** No report lists it any more. */
  unlist(): void {
    this.listBy(UNLISTED, 0);
  }

  get id(): RoomId {
    return [this.group.namespace.name, this.name];
  }
}

/** An affinity group: the rooms of one namespace that must share a server. Most have a single room. */
export class Group {
  /** How many of its rooms the server's last report listed. */
  listed = 0;
  /** Whether the store knows which server holds the group. Until then, no answer may rely on it. */
  durable = false;
  /** While the group may still grow. */
  young: YoungGroup | undefined = undefined;
  /** Whether this gateway has looked at how old it is, or was told: else `young` says nothing. */
  isWatched = false;
  #first: Room | undefined = undefined;
  #others: Map<string, Room> | undefined = undefined;

  constructor(readonly namespace: Namespace, readonly name: string, public server: Server) {}

  room(name: string): Room | undefined {
    if (this.#first?.name === name) return this.#first;
    return this.#others?.get(name);
  }

  add(room: Room): void {
    if (this.#first === undefined) this.#first = room;
    else (this.#others ??= new Map()).set(room.name, room);
  }

  /** @returns whether it was there */
  delete(room: Room): boolean {
    if (this.#first === room) {
      this.#first = undefined;
      return true;
    }
    if (this.#others?.get(room.name) !== room) return false;
    this.#others.delete(room.name);
    if (this.#others.size === 0) this.#others = undefined;
    return true;
  }

  get empty(): boolean {
    return this.#first === undefined && this.#others === undefined;
  }

  /** Clients in its rooms, as last reported. */
  peers(): number {
    let peers = this.#first === undefined ? 0 : this.#first.knownPeers;
    if (this.#others !== undefined) {
      for (const room of this.#others.values()) peers += room.knownPeers;
    }
    return peers;
  }

  rooms(): Room[] {
    const others = this.#others === undefined ? [] : [...this.#others.values()];
    return this.#first === undefined ? others : [this.#first, ...others];
  }
}

/** A namespace and its groups, by name. */
export class Namespace {
  readonly groups = new Map<string, Group>();
  constructor(readonly name: string) {}
}

/** All groups that are placed on some server, found by namespace and group name. */
export class Groups {
  readonly #namespaces = new Map<string, Namespace>();

  constructor(readonly miscounts: Miscounts) {}

  get(namespace: string, name: string): Group | undefined {
    return this.#namespaces.get(namespace)?.groups.get(name);
  }

  add(namespace: string, name: string, server: Server): Group {
    let space = this.#namespaces.get(namespace);
    if (space === undefined) this.#namespaces.set(namespace, space = new Namespace(namespace));
    const group = new Group(space, name, server);
    space.groups.set(name, group);
    return group;
  }

  delete(group: Group): void {
    const space = group.namespace;
    if (space.groups.get(group.name) !== group) {
      return this.miscounts.tell("groups of a namespace", 0, group, "it ends, and is not there");
    }
    space.groups.delete(group.name);
    if (space.groups.size === 0) this.#namespaces.delete(space.name);
  }

  /** The groups of one namespace. */
  of(namespace: string): Iterable<Group> {
    return this.#namespaces.get(namespace)?.groups.values() ?? [];
  }

  room([namespace, name]: RoomId): Room | undefined {
    return this.get(namespace, groupName(name))?.room(name);
  }

  *[Symbol.iterator](): Generator<Group> {
    for (const space of this.#namespaces.values()) yield* space.groups.values();
  }
}
