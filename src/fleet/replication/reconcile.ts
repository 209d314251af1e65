import type { Change } from "../change.ts";
import type { Ban, Draining } from "../facts.ts";
import { type Address, groupName } from "../ids.ts";
import { isListedByOthers, isThere } from "./follow_room.ts";
import { opened } from "../rooms/opening.ts";
import { roomChanged } from "../rooms/presence.ts";
import { replaceUsage } from "../servers/availability.ts";
import { reported } from "../servers/reported.ts";
import type { Model } from "../state/model.ts";
import { ownGrants } from "../state/grant.ts";
import type { Group, Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";
import { asFarAsListed } from "./restore.ts";
import { type SnapshotPiece, type StoredServer, usageOf } from "./snapshot.ts";

/** The store keeps times by another clock: one that comes from it may be off by so much. */
const ROUNDING: Milliseconds = 100;

/**
 * Brings a model that may have missed something to what the store has, piece by piece: what is there comes as changes to be
 * followed; what has not come by the end is not there any more.
 */
export class Reconciler {
  readonly #model: Model;
  readonly #seen = new Set<Server | Group | Room | string | number>();
  /** Ids of the hand-overs whose fate is open. */
  readonly #handOvers = new Set<number>();
  readonly #usage = new Map<Address, StoredServer["usage"]>();
  /** Servers of which the store is to be told what they reported, once it has been told of their rooms. */
  readonly #untold = new Set<Server>();
  /** What the store is to be told. */
  readonly #told: Change[] = [];

  constructor(model: Model) {
    this.#model = model;
  }

  /** @returns the piece as changes; each is to be followed before the next piece is taken. O(piece) */
  changesOf(
    { servers, placements, rooms, bans, kinds, names, tasks, handOvers }: SnapshotPiece,
  ): Change[] {
    const changes: Change[] = [];
    for (const server of servers ?? []) changes.push(...this.#server(server));
    for (const { leave, ...placement } of placements ?? []) {
      changes.push({ type: "group-placed", ...placement });
      if (leave !== undefined) changes.push({ type: "group-leaving", ...placement, leave });
    }
    for (const { namespace, name, customer, listed } of rooms ?? []) {
      const group = this.#model.groups.get(namespace, groupName(name));
      if (group === undefined) continue;
      const { server } = group;
      const room = group.room(name);
      // What only this gateway has heard of a server lately holds, as do its sums.
      if (server.untold && room !== undefined) {
        if (room.listed !== listed || room.usage.customer !== customer) this.#told.push(opened(room));
        continue;
      }
      const stored: Change = {
        ...{ type: "room-opened", room: [namespace, name], customer, server: server.address },
        listed: listed && !server.untold, // others may have opened it since: until the next report it is awaited
      };
      if (stored.listed !== listed) this.#told.push(stored);
      changes.push(stored);
    }
    for (const ban of bans ?? []) {
      this.#seen.add(banKey(ban));
      changes.push({ type: "banned", ban });
    }
    for (const kind of kinds ?? []) this.#model.kinds.restore(kind);
    for (const name of names ?? []) this.#model.names.restore(name);
    for (const { server, task, order } of tasks ?? []) {
      this.#seen.add(task.sequence);
      const known = this.#model.servers.get(server)?.tasks.get(task.sequence);
      if (known === undefined) changes.push({ type: "task-queued", server, task, order });
    }
    for (const handOver of handOvers ?? []) {
      this.#handOvers.add(handOver.id);
      const its = this.#model.servers.get(handOver.server)?.handOvers;
      if (its?.isOpen(handOver.id) === false) changes.push({ type: "handed-over", ...handOver });
    }
    return changes;
  }

  /** The piece has been followed. */
  followed({ servers, placements, rooms }: SnapshotPiece): void {
    const { groups, servers: known } = this.#model;
    for (const { address } of servers ?? []) this.#note(known.get(address));
    for (const { namespace, group } of placements ?? []) this.#note(groups.get(namespace, group));
    for (const { namespace, name } of rooms ?? []) this.#note(groups.room([namespace, name]));
  }

  /**
   * Everything has come: what ends, as changes to be followed. Rooms that this gateway heard of itself are told of instead.
   * O(model)
   *
   * @returns `ended`, to be followed; `told`, to be committed
   */
  finish(): { readonly ended: Change[]; readonly told: Change[] } {
    const ended: Change[] = [];
    const told = this.#told;
    const { groups, bans, servers } = this.#model;
    for (const group of groups) {
      const { namespace: { name: namespace }, name, server } = group;
      if (!this.#seen.has(group)) {
        ended.push({ type: "group-released", namespace, group: name, server: server.address });
        continue;
      }
      for (const room of group.rooms()) {
        told.push(...ownGrants(room.grants?.values() ?? []));
        if (this.#seen.has(room)) continue;
        if (!isThere(room)) ended.push({ type: "room-closed", room: room.id, server: server.address });
        else if (isListedByOthers(room)) {
          ended.push({ ...roomChanged(room), listed: false });
          told.push({ ...opened(room), listed: false });
        } else told.push(opened(room));
      }
    }
    for (const ban of bans.values()) {
      if (!this.#seen.has(banKey(ban))) ended.push({ type: "ban-ended", ban, lifted: true });
    }
    for (const { tasks } of servers) {
      for (const { sequence } of tasks) {
        if (!this.#seen.has(sequence)) ended.push({ type: "task-ended", sequence });
      }
    }
    for (const { address: server, handOvers } of servers) {
      for (const { id, own } of handOvers.open) {
        // Its gateway has told its fate; what of it still waits has not got through.
        if (!own && !this.#handOvers.has(id)) {
          ended.push({ type: "hand-over-ended", server, id, fate: "lost" });
        }
      }
    }
    for (const server of servers) {
      if (this.#seen.has(server) || server.heardHere) continue;
      ended.push({ type: "server-removed", server: server.address, report: server.lastReport });
    }
    for (const server of this.#untold) {
      if (servers.get(server.address) !== server) continue;
      told.push(reported(server, [], true));
      server.untold = false; // from now on others tell of it what comes later
    }
    told.push({ type: "figures-wanted" });
    return { ended, told };
  }

  /** Counts what servers reported, once everything else is as it is to be. O(rooms that are listed) */
  recount(): void {
    for (const [address, sums] of this.#usage) {
      const server = this.#model.servers.get(address);
      if (server === undefined) continue;
      server.rooms = server.listedRooms;
      // What was told of single rooms meanwhile is not known.
      if (!server.heardHere) { for (const room of server.rooms) room.listUnheard(room.report); }
      replaceUsage(server, asFarAsListed(usageOf(this.#model, sums), server.rooms));
    }
  }

  #note(seen: Server | Group | Room | undefined): void {
    if (seen !== undefined) this.#seen.add(seen);
  }

  #server(stored: StoredServer): Change[] {
    const { address: server, pool, version, load, clients, cost, usage, weight, draining, enabled } = stored;
    const { report = "" } = stored; // one that no gateway has named
    const changes: Change[] = [];
    const known = this.#model.servers.get(server);
    if (known === undefined) changes.push({ type: "server-appeared", server, pool, version });
    if (known?.untold === true) this.#untold.add(known);
    else {
      this.#usage.set(server, usage);
      if (known?.lastReport !== report) {
        changes.push({ type: "server-reported", server, report, pool, version, load, clients, cost, usage });
      }
      if (!enabled) changes.push({ type: "server-disabled", server, report });
    }
    if (known === undefined || known.weight !== weight || !isSame(known.draining, draining)) {
      changes.push({ type: "server-planned", server, weight, draining });
    }
    return changes;
  }
}

function isSame(one: Draining | undefined, other: Draining | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const [a = Infinity, b = Infinity] = [one.deadline, other.deadline];
  return a === b || Math.abs(a - b) < ROUNDING;
}

function banKey({ room, user }: Ban): string {
  return JSON.stringify([room, user]);
}
