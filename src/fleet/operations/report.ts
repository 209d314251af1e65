import type { Address, RoomId } from "../ids.ts";
import { enable, replaceUsage } from "../servers/availability.ts";
import type { Change } from "../change.ts";
import { replaceForeign, retryIgnoredCloses } from "../rooms/closing.ts";
import { claimRoom, listRoom, type ReportedRoom, unlistRoom } from "../rooms/listing.ts";
import { complain } from "../servers/complaint.ts";
import { followDraining } from "../servers/draining.ts";
import { reported } from "../servers/reported.ts";
import { followGrowth, groupYoungStill, type YoungGroup } from "../state/growth.ts";
import { addRoom, noWorks } from "../learning/mod.ts";
import { addServer, type Model, newName } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";
import { closeRoom } from "../rooms/opening.ts";
import type { Room } from "../state/room.ts";
import { forgetNonsense, plausibleBeside } from "../state/plausible.ts";
import { learnRoomCost } from "../state/room_cost.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Server } from "../state/server.ts";
import type { Count, Usage } from "../state/usage.ts";

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
  const tellsAll = server.figuresWanted && model.shared;
  const told = new Set<YoungGroup>();
  server.figuresWanted = false;
  const works = noWorks();
  const mostPeers = plausibleBeside(input.clients); // a room has no more peers than its server has clients
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
    const before = listRoom(model, server, room, reported, Math.min(reported.peers, mostPeers), now, changes);
    if (model.shared && (room.peers !== before || tellsAll)) {
      figures.push([room.id, room.knownPeers]);
    }
    const { young } = room.group;
    if (tellsAll && young !== undefined && !told.has(young)) {
      told.add(young);
      changes.push(groupYoungStill(room.group, young, now));
    }
    rooms.push(room);
    // What a single room says out of all proportion counts by its square, and the next report shows whether it is true.
    const borne = plausibleBeside(before ?? 0);
    if (room.knownPeers > borne) server.teaches = false;
    addRoom(works, Math.min(room.knownPeers, borne));
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
    if (room.group.server === server && room.report === number - 1) unlistRoom(model, room, now, changes);
  }
  learnRoomCost(model, server, works, now);
  followGrowth(model, server, now, changes);
  replaceForeign(server, foreign, changes);
  if (server.closing.size > 0) retryIgnoredCloses(model, server, input.rooms, now, changes);
  server.rooms = rooms;
  replaceUsage(server, usage);
  if (server.draining !== undefined) followDraining(model, server, input.rooms.length, now, changes);
  server.heardHere = true;
  changes.push(reported(server, figures, model.shared));
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
  server.loadKnown = !Number.isNaN(input.load);
  if (!server.loadKnown) {
    complain(server, "load", "its load is no number; the last one counts", now, changes);
  } else server.load = Math.min(1, Math.max(0, input.load));
  // So many more clients than in the report before are a burst, which the next report shows too, or nonsense.
  const beside = known ? server.clients : peersOf(input);
  const isPlausible = input.clients <= plausibleBeside(beside);
  if (known) forgetNonsense(server, input.clients);
  server.teaches = isPlausible && !Number.isNaN(input.load);
  if (isPlausible) server.counted = input.clients;
  else if (!known) server.counted = beside;
  server.clients = input.clients;
  server.reports++;
  server.reportsAnywhere++;
  server.lastReport = newName(model);
  if (!server.loadKnown) return;
  const typical = model.servers.typicalLoadPerClient(server.pool, now);
  if (server.teaches) server.cost.learn(server.clients, server.load, typical);
  server.reckonLoad(typical);
}

function peersOf({ rooms }: Report): number {
  return rooms.reduce((sum, { peers }) => sum + peers, 0);
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
