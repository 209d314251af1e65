import type { Address } from "../ids.ts";
import { countOf, Demand } from "../state/demand.ts";
import type { Model } from "../state/model.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** How far is looked ahead. */
const AHEAD: readonly Milliseconds[] = [0, 10, 30, 60].map((minutes) => minutes * 60_000);

/**
 * A server may be drained only where the others can take so many times the clients: else one that was drained is missing
 * again with the next few clients.
 */
const MARGIN = 1.1;

/** What a pool will need. */
export interface PoolForecast {
  readonly pool: string;
  /** Servers that are alive and take new rooms. */
  readonly servers: number;
  /** Servers that are alive, also those that take no new rooms. */
  readonly alive: number;
  /** Clients that the servers could take at a load of 1, beside the load that is there without clients. */
  readonly capacity: number;
  readonly ahead: readonly NeedForecast[];
  /** Those that none of it needs, nor did the clients of the last hour, the emptiest first. */
  readonly drainable: readonly Address[];
  /** Those that drain and would take new rooms again, the fullest first. */
  readonly draining: readonly Address[];
  /** Those of them on which nothing is left. */
  readonly drained: readonly Address[];
}

/** What a pool will need after a time. */
export interface NeedForecast {
  readonly after: Milliseconds;
  readonly clients: number;
  /** Servers, of those that are there and where they do not suffice of the usual size. */
  readonly servers: number;
}

/** A server and how many clients it can take at a load. */
interface Sized {
  readonly server: Server;
  readonly clients: number;
}

/**
 * How many servers each pool needs, now and soon, and which could be taken out now. O(servers, rooms of silent ones)
 *
 * @param target load that servers are to have, above 0 and at most 1
 * @param only one pool; all that are configured or have servers, if absent
 */
export function forecast(model: Model, target: number, only?: string): PoolForecast[] {
  const { spill } = model.settings.placement;
  const pools = Map.groupBy(model.servers, ({ pool }) => pool);
  const known = new Set([...spill.keys(), ...pools.keys()]);
  const wanted = only === undefined ? [...known] : known.has(only) || spill.size === 0 ? [only] : [];
  return wanted.map((pool) => forecastOf(model, pool, pools.get(pool) ?? [], target));
}

function forecastOf(model: Model, pool: string, all: readonly Server[], target: number): PoolForecast {
  const now = countOf(all);
  const demand = model.demand.get(pool) ?? new Demand();
  const alive = all.filter(({ enabled }) => enabled).sort((a, b) =>
    b.counted + b.grants - a.counted - a.grants
  );
  const open = alive.filter(({ closedBecause }) => closedBecause === undefined);
  const ofClient = workOfClient(all);
  const sized = (servers: readonly Server[], load: number) =>
    servers.map((server): Sized => ({ server, clients: clientsAt(server, load, ofClient) }));
  const filled = sized(open, target);
  const usual = usualSize(open.length > 0 ? filled : sized(all, target), target);
  const ahead = AHEAD.map((after): NeedForecast => {
    const clients = after === 0 ? now.clients : Math.max(0, now.clients + demand.change(now, after));
    return { after, clients, servers: needed(filled, clients, usual) };
  });
  const most = Math.max(demand.most, ...ahead.map(({ clients }) => clients));
  const kept = demand.isSettled ? Math.max(1, needed(filled, most * MARGIN, usual)) : open.length;
  const draining = alive.filter(({ draining, weight }) => draining !== undefined && weight > 0);
  return {
    pool,
    servers: open.length,
    alive: alive.length,
    capacity: sized(open, 1).reduce((sum, { clients }) => sum + clients, 0),
    ahead,
    drainable: addresses(open.slice(kept).reverse()),
    draining: addresses(draining),
    drained: addresses(draining.filter(({ drained }) => drained)),
  };
}

function addresses(servers: readonly Server[]): Address[] {
  return servers.map(({ address }) => address);
}

/** Work of a client as rooms are now, of all servers together; nothing where each client costs the same. */
function workOfClient(servers: readonly Server[]): number | undefined {
  let [work, clients] = [0, 0];
  for (const { works, roomCost: { which } } of servers) {
    if (which === 0) return undefined;
    work += works[which]!;
    clients += works[0]!;
  }
  return clients > 0 ? work / clients : undefined;
}

/**
 * Clients that a server can take until it has a load, beside what loads it without clients; 0 where that is as much already.
 *
 * @param ofClient of {@link workOfClient}
 */
function clientsAt(server: Server, load: number, ofClient: number | undefined): number {
  const { weight, steadyLoad, loadOfRooms } = server;
  const without = Math.max(0, steadyLoad - loadOfRooms);
  return Math.max(0, weight * load - without) / costOfClient(server, ofClient);
}

/** Load that a client more adds to a server, in rooms as they are. */
function costOfClient({ loadPerWork, loadPerClient }: Server, ofClient: number | undefined): number {
  return ofClient === undefined || loadPerWork === 0 ? loadPerClient : loadPerWork * ofClient;
}

/** Clients that one server more would take: as the median of those that can take any, else as any without other load. */
function usualSize(servers: readonly Sized[], target: number): number {
  const sizes = servers.map(({ clients }) => clients).filter((clients) => clients > 0);
  if (sizes.length === 0) sizes.push(...servers.map(({ server }) => target / server.loadPerClient));
  return sizes.sort((a, b) => a - b)[sizes.length >> 1] ?? Infinity;
}

/** How many servers can take so many clients, the fullest first, and further ones of the usual size. */
function needed(servers: readonly Sized[], clients: number, usual: number): number {
  let left = clients;
  for (const [count, server] of servers.entries()) {
    if (left <= 0) return count;
    left -= server.clients;
  }
  return left <= 0 ? servers.length : servers.length + Math.ceil(left / usual);
}
