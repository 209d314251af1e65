import type { Change } from "../change.ts";
import type { Ban, Placement, Plan } from "../facts.ts";
import { type Address, groupName } from "../ids.ts";
import { countUsage } from "../servers/availability.ts";
import { ClientCost, type LearnedKind, type LearnedName, type StoredCost } from "../learning/mod.ts";
import { addServer, type Model } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";
import { awaitListing, markListedUnheard } from "../rooms/presence.ts";
import { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { QueuedTask } from "../task.ts";
import type { Count, Usage } from "../state/usage.ts";
import { skipNumber } from "../tasks/numbering.ts";

/** A restored task waits at least this long for its server: the wall clock may have jumped while nobody looked. */
const TASK_GRACE: Milliseconds = 600_000;

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
}

/** A server that has just appeared: nothing has been reported yet. */
export function appeared(
  { server: address, pool, version }: Extract<Change, { readonly type: "server-appeared" }>,
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

/** Everything that outlives a process. */
export interface Snapshot {
  readonly servers: Iterable<StoredServer>;
  readonly placements: Iterable<Placement>;
  /** Each of a group among the placements. */
  readonly rooms: Iterable<StoredRoom>;
  readonly bans: Iterable<Ban>;
  readonly tasks: Iterable<{ readonly server: Address; readonly task: QueuedTask }>;
  /** From the one learned longest ago to the newest. */
  readonly kinds: Iterable<LearnedKind>;
  /** Those that have come back. */
  readonly names: Iterable<LearnedName>;
}

/**
 * Fills an empty model. Servers that were alive count as alive until their disable timeout has passed from `now`,
 * so that a restart moves no room. O(all that is stored).
 */
export function restore(model: Model, snapshot: Snapshot, now: Milliseconds): void {
  const usage = new Map<Server, StoredServer["usage"]>();
  for (const stored of snapshot.servers) {
    const server = addServer(model, stored.address, stored.pool, stored.firstSeen);
    server.version = stored.version;
    server.load = stored.load;
    server.clients = stored.clients;
    server.liveness.heard(now);
    server.reports = 1;
    if (stored.enabled) server.liveness.begin(); // what it uses is counted below
    server.intake.want(stored);
    server.cost = new ClientCost(stored.cost);
    server.loadPerClient = server.cost.perClient(server.loadPerClient);
    server.steadyLoad = stored.load;
    model.servers.sort(server);
    usage.set(server, stored.usage);
  }
  for (const { namespace, group, server: address } of snapshot.placements) {
    const server = model.servers.get(address);
    if (server === undefined) continue;
    model.groups.add(namespace, group, server).durable = true;
    server.groups++;
  }
  for (const stored of snapshot.rooms) {
    const { namespace, name } = stored;
    const group = model.groups.get(namespace, groupName(name));
    if (group === undefined) continue;
    const room = new Room(name, group, model.usage.refer(stored.customer));
    group.add(room);
    model.rooms++;
    room.granted = now; // perhaps, a moment before the process ended: tokens for it may be about
    if (stored.listed) markListedUnheard(model, room);
    else awaitListing(model, room, now);
  }
  for (const [server, sums] of usage) {
    server.usage = asFarAsListed(usageOf(model, sums), server);
    if (server.enabled) countUsage(server, 1);
  }
  for (const ban of snapshot.bans) model.bans.set(ban, now);
  for (const kind of snapshot.kinds) model.kinds.restore(kind);
  for (const name of snapshot.names) model.names.restore(name);
  for (const { server, task } of snapshot.tasks) {
    const its = model.servers.get(server);
    if (its === undefined) continue;
    // Whatever the wall clock says, a task gets its chance after a restart.
    its.tasks.add({
      ...task,
      expires: Math.max(task.expires, now + Math.min(TASK_GRACE, model.settings.taskLifetime)),
    });
    skipNumber(model, task.sequence);
  }
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
    })),
    placements: Array.from(model.groups, ({ namespace, name, server }) => ({
      namespace: namespace.name,
      group: name,
      server: server.address,
    })),
    rooms: storedRooms(model),
    bans: model.bans.values(),
    tasks: Array.from(model.servers).flatMap(({ address, tasks }) =>
      Array.from(tasks, (task) => ({ server: address, task }))
    ),
    kinds: Array.from(model.kinds, ([kind, sizes]) => ({ ...kind, sizes: sizes.stored() })),
    names: model.names,
  };
}

function* storedRooms(model: Model): Generator<StoredRoom> {
  for (const group of model.groups) {
    for (const room of group.rooms()) {
      yield {
        namespace: group.namespace.name,
        name: room.name,
        customer: room.usage.customer,
        listed: room.listed,
      };
    }
  }
}

/** What a server reported last, without the rooms that have left it since: of each customer, its share of them. */
function asFarAsListed(sums: Map<Usage, Count>, server: Server): Map<Usage, Count> {
  const listed = Map.groupBy(server.rooms, ({ usage }) => usage);
  for (const [usage, { peers, rooms }] of sums) {
    const left = listed.get(usage)?.length ?? 0; // none is listed any more
    if (left === 0) sums.delete(usage);
    else if (left < rooms) sums.set(usage, { peers: Math.ceil(peers * left / rooms), rooms: left });
  }
  return sums;
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
