import type { ChangeOf } from "../change.ts";
import type { Ban, Placement, Plan } from "../facts.ts";
import type { Address } from "../ids.ts";
import type { LearnedKind, LearnedName, StoredCost } from "../learning/mod.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import type { Count, Usage } from "../state/usage.ts";
import type { QueuedTask } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import type { StoredKey } from "./stored_key.ts";

/** A server as the store keeps it. */
export interface StoredServer extends Plan {
  readonly address: Address;
  readonly pool: string;
  readonly version: string;
  readonly enabled: boolean;
  readonly load: number;
  readonly clients: number;
  readonly usage: readonly { readonly customer: string; readonly peers: number; readonly rooms: number }[];
  readonly firstSeen: Milliseconds;
  readonly cost: StoredCost;
  /** The last report that any gateway heard; only in a store that several share. */
  readonly report?: string | undefined;
}

/** A server that has just appeared: nothing has been reported yet. */
export function appeared(
  { server: address, pool, version }: ChangeOf<"server-appeared">,
  now: Milliseconds,
): StoredServer {
  return {
    ...{ address, pool, version, firstSeen: now },
    ...{ enabled: true, load: 0, clients: 0, usage: [], cost: [0, 0, 0, 0, 0] },
    ...{ weight: 1, draining: undefined },
  };
}

/** A room as the store keeps it. */
export interface StoredRoom {
  readonly namespace: string;
  readonly name: string;
  readonly customer: string;
  /** Whether a report has listed it. */
  readonly listed: boolean;
}

/** A task as the store keeps it. */
export interface StoredTask {
  readonly server: Address;
  readonly task: QueuedTask;
  /** Its place in the order of all gateways' tasks; if absent, its number. */
  readonly order?: number | undefined;
}

/** An answer with tasks of which it is not known yet whether its server has read it. */
export interface StoredHandOver {
  readonly server: Address;
  readonly id: number;
  /** Numbers of the tasks. */
  readonly tasks: readonly number[];
}

/** Everything that outlives a process. */
export interface Snapshot {
  readonly servers: Iterable<StoredServer>;
  readonly placements: Iterable<Placement>;
  /** Each of a group among the placements. */
  readonly rooms: Iterable<StoredRoom>;
  readonly bans: Iterable<Ban>;
  readonly tasks: Iterable<StoredTask>;
  /** From the one learned longest ago to the newest. */
  readonly kinds: Iterable<LearnedKind>;
  /** Those that have come back. */
  readonly names: Iterable<LearnedName>;
}

/** Some of a snapshot. What refers to servers or groups comes after them. */
export interface SnapshotPiece extends Partial<Snapshot> {
  /** After the tasks, oldest first; only from a store that several gateways share. */
  readonly handOvers?: Iterable<StoredHandOver>;
  /** Rows that have changed since they came: they are now as this piece has them, or gone. */
  readonly changed?: readonly StoredKey[];
}

/** Everything that the store is to keep, as it is now. */
export function snapshot(model: Model): Snapshot {
  return {
    servers: Array.from(model.servers, (server) => ({
      address: server.address,
      pool: server.pool,
      version: server.version,
      enabled: server.enabled,
      load: server.load,
      clients: server.clients,
      usage: Array.from(server.usage, ([{ customer }, { peers, rooms }]) => ({ customer, peers, rooms })),
      firstSeen: server.firstSeen,
      cost: server.cost.stored(),
      weight: server.weight,
      draining: server.draining,
      report: server.lastReport,
    })),
    placements: Array.from(model.groups, ({ namespace, name, server }) => ({
      namespace: namespace.name,
      group: name,
      server: server.address,
    })),
    rooms: storedRooms(model),
    bans: model.bans.values(),
    tasks: Array.from(model.servers).flatMap(({ address, tasks }) =>
      Array.from(tasks, (task) => ({ server: address, task, order: tasks.orderOf(task) }))
    ),
    kinds: model.kinds.stored(),
    names: model.names,
  };
}

function* storedRooms(model: Model): Generator<StoredRoom> {
  for (const group of model.groups) yield* group.rooms().map(storedRoom);
}

/** A room as the store is to keep it. */
export function storedRoom({ id: [namespace, name], usage: { customer }, listed }: Room): StoredRoom {
  return { namespace, name, customer, listed };
}

/** The sums by customer; those of customers without a room are of no more use. */
export function usageOf(model: Model, sums: StoredServer["usage"]): Map<Usage, Count> {
  const usage = new Map<Usage, Count>();
  for (const { customer, peers, rooms } of sums) {
    const its = model.usage.get(customer);
    if (its !== undefined) usage.set(its, { peers, rooms });
  }
  return usage;
}
