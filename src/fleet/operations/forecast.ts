import type { Address } from "../ids.ts";
import { countOf, Demand } from "../state/demand.ts";
import type { Model } from "../state/model.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** How far is looked ahead. */
const AHEAD: readonly Milliseconds[] = [0, 10, 30, 60].map((minutes) => minutes * 60_000);

/** What a pool will need. */
export interface PoolForecast {
  readonly pool: string;
  /** Servers that are alive and take new rooms. */
  readonly servers: number;
  /** Clients that they could take at a load of 1. */
  readonly capacity: number;
  readonly ahead: readonly NeedForecast[];
  /** Those that none of it needs, the emptiest first. */
  readonly drainable: readonly Address[];
}

/** What a pool will need after a time. */
export interface NeedForecast {
  readonly after: Milliseconds;
  readonly clients: number;
  /** Servers, of those that are there and where they do not suffice of the usual size. */
  readonly servers: number;
}

/**
 * How many servers each pool needs, now and soon, and which could be taken out now.
 *
 * @param target load that servers are to have, above 0 and at most 1
 * @param only one pool; all, if absent
 */
export function forecast(model: Model, target: number, only?: string): PoolForecast[] {
  const pools = Map.groupBy(model.servers, ({ pool }) => pool);
  const chosen = only === undefined ? [...pools] : [...pools].filter(([pool]) => pool === only);
  return chosen.map(([pool, servers]) => forecastOf(model, pool, servers, target));
}

function forecastOf(model: Model, pool: string, all: readonly Server[], target: number): PoolForecast {
  const now = countOf(all);
  const demand = model.demand.get(pool) ?? new Demand();
  const open = all.filter(({ closedBecause }) => closedBecause === undefined)
    .sort((a, b) => b.clients + b.grants - a.clients - a.grants);
  const capacity = open.reduce((sum, server) => sum + capacityOf(server), 0);
  const ahead = AHEAD.map((after): NeedForecast => {
    const clients = after === 0 ? now.clients : Math.max(0, now.clients + demand.change(now, after));
    return { after, clients, servers: needed(open, clients / target) };
  });
  const most = Math.max(1, ...ahead.map(({ servers }) => servers));
  const drainable = open.slice(most).reverse().map(({ address }) => address);
  return { pool, servers: open.length, capacity, ahead, drainable };
}

/** Clients that a server can take at a load of 1. */
function capacityOf({ weight, loadPerClient }: Server): number {
  return weight / loadPerClient;
}

/** How many servers have this capacity, the fullest first, and further ones of the usual size. */
function needed(servers: readonly Server[], capacity: number): number {
  let left = capacity;
  for (const [count, server] of servers.entries()) {
    if (left <= 0) return count;
    left -= capacityOf(server);
  }
  if (left <= 0) return servers.length;
  const sizes = servers.map(capacityOf).sort((a, b) => a - b);
  const usual = sizes[sizes.length >> 1];
  return usual === undefined ? 0 : servers.length + Math.ceil(left / usual);
}
