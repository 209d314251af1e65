import { shiftedChange } from "../../src/store/shifted.ts";
import {
  type Address,
  appeared,
  type Ban,
  type Change,
  groupName,
  isStored,
  type LearnedKind,
  type LearnedName,
  type Milliseconds,
  type Placement,
  type QueuedTask,
  type Snapshot,
  type StoredChange,
  type StoredRoom,
  type StoredServer,
} from "../../src/fleet/mod.ts";

/** Changes that were written; `offset` makes unix time of their times. */
interface Written {
  readonly changes: readonly Change[];
  readonly offset: Milliseconds;
  readonly now: Milliseconds;
}

/** One step of what was written: changes, or everything anew, with times as unix time. */
type Entry = Written | { readonly all: Snapshot };

/** What is stored, with times as unix time in milliseconds. */
class Tables {
  servers = new Map<string, StoredServer>();
  placements = new Map<string, Placement>();
  rooms = new Map<string, StoredRoom>();
  bans = new Map<string, Ban>();
  tasks = new Map<number, { readonly server: Address; readonly task: QueuedTask }>();
  kinds = new Map<string, LearnedKind>();
  names = new Map<string, LearnedName>();

  /** @returns where groups are that were placed before */
  apply(entry: Entry): Change[] {
    const instead: Change[] = [];
    if ("all" in entry) {
      this.#replace(entry.all);
      return instead;
    }
    for (const each of entry.changes) {
      const change = shiftedChange(each, entry.offset);
      if (isStored(change)) this.#applyOne(change, entry.now, instead);
    }
    return instead;
  }

  snapshot(): Snapshot {
    const { servers, placements, rooms, bans, tasks, kinds, names } = this;
    return {
      servers: [...servers.values()],
      placements: [...placements.values()],
      rooms: [...rooms.values()],
      bans: [...bans.values()],
      tasks: [...tasks.values()].toSorted((a, b) => a.task.sequence - b.task.sequence),
      kinds: [...kinds.values()].toSorted((a, b) => (a.sizes?.at ?? 0) - (b.sizes?.at ?? 0)),
      names: [...names.values()],
    };
  }

  #replace({ servers, placements, rooms, bans, tasks, kinds, names }: Snapshot): void {
    this.servers = new Map(Array.from(servers, (server) => [server.address, server]));
    this.placements = new Map(Array.from(placements, (each) => [key(each.namespace, each.group), each]));
    this.rooms = new Map(Array.from(rooms, (room) => [key(room.namespace, room.name), room]));
    this.bans = new Map(Array.from(bans, (ban) => [key(...ban.room, ban.user ?? ""), ban]));
    this.tasks = new Map(Array.from(tasks, (each) => [each.task.sequence, each]));
    this.kinds = new Map(Array.from(kinds, (kind) => [key(kind.namespace, kind.template), kind]));
    this.names = new Map(Array.from(names, (name) => [hashKey(name), name]));
  }

  /** @param change with its times as unix time */
  #applyOne(change: StoredChange, now: Milliseconds, instead: Change[]): void {
    switch (change.type) {
      case "server-appeared":
        return void this.servers.set(change.server, appeared(change, now));
      case "server-reported": {
        const { pool, version, load, clients, usage, cost } = change;
        return this.#update(change.server, { pool, version, load, clients, usage, cost, enabled: true });
      }
      case "server-planned": {
        const { weight, draining } = change;
        return this.#update(change.server, { weight, draining });
      }
      case "server-disabled":
        return this.#update(change.server, { enabled: false });
      case "server-removed":
        return void this.servers.delete(change.server);
      case "group-placed": {
        const { namespace, group, server, from } = change;
        const held = this.placements.get(key(namespace, group));
        if (held === undefined || held.server === from || held.server === server) {
          this.placements.set(key(namespace, group), { namespace, group, server });
        } else instead.push({ type: "group-placed", ...held });
        return;
      }
      case "group-released":
        return void this.placements.delete(key(change.namespace, change.group));
      case "room-opened":
      case "room-changed": {
        const { room: [namespace, name], customer, listed } = change;
        return void this.rooms.set(key(namespace, name), { namespace, name, customer, listed });
      }
      case "room-closed":
        return void this.rooms.delete(key(...change.room));
      case "banned": {
        const { ban } = change;
        return void this.bans.set(key(...ban.room, ban.user ?? ""), ban);
      }
      case "ban-ended":
        return void this.bans.delete(key(...change.ban.room, change.ban.user ?? ""));
      case "task-queued": {
        const { server, task } = change;
        return void this.tasks.set(task.sequence, { server, task });
      }
      case "task-ended":
        return void this.tasks.delete(change.sequence);
      case "kind-learned": {
        const { kind } = change;
        if (kind.sizes === undefined) return void this.kinds.delete(key(kind.namespace, kind.template));
        return void this.kinds.set(key(kind.namespace, kind.template), kind);
      }
      case "name-learned": {
        const { name } = change;
        if (name.known === undefined) return void this.names.delete(hashKey(name));
        return void this.names.set(hashKey(name), name);
      }
      default:
        change satisfies never;
    }
  }

  #update(address: Address, members: Partial<StoredServer>): void {
    const server = this.servers.get(address);
    if (server !== undefined) this.servers.set(address, { ...server, ...members });
  }
}

/** Which end of a process a disk lives through with what. */
export type Loss = "process" | "power";

/**
 * What outlives a simulated gateway: a log of all that was written, how much of it is safe from loss of power, and the tables
 * that it comes to.
 */
export class Disk {
  readonly values = new Map<string, string>();
  #log: Entry[] = [];
  #synced = 0;
  #tables = new Tables();
  /** How often everything was written anew. */
  replaced = 0;

  /** @returns where groups are that were placed before */
  write(entry: Entry): Change[] {
    this.#log.push(entry);
    if ("all" in entry) this.replaced++;
    return this.#tables.apply(entry);
  }

  /** What was written by now is safe from loss of power. */
  sync(written: number = this.#log.length): void {
    this.#synced = Math.max(this.#synced, written);
  }

  get written(): number {
    return this.#log.length;
  }

  /**
   * What is left when a process or a machine ends.
   *
   * @returns the groups of whose places something is lost
   */
  crash(loss: Loss): Set<string> {
    const groups = new Set<string>();
    if (loss === "process") return groups;
    for (const entry of this.#log.splice(this.#synced)) {
      if ("all" in entry) continue;
      for (const change of entry.changes) {
        if (change.type === "group-placed" || change.type === "group-released") groups.add(change.group);
        else if ("room" in change) groups.add(groupName(change.room[1]));
      }
    }
    this.#tables = new Tables();
    for (const entry of this.#log) this.#tables.apply(entry);
    return groups;
  }

  load(): Snapshot {
    return this.#tables.snapshot();
  }
}

function key(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function hashKey({ high, low }: LearnedName): string {
  return `${high}.${low}`;
}
