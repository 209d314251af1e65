/**
 * Walks through what there is, one entry at a time, for lists that are shown page by page: a walk stands still between
 * two pages, and the model goes on changing meanwhile. What is there from the first page to the last is met; what has
 * moved since may be met twice.
 *
 * @module
 */
import type { Ban } from "../facts.ts";
import type { Address, RoomId } from "../ids.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { QueuedTask, Task } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import { type CustomerUsage, usageOfCustomer } from "./look.ts";
import { type KindInfo, kindInfo, type RoomInfo, roomInfo, type ServerInfo, serverInfo } from "./info.ts";

/** Yields what fits, and undefined for what was looked at and does not, so that whoever walks can count his steps. */
export type Walk<Item> = Iterator<Item | undefined, void, void>;

/** Which rooms are meant; each member that is given narrows it. */
export interface RoomFilter {
  readonly namespace?: string | undefined;
  readonly customer?: string | undefined;
  readonly server?: Address | undefined;
  /** What the room's name begins with. */
  readonly prefix?: string | undefined;
}

/** Looks only at the server's own rooms, or the namespace's, where one is given; else at all. */
export function* walkRooms(model: Model, filter: RoomFilter): Generator<RoomInfo | undefined, void, void> {
  const { namespace, customer, server, prefix = "" } = filter;
  for (const room of server === undefined ? roomsOf(model, namespace) : roomsOn(model, server)) {
    const fits = (namespace === undefined || room.group.namespace.name === namespace) &&
      (customer === undefined || room.usage.customer === customer) && room.name.startsWith(prefix);
    yield fits ? roomInfo(room) : undefined;
  }
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

export function* walkServers(
  model: Model,
  { pool, state }: ServerFilter,
): Generator<ServerInfo | undefined, void, void> {
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
  for (const server of model.servers) {
    yield (pool === undefined || server.pool === pool) && isIn(server) ? serverInfo(server) : undefined;
  }
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

export function* walkBans(
  model: Model,
  filter: BanFilter,
  now: () => Milliseconds,
): Generator<Ban | undefined, void, void> {
  const { namespace, customer, room, user, by } = filter;
  for (const ban of model.bans.values()) {
    const fits = ban.until > now() &&
      (namespace === undefined || ban.room[0] === namespace) &&
      (room === undefined || ban.room[1] === room) &&
      (user === undefined || ban.user === user) &&
      (by === undefined || ban.by === by) &&
      (customer === undefined || (ban.customer ?? ban.room[0]) === customer);
    yield fits ? ban : undefined;
  }
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

export function* walkTasks(
  model: Model,
  filter: TaskFilter,
): Generator<TaskInfo | undefined, void, void> {
  const { server, namespace, room, customer } = filter;
  for (const each of server === undefined ? model.servers : knownServer(model, server)) {
    for (const task of [...each.tasks]) {
      const fits = each.tasks.has(task) &&
        (namespace === undefined || task.room[0] === namespace) &&
        (room === undefined || task.room[1] === room) &&
        (customer === undefined || task.customer === customer);
      yield fits ? taskInfo(each, task) : undefined;
    }
  }
}

function knownServer(model: Model, address: Address): readonly Server[] {
  const server = model.servers.get(address);
  return server === undefined ? [] : [server];
}

function taskInfo(server: Server, task: QueuedTask): TaskInfo {
  const { sequence, kind, room, customer, json, expires } = task;
  const state = server.handOvers.stateOf(task);
  return { sequence, kind, server: server.address, room, customer, size: json.length, expires, state };
}

/** Which kinds are meant; an empty namespace stands for what is known of all rooms. */
export interface KindFilter {
  readonly namespace?: string | undefined;
}

export function* walkKinds(
  model: Model,
  { namespace }: KindFilter,
): Generator<KindInfo | undefined, void, void> {
  // A kind that is used becomes the newest: a walk through what there is now could go on for ever.
  for (const [kind, sizes] of [...model.kinds]) {
    yield namespace === undefined || kind.namespace === namespace ? kindInfo(model, kind, sizes) : undefined;
  }
}

/** Which customers are meant. */
export interface CustomerFilter {
  /** What the customer's id begins with. */
  readonly prefix?: string | undefined;
}

/** Those who use something now, whether or not they are in the list of customers. */
export function* walkCustomers(
  model: Model,
  { prefix = "" }: CustomerFilter,
): Generator<CustomerUsage | undefined, void, void> {
  for (const { customer } of model.usage.values()) {
    yield customer.startsWith(prefix) ? usageOfCustomer(model, customer) : undefined;
  }
}
