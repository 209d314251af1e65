import type { Model } from "./model.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** A pool's clients are counted so often, */
const EVERY: Milliseconds = 60_000;
/** and so many counts tell where it is going: a quarter of an hour. */
const COUNTS = 15;
/** So many are kept: an hour, in which a server that is not needed was not needed either. */
const KEPT = 60;

/** How far the trend goes on: of fleets that were simulated, longer is further off. */
const FADES: Milliseconds = 10 * 60_000;

/** What a pool has to do at a time. */
export interface PoolCount {
  /** Clients that are there and on their way. */
  readonly clients: number;
  /** Clients that young rooms are expected to grow by. */
  readonly growth: number;
}

/** How the number of clients of a pool has changed lately. */
export class Demand {
  readonly #counts: PoolCount[] = [];

  /** To be called every {@link EVERY}; after a pause, a new one is begun with. */
  count(its: PoolCount): void {
    this.#counts.push(its);
    if (this.#counts.length > KEPT) this.#counts.shift();
  }

  /** Whether it is known for long enough what the pool needs. */
  get isSettled(): boolean {
    return this.#counts.length >= COUNTS;
  }

  /** The most clients of the last hour. */
  get most(): number {
    return Math.max(0, ...this.#counts.map(({ clients }) => clients));
  }

  /** The last counts, the oldest first. */
  get counts(): readonly PoolCount[] {
    return this.#counts;
  }

  /**
   * Clients more, or less, that are to be expected after a time: the trend of the last minutes, which fades (the damped
   * trend of Gardner and McKenzie, "Forecasting Trends in Time Series", 1985), and what young rooms are to grow by beyond
   * what such rooms have been growing by all the time.
   */
  change({ growth }: PoolCount, after: Milliseconds): number {
    const counts = this.#counts.slice(-COUNTS);
    const usual = counts.reduce((sum, each) => sum + each.growth, 0) / Math.max(1, counts.length);
    return slope(counts) / EVERY * FADES * (1 - Math.exp(-after / FADES)) + growth - usual;
  }
}

/**
 * Clients more from count to count: the median over all pairs of counts (Sen, "Estimates of the Regression Coefficient Based
 * on Kendall's Tau", 1968), so that a nonsense of one report changes nothing.
 */
function slope(counts: readonly PoolCount[]): number {
  const slopes = counts.flatMap(({ clients }, i) =>
    counts.slice(0, i).map((earlier, j) => (clients - earlier.clients) / (i - j))
  ).sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  return slopes.length === 0 ? 0 : (slopes[middle]! + slopes[slopes.length - 1 - middle]!) / 2;
}

/** Counts the clients of every pool once a minute. O(servers). */
export function followDemand(model: Model, now: Milliseconds): void {
  const since = now - model.demandCounted;
  if (since < EVERY) return;
  if (since >= 2 * EVERY) model.demand.clear(); // nobody counted for a while
  model.demandCounted = now;
  const pools = Map.groupBy(model.servers, ({ pool }) => pool);
  for (const pool of model.demand.keys()) if (!pools.has(pool)) model.demand.delete(pool);
  for (const [pool, servers] of pools) {
    let demand = model.demand.get(pool);
    if (demand === undefined) model.demand.set(pool, demand = new Demand());
    demand.count(countOf(servers));
  }
}

/** What was counted of every pool, as a text for whoever starts within the next two minutes. */
export function demandText(model: Model, toUnixTime: (time: Milliseconds) => number): string {
  const pools = Array.from(model.demand, ([pool, { counts }]) => [pool, counts]);
  return JSON.stringify({
    at: Math.round(toUnixTime(model.demandCounted)),
    pools: Object.fromEntries(pools),
  });
}

/** Takes up what was counted before; what is older than that, or no such text, counts for nothing. */
export function restoreDemand(
  model: Model,
  text: string,
  now: Milliseconds,
  toUnixTime: (time: Milliseconds) => number,
): void {
  const { at, pools } = parsed(text);
  const age = toUnixTime(now) - at;
  if (!(age >= 0 && age < 2 * EVERY)) return;
  model.demandCounted = now - age;
  for (const [pool, counts] of Object.entries(pools)) {
    const demand = new Demand();
    for (const count of counts) demand.count(count);
    model.demand.set(pool, demand);
  }
}

function parsed(text: string): { readonly at: number; readonly pools: Record<string, readonly PoolCount[]> } {
  try {
    const { at, pools } = JSON.parse(text);
    const isWhole = Object.values<PoolCount[]>(pools).every((counts) =>
      counts.every(({ clients, growth }) => isCount(clients) && isCount(Math.abs(growth)))
    );
    if (isWhole) return { at, pools };
  } catch {
    // no JSON, or another shape: as if there were none
  }
  return { at: NaN, pools: {} };
}

/** Clients of a pool, as many as there may ever be: by what is beyond that nobody is to order servers. */
function isCount(clients: number): boolean {
  return clients >= 0 && clients < 1e9;
}

/**
 * What the servers of a pool have to do. Of one that is silent its rooms count that nobody has placed elsewhere yet: their
 * clients are still there, or will be back. O(servers, rooms of silent ones)
 */
export function countOf(servers: readonly Server[]): PoolCount {
  let [clients, growth] = [0, 0];
  for (const server of servers) {
    if (!server.enabled) {
      for (const room of server.rooms) if (server.holds(room)) clients += room.knownPeers;
      continue;
    }
    clients += server.counted + server.grants;
    growth += server.growth;
  }
  return { clients, growth };
}
