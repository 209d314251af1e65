import { type Address, groupName, type RoomId } from "../ids.ts";
import { enable, replaceUsage } from "../servers/availability.ts";
import type { Change } from "../change.ts";
import { collide, endClosing, replaceForeign, retryIgnoredCloses } from "../rooms/closing.ts";
import { complain } from "../servers/complaint.ts";
import { followDraining } from "../servers/draining.ts";
import { reported } from "../servers/reported.ts";
import { endGrants } from "../state/grant.ts";
import { expectGrowth, followGrowth, groupYoung, kindOf, knownOf, YoungGroup } from "../state/growth.ts";
import { addRoom, noWorks, type Works } from "../learning/mod.ts";
import { addServer, type Model, newName } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";
import { closeRoom, moveGroup, openRoom, placeGroup } from "../rooms/opening.ts";
import { linger, markListed, roomChanged, stopAwaiting } from "../rooms/presence.ts";
import type { Group, Room } from "../state/room.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Server } from "../state/server.ts";
import type { Duration } from "../task.ts";
import type { Count, Usage } from "../state/usage.ts";

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
  /** 0 (idle) to 1 (full); clamped to that. NaN where it is not known: the last known one stays. */
  readonly load: number;
  readonly clients: number;
  readonly rooms: readonly ReportedRoom[];
}

/** Rooms that are taken in between two pauses of a long report. */
const SLICE = 1000;

/**
 * A room cannot have more peers than its server has clients, but the two are not counted at one moment: this many times
 * as many, and some more, pass.
 */
const PLAUSIBLE = { factor: 2, peers: 100 };

/** Reports in a row that came within half an interval of each other, after which two servers may share an address. */
const EARLY_REPORTS = 5;

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
  const slices = reportInSlices(model, input, now);
  while (true) {
    const { done, value } = slices.next();
    if (done) return { refused: value.refused, changes: joined(changes, value.changes) };
    joined(changes, value);
  }
}

function joined(changes: Change[], further: readonly Change[]): Change[] {
  for (const change of further) changes.push(change);
  return changes;
}

/**
 * The same in slices of {@link SLICE} rooms, so that a report of very many rooms lets other operations pass. Each yields
 * what changed since the one before. Two reports of one server must not be taken in at once.
 */
export function* reportInSlices(
  model: Model,
  input: Report,
  now: Milliseconds,
): Generator<Change[], { refused: boolean; changes: Change[] }> {
  let changes: Change[] = [];
  const server = model.servers.get(input.address) ?? appear(model, input, now, changes);
  if (server === undefined) return { refused: true, changes };
  revive(model, server, input, now, changes);

  const before = server.rooms;
  const number = server.reports;
  const rooms: Room[] = [];
  const foreign = new Map<string, RoomId>();
  const usage = new Map<Usage, Count>();
  const figures: [RoomId, number][] = [];
  const works = noWorks();
  const mostPeers = PLAUSIBLE.factor * input.clients + PLAUSIBLE.peers;
  let count: Count = { peers: 0, rooms: 0 };
  let counted: Usage | undefined;
  let sinceYield = 0;
  /** @returns whether the server is still there when it goes on */
  function* pause(): Generator<Change[], boolean> {
    yield changes;
    changes = [];
    sinceYield = 0;
    return model.servers.get(input.address) === server;
  }
  const gone = () => {
    closeListed(model, server, rooms, now, changes);
    return { refused: false, changes };
  };
  for (const reported of input.rooms) {
    if (++sinceYield > SLICE && !(yield* pause())) return gone();
    const room = claimRoom(model, server, reported, now, changes);
    if (room === undefined) {
      foreign.set(scopedKey(reported.id), reported.id);
      continue;
    }
    if (room.report === number) continue;
    if (reported.peers > mostPeers) {
      const what = `it reports ${reported.peers} peers in a room and ${input.clients} clients in all; ` +
        `counted as ${mostPeers}`;
      complain(server, "peers", what, now, changes);
    }
    const before = list(model, server, room, reported, Math.min(reported.peers, mostPeers), now, changes);
    if (model.shared && room.group.young !== undefined && room.peers !== before) {
      figures.push([room.id, room.knownPeers]);
    }
    rooms.push(room);
    addRoom(works, room.knownPeers);
    if (room.usage !== counted) {
      counted = room.usage;
      const known = usage.get(counted);
      if (known === undefined) usage.set(counted, count = { peers: 0, rooms: 0 });
      else count = known;
    }
    count.peers += room.knownPeers;
    count.rooms++;
  }
  for (const room of before) {
    if (++sinceYield > SLICE && !(yield* pause())) return gone();
    if (room.group.server === server && room.report === number - 1) unlist(model, room, now, changes);
  }
  learnWork(model, server, works, input.load, now);
  followGrowth(model, server, now, changes);
  replaceForeign(server, foreign, changes);
  if (server.closing.size > 0) retryIgnoredCloses(model, server, input.rooms, now, changes);
  server.rooms = rooms;
  replaceUsage(server, usage);
  if (server.draining !== undefined) followDraining(model, server, input.rooms.length, now, changes);
  server.heardHere = true;
  changes.push(reported(server, figures));
  return { refused: false, changes };
}

function appear(model: Model, input: Report, now: Milliseconds, changes: Change[]): Server | undefined {
  if (model.servers.size >= model.settings.limits.servers) return undefined;
  const server = addServer(model, input.address, input.pool, now);
  server.loadPerClient = model.servers.typicalLoadPerClient(input.pool, now);
  const { address, pool, version } = input;
  changes.push({ type: "server-appeared", server: address, pool, version });
  return server;
}

function revive(model: Model, server: Server, input: Report, now: Milliseconds, changes: Change[]): void {
  const known = server.reports > 0;
  if (!server.enabled) {
    if (known) changes.push({ type: "server-enabled", server: server.address });
    enable(model, server);
  }
  if (known) watch(model, server, input, now, changes);
  model.servers.sort(server, input.pool);
  server.version = input.version;
  server.liveness.heard(now);
  if (Number.isNaN(input.load)) {
    complain(server, "load", "its load is no number; the last one counts", now, changes);
  } else server.load = Math.min(1, Math.max(0, input.load));
  server.clients = input.clients;
  server.reports++;
  server.reportsAnywhere++;
  server.lastReport = newName(model);
  if (Number.isNaN(input.load)) return;
  const typical = model.servers.typicalLoadPerClient(server.pool, now);
  server.cost.learn(server.clients, server.load, typical);
  server.loadPerClient = server.cost.perClient(typical);
  server.steadyLoad = server.cost.steadyLoad(server.clients, server.load, typical);
}

/** What the server's rooms come to, and what that costs it. */
function learnWork(model: Model, server: Server, works: Works, reported: number, now: Milliseconds): void {
  server.works = works;
  if (Number.isNaN(reported) || works[0] === 0) return;
  const { load, clients, workFit, workCosts } = server;
  workFit.learn(works, load);
  const ofClient = model.servers.typicalLoadPerClient(server.pool, now);
  const others = (work: number) => ofClient * clients / work;
  for (const [i, work] of works.entries()) workCosts[i]!.learn(work, load, others(work));
  const { which } = model.roomCost;
  if (which === 0) return;
  const [cost, work] = [workCosts[which]!, works[which]!];
  server.loadPerWork = cost.perClient(others(work));
  server.steadyLoad = cost.steadyLoad(work, load, others(work));
}

/** Two servers may have been given one address, or one server two pools. */
function watch(model: Model, server: Server, input: Report, now: Milliseconds, changes: Change[]): void {
  if (input.pool !== server.pool) {
    const what = `it reported in pool ${server.pool} and reports in pool ${input.pool} now`;
    complain(server, "pool", what, now, changes);
  }
  server.early = now - server.lastSeen < model.settings.updateInterval / 2 ? server.early + 1 : 0;
  if (server.early < EARLY_REPORTS) return;
  server.early = 0;
  const what = "it reports more than twice as often as it should; do two servers have this address?";
  complain(server, "early", what, now, changes);
}

/** The room in the model, if this server is the one to hold it; else the server is told to close it. */
function claimRoom(
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
    if (holder.retainsGroups && (group.listed > 0 || reported.peers === 0 || server.intake.evicting)) {
      collide(model, id, customer, holder, server, now, changes);
      return undefined;
    }
    const promised = holder.enabled ? group.rooms() : [];
    moveGroup(model, group, server, changes, true);
    model.explanations.delete(group);
    for (const room of promised) {
      collide(model, room.id, room.usage.customer, server, holder, now, changes);
    }
  }
  const room = group.room(name) ?? openRoom(model, group, name, customer, true, changes);
  if (server.foreign.size > 0 && server.foreign.has(scopedKey(id))) endClosing(server, id, changes);
  return room;
}

function list(
  model: Model,
  server: Server,
  room: Room,
  reported: ReportedRoom,
  peers: number,
  now: Milliseconds,
  changes: Change[],
): number | undefined {
  const changed = room.usage.customer !== reported.customer;
  if (changed) changeCustomer(model, room, reported.customer);
  if (room.group.listed === 0 || room.peers === undefined) {
    startTracking(model, room.group, reported.age, peers, now, changes);
  }
  const { listed, peers: before } = room;
  const awaited = !listed && model.unlisted.has(room);
  if (!listed) markListed(model, room);
  room.listBy(server.reports, peers);
  if (awaited || changed) changes.push(roomChanged(room));
  if (before === undefined) return;
  const users = endGrants(model, room, peers - before);
  if (model.shared && users.length > 0) {
    changes.push({ type: "grants-ended", room: room.id, server: server.address, users });
  }
  return before;
}

/** Another customer opened the room; grants of the one before end. */
function changeCustomer(model: Model, room: Room, customer: string): void {
  endGrants(model, room);
  stopAwaiting(model, room);
  model.usage.release(room.usage);
  room.usage = model.usage.refer(customer);
}

/** A group that is seen for the first time may be in its first minutes, and still grow. */
function startTracking(
  model: Model,
  group: Group,
  age: Duration | undefined,
  peers: number,
  now: Milliseconds,
  changes: Change[],
): void {
  const since = age === undefined ? now : now - (age.secs * 1000 + age.nanos / 1e6);
  if (group.young !== undefined || now - since >= model.settings.placement.growthWindow) return;
  const kind = kindOf(group.namespace.name, group.name);
  const young = new YoungGroup(kind, knownOf(model, kind, group.name), since, peers, now);
  young.grewTo = peers; // whenever that was
  expectGrowth(group, young);
  if (model.shared) changes.push(groupYoung(group, now - since, peers));
}

/** The server was removed while its report was taken in: the rooms that the report has shown so far go as well. */
function closeListed(
  model: Model,
  server: Server,
  rooms: readonly Room[],
  now: Milliseconds,
  changes: Change[],
): void {
  for (const room of rooms) {
    if (server.holds(room)) closeRoom(model, room, now, changes);
  }
}

/** The server no longer hosts the room. While somebody holds a token for it there, it is still the one that will. */
function unlist(model: Model, room: Room, now: Milliseconds, changes: Change[]): void {
  const { from, to } = model.deaf;
  // Who came while nobody could be heard may be shown by the next report, although this one is older.
  const unheard = room.granted < to ? to - Math.max(from, room.granted) : 0;
  if (now - room.granted - unheard >= model.settings.tokenLifetime) {
    closeRoom(model, room, now, changes, true);
  } else linger(model, room, now, changes);
}
