/** Each report makes what was known worth so much less: half after 120 reports, ten minutes. */
const KEEP = 0.5 ** (1 / 120);

/** A load further off than by this factor is an outlier, and is cut to it once so many reports are known. */
const OUTLIER = { factor: 3, reports: 10 };

/** Share that the newest report has in the load that clients do not account for. */
const NEWS = 0.3;

/** A load without its noise differs from the reported one by so much at most. */
const FAR = 0.15;

/**
 * From this load on a server says that it is full, not how full: its load is at least this. Else the more clients it gets
 * the less each of them seems to cost, and a full server draws the new rooms.
 */
export const SATURATED = 0.97;

/** Weight of what other servers tell: as one report with so many clients. */
const PRIOR_CLIENTS = 10;

/**
 * A cost, as sums over the reports of a server, older ones worth less: x is clients, y load. The rest is load that clients do
 * not account for, lately; unknown where a version has stored it that did not keep it.
 */
export type StoredCost = readonly [
  reports: number,
  x: number,
  y: number,
  xx: number,
  xy: number,
  rest?: number,
];

/**
 * What one client more adds to the load of a server, learned from its reports (load against clients). Load that is
 * there without clients is told apart as far as the number of clients has varied: a regression that leans towards
 * load ÷ clients, and that towards what other servers tell. Reports without clients say nothing of it.
 */
export class ClientCost {
  #sums: readonly [reports: number, x: number, y: number, xx: number, xy: number];
  #rest: number | undefined;

  constructor([reports, x, y, xx, xy, rest]: StoredCost = [0, 0, 0, 0, 0]) {
    this.#sums = [reports, x, y, xx, xy];
    this.#rest = rest;
  }

  /**
   * @param load 0 to 1
   * @param others what a client costs elsewhere
   */
  learn(clients: number, load: number, others: number): void {
    if (load >= SATURATED && this.#expected(clients, others) >= load) return;
    if (clients > 0) this.#learnCost(clients, load, others);
    const rest = load - this.perClient(others) * clients;
    this.#rest = this.#rest === undefined ? rest : this.#rest + NEWS * (rest - this.#rest);
  }

  #learnCost(clients: number, load: number, others: number): void {
    const [reports, x, y, xx, xy] = this.#sums;
    let its = load;
    if (reports >= OUTLIER.reports) {
      const { cost, base } = this.#fit(others);
      const expected = base + cost * clients;
      its = Math.min(OUTLIER.factor * expected, Math.max(expected / OUTLIER.factor, load));
    }
    this.#sums = [
      reports * KEEP + 1,
      x * KEEP + clients,
      y * KEEP + its,
      xx * KEEP + clients * clients,
      xy * KEEP + clients * its,
    ];
  }

  /** How many reports have told something, older ones counting less. */
  get reports(): number {
    return this.#sums[0];
  }

  /** Whether any report told something. */
  get known(): boolean {
    return this.#sums[0] > 0;
  }

  /**
   * Load with so many clients, without the noise of a single report: what clients account for is taken as it is, the
   * rest as a mean over the last reports. In the simulation, with reports that are off by 5 points, rooms placed by
   * this overload a quarter of what they do placed by the last report.
   *
   * @param load of the last report; the result is never far from it, but above it as far as need be for a full server
   */
  steadyLoad(clients: number, load: number, others: number): number {
    const steady = this.#expected(clients, others);
    if (load >= SATURATED) return Math.max(load, steady);
    if (this.#rest === undefined) return load;
    return Math.max(0, load - FAR, Math.min(load + FAR, steady));
  }

  /** Load to be expected with so many clients; may be above 1. */
  #expected(clients: number, others: number): number {
    return (this.#rest ?? 0) + this.perClient(others) * clients;
  }

  /** Load that a client adds; above 0. */
  perClient(others: number): number {
    return this.#fit(others).cost;
  }

  stored(): StoredCost {
    return this.#rest === undefined ? this.#sums : [...this.#sums, this.#rest];
  }

  #fit(others: number): { cost: number; base: number } {
    const [reports, x, y, xx, xy] = this.#sums;
    const ratio = (xy + PRIOR_CLIENTS ** 2 * others) / (xx + PRIOR_CLIENTS ** 2);
    if (reports === 0) return { cost: ratio, base: 0 };
    const meanX = x / reports;
    const meanY = y / reports;
    const variance = Math.max(0, xx / reports - meanX ** 2);
    const covariance = xy / reports - meanX * meanY;
    const lean = PRIOR_CLIENTS ** 2 + (meanX / 5) ** 2;
    const slope = (covariance + lean * ratio) / (variance + lean);
    const cost = Math.min(1.5 * ratio, Math.max(ratio / 4, slope));
    return { cost, base: Math.max(0, meanY - cost * meanX) };
  }
}
