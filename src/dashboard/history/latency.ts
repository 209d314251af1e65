/** Steps of a doubling: what a percentile is off by is below 1/8 of it. */
const STEPS = 8;

/** The shortest time that is told apart, in milliseconds. */
const SHORTEST = 1 / 64;

const BUCKETS = 24 * STEPS;

/** How long calls took, counted in steps that grow with the time. */
export class Latency {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** @param duration in milliseconds */
  add(duration: number): void {
    const step = Math.floor(Math.log2(Math.max(duration, SHORTEST) / SHORTEST) * STEPS);
    this.#counts[Math.min(step, BUCKETS - 1)]!++;
    this.#total++;
  }

  /**
   * The time that a fraction of the calls did not exceed, in milliseconds; `NaN` where there were none.
   *
   * @param fraction in (0, 1]
   */
  percentile(fraction: number): number {
    if (this.#total === 0) return NaN;
    let seen = 0;
    const step = this.#counts.findIndex((count) => (seen += count) >= fraction * this.#total);
    return SHORTEST * 2 ** ((step + 1) / STEPS);
  }

  /** Begins anew. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
