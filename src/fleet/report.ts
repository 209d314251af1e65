import { enable, replaceUsage } from "./availability.ts";
import type { Change } from "./change.ts";
import { followDraining } from "./draining.ts";
import { endGrants } from "./grant.ts";
import { expectGrowth, followGrowth, kindOf, YoungGroup } from "./growth.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { awaitListing, closeRoom, enlist, moveGroup, openRoom, placeGroup } from "./opening.ts";
import { type Group, groupName, type Room, type RoomId, UNKNOWN, UNLISTED } from "./room.ts";
import { type Address, Server } from "./server.ts";
import { type Duration, duration, endTasksWithoutRoom, enqueue, insistOnClosing, isClosing } from "./task.ts";
import type { Count, Usage } from "./usage.ts";

/** A room as its server reports it. */
export interface ReportedRoom {
  readonly id: RoomId;
  readonly customer: string;
  readonly peers: number;
  /** How long the room has been open. */
  readonly age?: Duration | undefined;
}

/** What a server reports; it replaces all that was known of the server's rooms. */
export interface Report {
  readonly address: Address;
  readonly pool: string;
  readonly version: string;
  /** 0 (idle) to 1 (full); clamped to that. */
  readonly load: number;
  readonly clients: number;
  readonly rooms: readonly ReportedRoom[];
}

/**
 * Takes in a server's report: the server is alive, hosts these rooms, and may be chosen from now on. O(its rooms).
 *
 * @returns `refused` where one more server would exceed the limit; else what changed
 */
export function report(
  model: Model,
  input: Report,
  now: Milliseconds,
): { refused: boolean; changes: Change[] } {
  const changes: Change[] = [];
  const server = model.servers.get(input.address) ?? appear(model, input, now, changes);
  if (server === undefined) return { refused: true, changes };
  revive(model, server, input, now, changes);

  const before = server.rooms;
  const rooms: Room[] = [];
  const usage = new Map<Usage, Count>();
  let count: Count = { peers: 0, rooms: 0 };
  let counted: Usage | undefined;
  for (const reported of input.rooms) {
    const room = take(model, server, reported, now, changes);
    if (room === undefined || room.report === server.reports) continue;
    list(model, server, room, reported, now, changes);
    rooms.push(room);
    if (room.usage !== counted) {
      counted = room.usage;
      const known = usage.get(counted);
      if (known === undefined) usage.set(counted, count = { peers: 0, rooms: 0 });
      else count = known;
    }
    count.peers += room.peers;
    count.rooms++;
  }
  for (const room of before) {
    if (room.group.server === server && room.report === server.reports - 1) unlist(model, room, now, changes);
  }
  followGrowth(model, server, now);
  if (server.closing.size > 0) insistOnClosing(model, server, input.rooms, now, changes);
  if (server.tasks.length > 0) changes.push(...endTasksWithoutRoom(model, server));
  server.rooms = rooms;
  replaceUsage(server, usage);
  if (server.draining !== undefined) followDraining(model, server, now, changes);
  changes.push(reported(server));
  return { refused: false, changes };
}

function reported({ address, pool, version, load, clients, cost, usage }: Server): Change {
  const sums = Array.from(usage, ([{ customer }, { peers, rooms }]) => ({ customer, peers, rooms }));
  return {
    type: "server-reported",
    server: address,
    pool,
    version,
    load,
    clients,
    cost: cost.stored(),
    usage: sums,
  };
}

function appear(model: Model, input: Report, now: Milliseconds, changes: Change[]): Server | undefined {
  if (model.servers.size >= model.settings.limits.servers) return undefined;
  const server = new Server(input.address, input.pool, now);
  server.loadPerClient = model.servers.typicalLoadPerClient(input.pool, now);
  model.servers.add(server);
  const { address, pool, version } = input;
  changes.push({ type: "server-appeared", server: address, pool, version });
  return server;
}

function revive(model: Model, server: Server, input: Report, now: Milliseconds, changes: Change[]): void {
  if (!server.enabled) {
    if (server.reports > 0) changes.push({ type: "server-enabled", server: server.address });
    enable(model, server);
  }
  model.servers.sort(server, input.pool);
  server.version = input.version;
  server.lastSeen = now;
  server.load = Math.min(1, Math.max(0, input.load));
  server.clients = input.clients;
  server.reports++;
  const typical = model.servers.typicalLoadPerClient(server.pool, now);
  server.cost.learn(server.clients, server.load, typical);
  server.loadPerClient = server.cost.perClient(typical);
  server.steadyLoad = server.cost.steadyLoad(server.clients, server.load, typical);
}

/** The room in the model, if this server is the one to hold it; else the server is told to close it. */
function take(
  model: Model,
  server: Server,
  reported: ReportedRoom,
  now: Milliseconds,
  changes: Change[],
): Room | undefined {
  const { id, customer } = reported;
  const [namespace, name] = id;
  let group = model.groups.get(namespace, groupName(name));
  if (group === undefined) {
    group = placeGroup(model, id, server, changes);
    model.explanations.delete(group);
  } else if (group.server !== server) {
    const holder = group.server;
    // The holder stays, unless it is silent or to be empty, or has nothing but a grant while peers are in the newcomer's room.
    if (holder.keeps && (group.listed > 0 || reported.peers === 0 || server.vacating)) {
      collide(model, id, holder, server, now, changes);
      return undefined;
    }
    const promised = holder.enabled ? group.rooms() : [];
    moveGroup(model, group, server, changes);
    model.explanations.delete(group);
    for (const room of promised) collide(model, room.id, server, holder, now, changes);
  }
  return group.room(name) ?? openRoom(model, group, name, customer, true, changes);
}

function collide(
  model: Model,
  room: RoomId,
  holder: Server,
  loser: Server,
  now: Milliseconds,
  changes: Change[],
): void {
  changes.push({ type: "collision", room, holder: holder.address, loser: loser.address });
  if (isClosing(loser, room)) return;
  const interval = duration(model.settings.updateInterval / 1000);
  enqueue(model, loser, { task: "RoomClose", id: room, ban_time: interval }, now, changes);
}

function list(
  model: Model,
  server: Server,
  room: Room,
  reported: ReportedRoom,
  now: Milliseconds,
  changes: Change[],
): void {
  if (room.usage.customer !== reported.customer) {
    endGrants(model, room);
    model.usage.release(room.usage);
    room.usage = model.usage.refer(reported.customer);
  }
  if (room.group.listed === 0 || room.peers === UNKNOWN) meet(model, room.group, reported, now);
  if (room.report === UNLISTED) {
    if (model.unlisted.delete(room)) {
      const { id, usage: { customer } } = room;
      changes.push({ type: "room-opened", room: id, customer, server: server.address, listed: true });
    }
    enlist(room);
  }
  room.report = server.reports;
  if (room.peers !== UNKNOWN) endGrants(model, room, reported.peers - room.peers);
  room.peers = reported.peers;
}

/** A group that is seen for the first time may be in its first minutes, and still grow. */
function meet(model: Model, group: Group, { age, peers }: ReportedRoom, now: Milliseconds): void {
  const since = age === undefined ? now : now - (age.secs * 1000 + age.nanos / 1e6);
  if (group.young !== undefined || now - since >= model.settings.placement.growthWindow) return;
  const kind = kindOf(group.namespace.name, group.name);
  const known = model.kinds.know(kind);
  expectGrowth(group, new YoungGroup(kind, known, since, known.expectedSize(peers, now)));
}

/** The server no longer hosts the room. While somebody holds a token for it there, it is still the one that will. */
function unlist(model: Model, room: Room, now: Milliseconds, changes: Change[]): void {
  if (now - room.granted >= model.settings.tokenLifetime) {
    closeRoom(model, room, now, changes);
    return;
  }
  room.group.listed--;
  room.report = UNLISTED;
  room.peers = 0;
  if (room.grants !== undefined) room.usage.granted.rooms++;
  awaitListing(model, room, now);
}
