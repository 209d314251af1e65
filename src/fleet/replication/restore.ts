import type { Placement } from "../facts.ts";
import { groupName } from "../ids.ts";
import { ClientCost } from "../learning/mod.ts";
import { followLeave, keepPlace } from "../rooms/leaving.ts";
import { awaitListing, markListedUnheard } from "../rooms/presence.ts";
import { countUsage } from "../servers/availability.ts";
import { addServer, type Model } from "../state/model.ts";
import { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Count, Usage } from "../state/usage.ts";
import { skipNumber } from "../tasks/numbering.ts";
import type { Milliseconds } from "../time.ts";
import {
  type Snapshot,
  type SnapshotPiece,
  type StoredRoom,
  type StoredServer,
  type StoredTask,
  usageOf,
} from "./snapshot.ts";

/** A restored task waits at least this long for its server: the wall clock may have jumped while nobody looked. */
const TASK_GRACE: Milliseconds = 600_000;

/** Fills an empty model at once: what {@link Restorer} does piece by piece. O(all that is stored). */
export function restore(model: Model, snapshot: Snapshot, now: Milliseconds): void {
  const restorer = new Restorer(model, now);
  restorer.take(snapshot);
  for (const _ of restorer.finish());
}

/**
 * Fills an empty model piece by piece. Servers that were alive count as alive until their disable timeout has passed from
 * `now`, so that a restart moves no room. What belongs to a server or a group that has not come before is left out.
 */
export class Restorer {
  readonly #model: Model;
  readonly #now: Milliseconds;
  /** What the servers reported last. */
  readonly #usage = new Map<Server, StoredServer["usage"]>();

  constructor(model: Model, now: Milliseconds) {
    this.#model = model;
    this.#now = now;
  }

  /** O(piece) */
  take({ servers, placements, rooms, bans, kinds, tasks }: SnapshotPiece): void {
    for (const server of servers ?? []) this.#server(server);
    for (const placement of placements ?? []) this.#placement(placement);
    for (const room of rooms ?? []) this.#room(room);
    for (const ban of bans ?? []) this.#model.bans.set(ban, this.#now);
    for (const kind of kinds ?? []) this.#model.kinds.restore(kind);
    for (const task of tasks ?? []) this.#task(task);
  }

  /** Counts what the servers reported, once all is there; to be run to its end. A step is O(rooms of a server). */
  *finish(): Generator<void, void, void> {
    for (const [server, sums] of this.#usage) {
      server.usage = asFarAsListed(usageOf(this.#model, sums), server.rooms);
      if (server.enabled) countUsage(server, 1);
      yield;
    }
  }

  #server(stored: StoredServer): void {
    const server = addServer(this.#model, stored.address, stored.pool, stored.firstSeen);
    server.version = stored.version;
    server.lastReport = stored.report ?? ""; // nobody else asks for one of a gateway that is alone
    server.load = stored.load;
    server.clients = stored.clients;
    server.liveness.heard(this.#now);
    server.reports = 1;
    if (stored.enabled) server.liveness.begin(); // what it uses is counted at the end
    server.intake.want(stored);
    server.cost = new ClientCost(stored.cost);
    server.loadPerClient = server.cost.perClient(server.loadPerClient);
    server.steadyLoad = stored.load;
    this.#model.servers.sort(server);
    this.#usage.set(server, stored.usage);
  }

  #placement({ namespace, group: name, server: address, leave }: Placement): void {
    const server = this.#model.servers.get(address);
    if (server === undefined) return;
    const group = this.#model.groups.add(namespace, name, server);
    group.durable = true;
    server.groups++;
    if (!this.#model.shared) return;
    if (leave === undefined) keepPlace(this.#model, group); // until a room of it comes
    else followLeave(this.#model, group, leave, this.#now);
  }

  #room({ namespace, name, customer, listed }: StoredRoom): void {
    const model = this.#model;
    const group = model.groups.get(namespace, groupName(name));
    if (group === undefined) return;
    const room = new Room(name, group, model.usage.refer(customer));
    group.add(room);
    model.leaving.delete(group);
    model.rooms++;
    room.granted = this.#now; // perhaps, a moment before the process ended: tokens for it may be about
    if (listed) markListedUnheard(model, room);
    else awaitListing(model, room, this.#now);
  }

  #task({ server, task, order }: StoredTask): void {
    const its = this.#model.servers.get(server);
    if (its === undefined) return;
    // Whatever the wall clock says, a task gets its chance after a restart.
    const grace = Math.min(TASK_GRACE, this.#model.settings.taskLifetime);
    its.tasks.add({ ...task, expires: Math.max(task.expires, this.#now + grace) }, order);
    skipNumber(this.#model, task.sequence);
  }
}

/**
 * What a server reported last, without the rooms that have left it since: of each customer, its share of them.
 *
 * @param rooms those that are listed
 */
export function asFarAsListed(sums: Map<Usage, Count>, rooms: readonly Room[]): Map<Usage, Count> {
  const listed = Map.groupBy(rooms, ({ usage }) => usage);
  for (const [usage, { peers, rooms }] of sums) {
    const left = listed.get(usage)?.length ?? 0; // none is listed any more
    if (left === 0) sums.delete(usage);
    else if (left < rooms) sums.set(usage, { peers: Math.ceil(peers * left / rooms), rooms: left });
  }
  return sums;
}
