/**
 * What people ask about one server, one room or one customer. Nothing here looks at all rooms.
 *
 * @module
 */
import type { Ban } from "../facts.ts";
import type { Address, RoomId } from "../ids.ts";
import type { Model } from "../state/model.ts";
import type { Count } from "../state/usage.ts";
import type { Milliseconds } from "../time.ts";
import { type RoomInfo, roomInfo, type ServerInfo, serverInfo } from "./info.ts";

/** Of a server, so many customers are shown, those with the most peers; and of a customer, so many servers. */
const SHOWN = 100;

/** What is known of one server. */
export interface ServerDetail<Time extends number = Milliseconds> extends ServerInfo<Time> {
  /** Load without the noise of a single report. */
  readonly steadyLoad: number;
  /** Groups that it holds, granted ones included. */
  readonly groups: number;
  /** Rooms that it holds and lists no more, or not yet. */
  readonly unlistedRooms: number;
  /** Rooms that it lists and another server holds: it is told to close them. */
  readonly foreignRooms: number;
  /** Rooms that it was told to close and still lists. */
  readonly closingRooms: number;
  /** Characters of JSON of the tasks that wait. */
  readonly taskBytes: number;
  /** Whether the deadline for draining has passed. */
  readonly evicting: boolean;
  /** What it reported of each customer, the largest first. */
  readonly customers: readonly (Readonly<Count> & { readonly customer: string })[];
  readonly furtherCustomers: number;
}

/** O(customers on the server). */
export function lookAtServer(model: Model, address: Address): ServerDetail | undefined {
  const server = model.servers.get(address);
  if (server === undefined) return undefined;
  const customers = Array.from(
    server.usage,
    ([{ customer }, { peers, rooms }]) => ({ customer, peers, rooms }),
  )
    .sort((a, b) => b.peers - a.peers || b.rooms - a.rooms);
  return {
    ...serverInfo(server),
    steadyLoad: server.steadyLoad,
    groups: server.groups,
    unlistedRooms: server.unlisted.size,
    foreignRooms: server.foreign.size,
    closingRooms: server.closing.size,
    taskBytes: server.tasks.bytes,
    evicting: server.intake.evicting,
    customers: customers.slice(0, SHOWN),
    furtherCustomers: Math.max(0, customers.length - SHOWN),
  };
}

/** Where a room is, and what keeps people out of it. */
export interface RoomDetail extends RoomInfo {
  /** Whether its server's last report has listed it; else it is granted, or its place is kept for a while. */
  readonly listed: boolean;
}

export function lookAtRoom(model: Model, id: RoomId): RoomDetail | undefined {
  const room = model.groups.room(id);
  return room && { ...roomInfo(room), listed: room.listed };
}

/** The ban of exactly this room, or of exactly this user in it, that is in force. */
export function lookAtBan(
  model: Model,
  room: RoomId,
  user: string | undefined,
  now: Milliseconds,
): Ban | undefined {
  const ban = model.bans.get(room, user);
  return ban !== undefined && ban.until > now ? ban : undefined;
}

/** What a customer uses now. */
export interface CustomerUsage {
  readonly customer: string;
  readonly reported: Readonly<Count>;
  readonly granted: Readonly<Count>;
}

export function usageOfCustomer(model: Model, customer: string): CustomerUsage {
  const usage = model.usage.get(customer);
  const { reported, granted } = usage ?? { reported: NONE, granted: NONE };
  return { customer, reported: { ...reported }, granted: { ...granted } };
}

const NONE: Count = { peers: 0, rooms: 0 };

/** Servers on which a customer has something. */
export interface ServersOfCustomer {
  readonly servers: readonly (Readonly<Count> & { readonly server: Address })[];
  readonly further: number;
}

/** Those with the most of its peers first. O(servers). */
export function serversOfCustomer(model: Model, customer: string): ServersOfCustomer {
  const usage = model.usage.get(customer);
  const found: (Count & { server: Address })[] = [];
  if (usage !== undefined) {
    for (const server of model.servers) {
      const count = server.usage.get(usage);
      if (count !== undefined) found.push({ server: server.address, peers: count.peers, rooms: count.rooms });
    }
  }
  found.sort((a, b) => b.peers - a.peers || b.rooms - a.rooms);
  return { servers: found.slice(0, SHOWN), further: Math.max(0, found.length - SHOWN) };
}
