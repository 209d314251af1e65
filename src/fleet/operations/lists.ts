/**
 * The lists of what there is, which people see page by page: what is in them, what it is told apart and sorted by, and how
 * it is shown. The model goes on changing while somebody reads.
 *
 * @module
 */
import type { Ban } from "../facts.ts";
import type { Address, RoomId } from "../ids.ts";
import type { Kind, Sizes } from "../learning/mod.ts";
import { holder } from "../rooms/opening.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Usage } from "../state/usage.ts";
import type { QueuedTask, Task } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import { type CustomerUsage, usageOfCustomer } from "./look.ts";
import { type KindInfo, kindInfo, type RoomInfo, roomInfo, type ServerInfo, serverInfo } from "./info.ts";

/** What tells an entry from all others of its list, the same at all gateways. Those of one list are alike in their parts. */
export type Key = readonly (string | number)[];

/** A list with its filter. */
export interface List<Entry, Item> {
  /**
   * All that may be in it, in no order. Whoever reads may pause between two entries: what is there all the time is met, what
   * moves meanwhile may be met twice.
   */
  entries(): Iterable<Entry>;
  /** Whether the filter means it. */
  fits(entry: Entry): boolean;
  /** What the list is sorted by. */
  keyOf(entry: Entry): Key;
  /** The entry of the same key that is there now, if any. */
  now(entry: Entry): Entry | undefined;
  show(entry: Entry): Item;
}

/** Which rooms are meant; each member that is given narrows it. */
export interface RoomFilter {
  readonly namespace?: string | undefined;
  readonly customer?: string | undefined;
  readonly server?: Address | undefined;
  /** What the room's name begins with. */
  readonly prefix?: string | undefined;
}

/** Looks only at the server's own rooms, or the namespace's, where one is given; else at all. */
export function roomList(model: Model, filter: RoomFilter): List<Room, RoomInfo> {
  const { namespace, customer, server, prefix } = filter;
  return {
    entries: () => server === undefined ? roomsOf(model, namespace) : roomsOn(model, server),
    fits: (room) =>
      (namespace === undefined || room.group.namespace.name === namespace) &&
      (customer === undefined || room.usage.customer === customer) &&
      (server === undefined || room.group.server.address === server) &&
      (prefix === undefined || room.name.startsWith(prefix)), // of a million rooms, none has to be touched for its name
    keyOf: (room) => room.id,
    now: (room) => model.groups.room(room.id),
    show: roomInfo,
  };
}

function* roomsOf(model: Model, namespace: string | undefined): Generator<Room> {
  for (const group of namespace === undefined ? model.groups : model.groups.of(namespace)) {
    yield* group.rooms();
  }
}

function* roomsOn(model: Model, address: Address): Generator<Room> {
  const server = model.servers.get(address);
  if (server === undefined) return;
  // As they are at the first step: a room that is listed, or no longer listed, meanwhile is met all the same, and once.
  const there = [[...server.unlisted], server.rooms];
  for (const rooms of there) {
    for (const room of rooms) if (server.holds(room)) yield room;
  }
}

/** Which servers are meant. */
export interface ServerFilter {
  readonly pool?: string | undefined;
  readonly state?: "open" | "silent" | "draining" | undefined;
}

export function serverList(model: Model, { pool, state }: ServerFilter): List<Server, ServerInfo> {
  const isIn = (server: Server) => {
    switch (state) {
      case undefined:
        return true;
      case "open":
        return server.closedBecause === undefined;
      case "silent":
        return !server.enabled;
      case "draining":
        return server.draining !== undefined;
    }
  };
  return {
    entries: () => model.servers,
    fits: (server) => (pool === undefined || server.pool === pool) && isIn(server),
    keyOf: ({ address }) => [address],
    now: ({ address }) => model.servers.get(address),
    show: serverInfo,
  };
}

/** Which bans are meant; each member that is given narrows it. */
export interface BanFilter {
  readonly namespace?: string | undefined;
  readonly customer?: string | undefined;
  readonly room?: string | undefined;
  readonly user?: string | undefined;
  /** The key, or the operator, that asked for it. */
  readonly by?: string | undefined;
}

/** @param now by which bans end */
export function banList(model: Model, filter: BanFilter, now: () => Milliseconds): List<Ban, Ban> {
  const { namespace, customer, room, user, by } = filter;
  return {
    entries: () => model.bans.values(),
    fits: (ban) =>
      ban.until > now() &&
      (namespace === undefined || ban.room[0] === namespace) &&
      (room === undefined || ban.room[1] === room) &&
      (user === undefined || ban.user === user) &&
      (by === undefined || ban.by === by) &&
      (customer === undefined || (ban.customer ?? ban.room[0]) === customer),
    keyOf: ({ room, user = "" }) => [...room, user], // no user is called that
    now: ({ room, user }) => model.bans.get(room, user),
    show: (ban) => ban,
  };
}

/** Which tasks are meant; each member that is given narrows it. */
export interface TaskFilter {
  readonly server?: Address | undefined;
  readonly namespace?: string | undefined;
  readonly room?: string | undefined;
  readonly customer?: string | undefined;
}

/** A task that waits for its server, without what it carries. */
export interface TaskInfo<Time extends number = Milliseconds> {
  readonly sequence: number;
  readonly kind: Task["task"];
  readonly server: Address;
  readonly room: RoomId;
  readonly customer: string;
  /** Characters of JSON. */
  readonly size: number;
  readonly expires: Time;
  /** Not handed over yet; in an answer of which nothing is known yet; or in one of which nothing will be known. */
  readonly state: "waiting" | "handed over" | "unproven";
}

/** A task, and the server that it waits for. */
export interface WaitingTask {
  readonly server: Server;
  readonly task: QueuedTask;
}

export function taskList(model: Model, filter: TaskFilter): List<WaitingTask, TaskInfo> {
  const { server, namespace, room, customer } = filter;
  return {
    entries: () => waitingTasks(server === undefined ? model.servers : knownServer(model, server)),
    fits: ({ task, server: { address } }) =>
      (server === undefined || address === server) &&
      (namespace === undefined || task.room[0] === namespace) &&
      (room === undefined || task.room[1] === room) &&
      (customer === undefined || task.customer === customer),
    keyOf: ({ task }) => [task.sequence],
    // A task moves with the group of its room.
    now: ({ server: { address }, task: { sequence, room } }) =>
      waitingAt(model, address, sequence) ?? waitingAt(model, holder(model, ...room), sequence),
    show: taskInfo,
  };
}

function* waitingTasks(servers: Iterable<Server>): Generator<WaitingTask, void, void> {
  for (const server of servers) {
    for (const task of [...server.tasks]) yield { server, task };
  }
}

function waitingAt(model: Model, address: Address | undefined, sequence: number): WaitingTask | undefined {
  const server = address === undefined ? undefined : model.servers.get(address);
  const task = server?.tasks.get(sequence);
  return server && task && { server, task };
}

function knownServer(model: Model, address: Address): readonly Server[] {
  const server = model.servers.get(address);
  return server === undefined ? [] : [server];
}

function taskInfo({ server, task }: WaitingTask): TaskInfo {
  const { sequence, kind, room, customer, json, expires } = task;
  const state = server.handOvers.stateOf(task);
  return { sequence, kind, server: server.address, room, customer, size: json.length, expires, state };
}

/** Which kinds are meant; an empty namespace stands for what is known of all rooms. */
export interface KindFilter {
  readonly namespace?: string | undefined;
}

/** A kind, and what was learned of it. */
export interface LearnedSizes {
  readonly kind: Kind;
  readonly sizes: Sizes;
}

export function kindList(model: Model, { namespace }: KindFilter): List<LearnedSizes, KindInfo> {
  return {
    // A kind that is used becomes the newest: to go through what there is now could last for ever.
    entries: () => Array.from(model.kinds, ([kind, sizes]) => ({ kind, sizes })),
    fits: ({ kind }) => namespace === undefined || kind.namespace === namespace,
    keyOf: ({ kind: { namespace, template } }) => [namespace, template],
    now: ({ kind }) => {
      const sizes = model.kinds.sizesOf(kind);
      return sizes && { kind, sizes };
    },
    show: ({ kind, sizes }) => kindInfo(model, kind, sizes),
  };
}

/** Which customers are meant. */
export interface CustomerFilter {
  /** What the customer's id begins with. */
  readonly prefix?: string | undefined;
}

/** Those who use something now, whether or not they are in the list of customers. */
export function usageList(model: Model, { prefix = "" }: CustomerFilter): List<Usage, CustomerUsage> {
  return {
    entries: () => model.usage.values(),
    fits: ({ customer }) => customer.startsWith(prefix),
    keyOf: ({ customer }) => [customer],
    now: ({ customer }) => model.usage.get(customer),
    show: ({ customer }) => usageOfCustomer(model, customer),
  };
}
