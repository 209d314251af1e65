import type { Placement } from "../facts.ts";
import { groupName } from "../ids.ts";
import { ClientCost } from "../learning/mod.ts";
import { followLeave, keepPlace } from "../rooms/leaving.ts";
import { addGroup, addRoom, releaseGroup, removeRoom } from "../rooms/opening.ts";
import { awaitListing, markListedUnheard } from "../rooms/presence.ts";
import { countUsage } from "../servers/availability.ts";
import { addServer, type Model } from "../state/model.ts";
import { type Group, Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Count, Usage } from "../state/usage.ts";
import { followHandOver } from "../tasks/hand_over.ts";
import { skipNumber } from "../tasks/numbering.ts";
import { takeTask } from "../tasks/waiting.ts";
import type { Milliseconds } from "../time.ts";
import {
  type Snapshot,
  type SnapshotPiece,
  type StoredRoom,
  storedRoom,
  type StoredServer,
  type StoredTask,
  usageOf,
} from "./snapshot.ts";
import type { StoredKey } from "./stored_key.ts";

/** A restored task waits at least this long for its server: the wall clock may have jumped while nobody looked. */
const TASK_GRACE: Milliseconds = 600_000;

/** Fills an empty model at once: what {@link Restorer} does piece by piece. O(all that is stored). */
export function restore(model: Model, snapshot: Snapshot, now: Milliseconds): void {
  const restorer = new Restorer(model, now);
  restorer.take(snapshot);
  for (const _ of restorer.finish(now));
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

  /** O(piece), and O(groups) where a server has gone. */
  take(piece: SnapshotPiece): void {
    const { changed = [], servers = [], placements = [], rooms = [] } = piece;
    const { bans = [], kinds = [], names = [], tasks = [] } = piece;
    const left = this.#takeOut(changed, servers);
    for (const server of servers) this.#server(server);
    for (const placement of placements) this.#placement(placement);
    for (const room of left) this.#room(room);
    for (const room of rooms) this.#room(room);
    for (const ban of bans) this.#model.bans.set(ban, this.#now);
    for (const kind of kinds) this.#model.kinds.restore(kind);
    for (const name of names) this.#model.names.restore(name);
    for (const task of tasks) this.#task(task);
    for (const handOver of piece.handOvers ?? []) followHandOver(this.#model, handOver, this.#now);
  }

  /**
   * Counts what the servers reported, once all is there; to be run to its end. A step is O(rooms of a server).
   *
   * @param now somebody may have been granted a way to each of the rooms until then
   */
  *finish(now: Milliseconds): Generator<void, void, void> {
    for (const [server, sums] of this.#usage) {
      for (const rooms of [server.rooms, server.unlisted]) for (const room of rooms) room.granted = now;
      server.usage = asFarAsListed(usageOf(this.#model, sums), server.rooms);
      if (server.enabled) countUsage(server, 1);
      yield;
    }
  }

  #server(stored: StoredServer): void {
    const { address, pool, firstSeen } = stored;
    const server = this.#model.servers.get(address) ?? addServer(this.#model, address, pool, firstSeen);
    server.version = stored.version;
    server.lastReport = stored.report ?? ""; // nobody else asks for one of a gateway that is alone
    server.load = stored.load;
    server.clients = server.counted = stored.clients;
    server.liveness.heard(this.#now);
    server.reports = 1;
    if (stored.enabled) server.liveness.begin(); // what it uses is counted at the end
    else server.liveness.end();
    server.intake.want(stored);
    server.cost = new ClientCost(stored.cost);
    server.loadPerClient = server.cost.perClient(server.loadPerClient);
    server.steadyLoad = server.cost.steadyLoad(stored.clients, stored.load, server.loadPerClient);
    this.#model.servers.sort(server, pool);
    this.#usage.set(server, stored.usage);
  }

  #placement({ namespace, group: name, server: address, leave }: Placement): void {
    const server = this.#model.servers.get(address);
    if (server === undefined) return;
    const group = addGroup(this.#model, namespace, name, server);
    group.durable = true;
    if (leave === undefined) keepPlace(this.#model, group); // until a room of it comes
    else followLeave(this.#model, group, leave, this.#now);
  }

  #room({ namespace, name, customer, listed }: StoredRoom): void {
    const model = this.#model;
    const group = model.groups.get(namespace, groupName(name));
    if (group === undefined) return;
    const room = new Room(name, group, model.usage.refer(customer));
    addRoom(model, room);
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

  /** @returns the rooms that have not changed, of groups that have: these go to wherever their group is now */
  #takeOut(changed: readonly StoredKey[], servers: Iterable<StoredServer>): StoredRoom[] {
    if (changed.length === 0) return [];
    const model = this.#model;
    const firstSeen = new Map(Array.from(servers, (server) => [server.address, server.firstSeen]));
    const gone = new Set<Server>();
    for (const key of changed) {
      if (key[0] !== "rooms") continue;
      const room = model.groups.room([key[1], key[2]]);
      if (room !== undefined) removeRoom(model, room);
    }
    const left: StoredRoom[] = [];
    for (const key of changed) {
      switch (key[0]) {
        case "servers": {
          const server = model.servers.get(key[1]);
          if (server !== undefined && server.firstSeen !== firstSeen.get(key[1])) gone.add(server);
          break;
        }
        case "placements": {
          const group = model.groups.get(key[1], key[2]);
          if (group !== undefined) left.push(...this.#removeGroup(group));
          break;
        }
        case "bans": {
          const [, namespace, room, user] = key;
          model.bans.set(
            { room: [namespace, room], user: user === "" ? undefined : user, until: -Infinity },
            this.#now,
          );
          break;
        }
        case "kinds":
          model.kinds.restore({ namespace: key[1], template: key[2], sizes: undefined });
          break;
        case "names":
          model.names.restore({ high: key[1], low: key[2], known: undefined });
          break;
        case "tasks":
          takeTask(model, key[1]);
          break;
        case "rooms":
          break;
        default:
          key satisfies never;
      }
    }
    this.#removeServers(gone);
    for (const server of model.servers) server.rooms = server.rooms.filter((room) => server.holds(room));
    return left;
  }

  #removeGroup(group: Group): StoredRoom[] {
    const rooms = group.rooms();
    const stored = rooms.map(storedRoom);
    for (const room of rooms) removeRoom(this.#model, room);
    releaseGroup(this.#model, group);
    return stored;
  }

  /** With all that they have: what is left of that is of no server. */
  #removeServers(gone: ReadonlySet<Server>): void {
    if (gone.size === 0) return;
    for (const group of this.#model.groups) if (gone.has(group.server)) this.#removeGroup(group);
    for (const server of gone) {
      for (const task of [...server.tasks]) server.tasks.delete(task);
      this.#model.servers.delete(server);
      this.#usage.delete(server);
    }
  }
}

/**
 * What a server reported last, with the rooms that are listed now: without those that have left it since, of each customer
 * their share; those that have come count without peers until the next report.
 *
 * @param rooms those that are listed
 */
export function asFarAsListed(sums: Map<Usage, Count>, rooms: readonly Room[]): Map<Usage, Count> {
  const listed = Map.groupBy(rooms, ({ usage }) => usage);
  for (const [usage, { peers, rooms }] of sums) {
    const left = listed.get(usage)?.length ?? 0; // none is listed any more
    if (left === 0) sums.delete(usage);
    else sums.set(usage, { peers: Math.ceil(peers * Math.min(1, left / rooms)), rooms: left });
  }
  return sums;
}
