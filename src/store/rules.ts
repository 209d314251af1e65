import {
  type Address,
  appeared,
  type Ban,
  type Change,
  type ChangeOf,
  type Explanation,
  groupName,
  type LearnedKind,
  type LearnedName,
  leavesLiveServer,
  type Milliseconds,
  OPEN_HAND_OVERS,
  plannedBy,
  type QueuedTask,
  type Snapshot,
  type StoredHandOver,
  type StoredServer,
} from "../fleet/mod.ts";
import type { StoredPlace } from "./port.ts";

/** A server, and what decides about changes of it. */
interface KeptServer {
  stored: StoredServer;
  /** The last report that any gateway heard. */
  report: string;
  evicting: boolean;
}

/** A group where it is, with its rooms. */
interface KeptGroup {
  readonly namespace: string;
  readonly group: string;
  server: Address;
  /** While no room of it is left and it may be released. */
  leave: string | undefined;
  readonly rooms: Map<string, { readonly customer: string; readonly listed: boolean }>;
}

/** What became of changes. */
export interface Applied {
  /** Those that took effect, as others are to be told of them. */
  readonly accepted: Change[];
  /** How it is, in place of those that did not. */
  readonly instead: Change[];
}

/**
 * What a store keeps, and which changes it refuses where several gateways share it: in memory, for simulations and tests,
 * and as what the rules of any shared store are. Times are what its caller makes of them; it only keeps them.
 */
export class Tables {
  readonly #servers = new Map<string, KeptServer>();
  readonly #groups = new Map<string, KeptGroup>();
  /** Why groups are where they are, by group, the oldest first; undefined where that is another reason by now. */
  readonly #explanations = new Map<string, Explanation | undefined>();
  readonly #bans = new Map<string, Ban>();
  readonly #tasks = new Map<number, { server: Address; task: QueuedTask; readonly order: number }>();
  /** Open hand-overs of each server, oldest first. */
  readonly #handOvers = new Map<Address, readonly StoredHandOver[]>();
  readonly #kinds = new Map<string, LearnedKind>();
  readonly #names = new Map<string, LearnedName>();

  /**
   * @param order place of the first change in the order of all
   * @param now what a server that appears has as its first moment
   */
  apply(changes: readonly Change[], order: number, now: Milliseconds): Applied {
    const accepted: Change[] = [];
    const doubtful = new Set<string>();
    const instead: Change[] = [];
    changes.forEach((change, i) => {
      const verdict = this.#apply(change, order + i, now);
      if (verdict === true) {
        accepted.push(change.type === "task-queued" ? { ...change, order: this.#orderOf(change) } : change);
      } else if (typeof verdict === "string") doubtful.add(verdict);
      else instead.push(...verdict);
    });
    for (const key of doubtful) instead.push(...this.#groupAsItIs(key));
    return { accepted, instead };
  }

  /** What of a snapshot is not there at all, as changes that put it in. */
  lacking({ servers, placements, rooms, bans, tasks, kinds, names }: Snapshot): Change[] {
    const changes: Change[] = [];
    for (const { address: server, report = "", ...its } of servers) {
      if (this.#servers.has(server)) continue;
      const { pool, version, load, clients, cost, usage, weight, draining, enabled } = its;
      changes.push({ type: "server-appeared", server, pool, version });
      changes.push({ type: "server-reported", server, report, pool, version, load, clients, cost, usage });
      changes.push({ type: "server-planned", server, weight, draining });
      if (!enabled) changes.push({ type: "server-disabled", server, report });
    }
    const placed = new Map<string, Address>();
    for (const { namespace, group, server } of placements) {
      const key = keyOf(namespace, group);
      const held = this.#groups.get(key);
      if (held === undefined || held.server === server) placed.set(key, server);
      if (held !== undefined) continue;
      changes.push({ type: "group-placed", namespace, group, server });
    }
    for (const { namespace, name, customer, listed } of rooms) {
      const key = keyOf(namespace, groupName(name));
      const server = placed.get(key);
      if (server === undefined || this.#groups.get(key)?.rooms.has(name)) continue;
      changes.push({ type: "room-opened", room: [namespace, name], customer, server, listed });
    }
    for (const ban of bans) if (!this.#bans.has(banKey(ban))) changes.push({ type: "banned", ban });
    for (const { server, task } of tasks) {
      if (!this.#tasks.has(task.sequence)) changes.push({ type: "task-queued", server, task });
    }
    for (const kind of kinds) {
      if (!this.#kinds.has(keyOf(kind.namespace, kind.template))) {
        changes.push({ type: "kind-learned", kind });
      }
    }
    for (const name of names) {
      if (!this.#names.has(`${name.high} ${name.low}`)) changes.push({ type: "name-learned", name });
    }
    return changes;
  }

  snapshot(): Snapshot {
    return {
      servers: Array.from(this.#servers.values(), ({ stored, report }) => ({ ...stored, report })),
      placements: Array.from(this.#groups.values(), ({ namespace, group, server, leave }) => ({
        namespace,
        group,
        server,
        ...(leave === undefined ? {} : { leave }),
      })),
      rooms: this.#groups.values().flatMap(({ namespace, rooms }) =>
        rooms.entries().map(([name, room]) => ({ namespace, name, ...room }))
      ).toArray(),
      bans: [...this.#bans.values()],
      tasks: [...this.#tasks.values()].toSorted((a, b) => a.order - b.order),
      kinds: [...this.#kinds.values()].toSorted((a, b) => (a.sizes?.at ?? 0) - (b.sizes?.at ?? 0)),
      names: [...this.#names.values()],
    };
  }

  /** Who holds the group of these rooms, unless it is about to be released, and whether the user is banned from any. */
  lookUp(namespace: string, rooms: readonly string[], user: string, now: Milliseconds): StoredPlace {
    const held = this.#groups.get(keyOf(namespace, groupName(rooms[0]!)));
    const banned = rooms.flatMap((name) =>
      [undefined, user].map((user) => banKey({ room: [namespace, name], user }))
    )
      .some((key) => (this.#bans.get(key)?.until ?? -Infinity) > now);
    return { server: held?.leave === undefined ? held?.server : undefined, banned };
  }

  /** Answers with tasks of which nothing has been told yet, those of each server oldest first. */
  get handOvers(): readonly StoredHandOver[] {
    return [...this.#handOvers.values()].flat();
  }

  /** Why the group is where it was placed last, as far as that is kept. */
  explanation(namespace: string, group: string): Explanation | undefined {
    return this.#explanations.get(keyOf(namespace, group));
  }

  /** @returns true where it took effect; the group that is to be told of instead; or what is to be told */
  #apply(change: Change, order: number, now: Milliseconds): true | string | readonly Change[] {
    switch (change.type) {
      case "server-appeared":
        if (this.#servers.has(change.server)) return [];
        this.#servers.set(change.server, { stored: appeared(change, now), report: "", evicting: false });
        return true;
      case "server-reported": {
        const { pool, version, load, clients, usage, cost } = change;
        const known = this.#update(change.server, {
          pool,
          version,
          load,
          clients,
          usage,
          cost,
          enabled: true,
        });
        if (known === undefined) return [{ type: "server-removed", server: change.server, report: "" }];
        known.report = change.report;
        return true;
      }
      case "server-planned": {
        const known = this.#update(change.server, plannedBy(change));
        if (known === undefined) return [];
        if (change.part !== "weight") known.evicting = false;
        return true;
      }
      case "server-evicting": {
        const known = this.#servers.get(change.server);
        if (known === undefined || known.evicting || known.stored.draining === undefined) return [];
        return known.evicting = true;
      }
      case "server-disabled": {
        const known = this.#servers.get(change.server);
        if (known === undefined) return [];
        if (known.report !== change.report) return [{ type: "server-enabled", server: change.server }];
        if (!known.stored.enabled) return [];
        this.#update(change.server, { enabled: false });
        return true;
      }
      case "server-removed": {
        const known = this.#servers.get(change.server);
        if (known === undefined) return [];
        if (known.report !== change.report) return [];
        this.#servers.delete(change.server);
        this.#handOvers.delete(change.server);
        return true;
      }
      case "group-placed":
      case "group-leaving":
      case "group-released":
        return this.#applyToGroup(change);
      case "group-explained":
        this.#explain(change);
        return []; // nobody is told of it
      case "room-opened":
      case "room-changed":
      case "room-closed":
        return this.#applyToRoom(change);
      case "banned": {
        this.#bans.set(banKey(change.ban), change.ban);
        return true;
      }
      case "ban-ended": {
        const { ban, lifted } = change;
        const known = this.#bans.get(banKey(ban));
        // One that ends by itself may have been set anew.
        if (!lifted && known !== undefined && known.until > ban.until) {
          return [{ type: "banned", ban: known }];
        }
        return this.#bans.delete(banKey(ban)) || lifted ? true : [];
      }
      case "task-queued": {
        const { server, task, moved } = change;
        const known = this.#tasks.get(task.sequence);
        if (moved === true && known === undefined) return [{ type: "task-ended", sequence: task.sequence }];
        this.#tasks.set(task.sequence, { server, task, order: known?.order ?? order });
        return true;
      }
      case "task-ended":
        return this.#tasks.delete(change.sequence) ? true : [];
      case "kind-learned": {
        const { kind } = change;
        const key = keyOf(kind.namespace, kind.template);
        if (kind.sizes === undefined) this.#kinds.delete(key);
        else this.#kinds.set(key, kind);
        return true;
      }
      case "name-learned": {
        const { name } = change;
        const key = `${name.high} ${name.low}`;
        if (name.known === undefined) this.#names.delete(key);
        else this.#names.set(key, name);
        return true;
      }
      case "size-observed":
      case "server-enabled": // a report follows
      case "server-drained":
      case "group-young":
      case "granted":
      case "grants-ended":
      case "customers-listed":
      case "figures-wanted":
        return true;
      case "handed-over": {
        const { server, id, tasks } = change;
        const open = [...this.#handOvers.get(server) ?? [], { server, id, tasks }];
        if (this.#servers.has(server)) this.#handOvers.set(server, open.slice(-OPEN_HAND_OVERS));
        return true;
      }
      case "hand-over-ended": {
        const open = this.#handOvers.get(change.server)?.filter(({ id }) => id !== change.id);
        if (open !== undefined) this.#handOvers.set(change.server, open);
        return true;
      }
      case "server-odd":
      case "server-stalled":
      case "collision":
      case "close-ignored":
      case "miscounted":
        return []; // of concern to its own gateway only
      default:
        return change satisfies never;
    }
  }

  #applyToGroup(
    change: ChangeOf<"group-placed" | "group-leaving" | "group-released">,
  ): true | string {
    const { namespace, group, server } = change;
    const key = keyOf(namespace, group);
    const held = this.#groups.get(key);
    switch (change.type) {
      case "group-placed": {
        if (held === undefined) {
          this.#groups.set(key, { namespace, group, server, leave: undefined, rooms: new Map() });
          this.#forgetExplanation(key);
          return true;
        }
        if (held.server !== server) {
          if (held.server !== change.from) return key;
          if (!leavesLiveServer(change) && this.#retains(held.server)) return key;
          held.rooms.clear();
          this.#forgetExplanation(key);
        }
        held.server = server;
        held.leave = undefined;
        return true;
      }
      case "group-leaving":
        if (held?.server !== server || held.rooms.size > 0 || held.leave !== undefined) return key;
        held.leave = change.leave;
        return true;
      case "group-released": {
        if (held === undefined) return key;
        const leaves = change.leave === undefined ? !this.#retains(held.server) : held.leave === change.leave;
        if (held.server !== server || !leaves) return key;
        this.#groups.delete(key);
        return true;
      }
    }
  }

  /** Keeps why the group is where it is, unless it has moved on; of too many, the oldest go. */
  #explain({ namespace, group, explanation, keep }: ChangeOf<"group-explained">): void {
    const key = keyOf(namespace, group);
    if (this.#groups.get(key)?.server !== explanation.server) return;
    this.#explanations.delete(key);
    this.#explanations.set(key, explanation);
    for (const oldest of this.#explanations.keys()) {
      if (this.#explanations.size <= keep) break;
      this.#explanations.delete(oldest);
    }
  }

  #forgetExplanation(key: string): void {
    if (this.#explanations.has(key)) this.#explanations.set(key, undefined);
  }

  #applyToRoom(
    change: ChangeOf<"room-opened" | "room-changed" | "room-closed">,
  ): true | string {
    const { room: [namespace, name], server } = change;
    const key = keyOf(namespace, groupName(name));
    const held = this.#groups.get(key);
    if (held?.server !== server) return key;
    if (change.type === "room-closed") held.rooms.delete(name);
    else {
      held.rooms.set(name, { customer: change.customer, listed: change.listed });
      held.leave = undefined;
    }
    return true;
  }

  /** Whether the server keeps the groups that it has: it is heard, and not to be empty by now. */
  #retains(address: Address): boolean {
    const known = this.#servers.get(address);
    return known !== undefined && known.stored.enabled && !known.evicting;
  }

  #groupAsItIs(key: string): Change[] {
    const held = this.#groups.get(key);
    if (held === undefined) {
      const [namespace, group] = JSON.parse(key);
      return [{ type: "group-released", namespace, group, server: "" as Address }];
    }
    const { namespace, group, server, leave, rooms } = held;
    return [
      { type: "group-placed", namespace, group, server },
      ...Array.from(rooms, ([name, room]): Change => ({
        type: "room-opened",
        room: [namespace, name],
        server,
        ...room,
      })),
      ...(leave === undefined
        ? []
        : [{ type: "group-leaving", namespace, group, server, leave } satisfies Change]),
    ];
  }

  #orderOf({ task }: ChangeOf<"task-queued">): number | undefined {
    return this.#tasks.get(task.sequence)?.order;
  }

  #update(address: Address, members: Partial<StoredServer>): KeptServer | undefined {
    const known = this.#servers.get(address);
    if (known !== undefined) known.stored = { ...known.stored, ...members };
    return known;
  }
}

function banKey({ room, user }: Pick<Ban, "room" | "user">): string {
  return keyOf(...room, user ?? "");
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
