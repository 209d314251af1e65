/** Steps of a doubling: what a percentile is off by is below 1/8 of it. */
const STEPS = 8;

/** The shortest time that is told apart, in milliseconds. */
const SHORTEST = 1 / 64;

const BUCKETS = 24 * STEPS;

/** How long calls took since they were last asked for, counted in steps that grow with the time. */
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
   * The times that these fractions of the calls did not exceed, in milliseconds; `NaN` where there were none. Begins anew.
   *
   * @param fractions in (0, 1], ascending
   */
  take(...fractions: readonly number[]): number[] {
    const found: number[] = [];
    let seen = 0;
    for (let step = 0; step < BUCKETS && found.length < fractions.length; step++) {
      seen += this.#counts[step]!;
      while (
        found.length < fractions.length && this.#total > 0 && seen >= fractions[found.length]! * this.#total
      ) {
        found.push(SHORTEST * 2 ** ((step + 1) / STEPS));
      }
    }
    this.#counts.fill(0);
    this.#total = 0;
    return fractions.map((_, i) => found[i] ?? NaN);
  }
}
