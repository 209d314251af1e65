import type { Milliseconds } from "../time.ts";

/** What has been learned is worth half after so long, */
const HALF_LIFE: Milliseconds = 24 * 3_600_000;
/** and each further size makes what was known worth so much less: about the newest 500 count. */
const KEEP = 1 - 1 / 500;

/** Sizes between two powers of two: how many, and their sum, with older ones worth less. */
type Bin = readonly [weight: number, sum: number];

/** A distribution as it is stored. */
export interface StoredSizes {
  readonly bins: readonly Bin[];
  /** Weight and sum of the ages at which rooms had grown, in milliseconds; larger rooms weigh more. */
  readonly fill: Bin;
  /** When it last learned. */
  readonly at: Milliseconds;
}

/** What a room came to, in clients, and how long it grew. */
export interface Observation {
  /** At least 1. */
  readonly size: number;
  readonly fillTime: Milliseconds;
}

/** How many sizes count, and their sum. */
export interface SizeSum {
  readonly weight: number;
  readonly sum: number;
}

/**
 * The sizes that rooms of one kind reached, as a distribution that forgets slowly. It keeps a weight and a sum for each
 * power of two, so sizes that are all alike are exact, and rare large ones are not lost in a mean.
 */
export class Sizes {
  #bins: Bin[];
  #fill: Bin;
  #at: Milliseconds;

  constructor({ bins, fill, at }: StoredSizes = { bins: [], fill: [0, 0], at: 0 }) {
    this.#bins = [...bins];
    this.#fill = fill;
    this.#at = at;
  }

  /** @param earlier what was learned of the same room before: it counts no more */
  learn({ size, fillTime }: Observation, now: Milliseconds, earlier?: Observation): void {
    const keep = this.#worth(now) * (earlier === undefined ? KEEP : 1);
    this.#at = now;
    const its = binOf(size);
    while (this.#bins.length <= its) this.#bins.push([0, 0]);
    this.#bins = this.#bins.map(([weight, sum]) => [weight * keep, sum * keep]);
    this.#fill = [this.#fill[0] * keep, this.#fill[1] * keep];
    if (earlier !== undefined) this.#takeBack(earlier);
    const [weight, sum] = this.#bins[its]!;
    this.#bins[its] = [weight + 1, sum + size];
    this.#fill = [this.#fill[0] + size, this.#fill[1] + size * fillTime];
  }

  /** Takes out as much as one room counts, or what is left of it. */
  #takeBack({ size, fillTime }: Observation): void {
    const its = binOf(size);
    const [weight, sum] = this.#bins[its] ?? [0, 0];
    if (weight > 0) {
      const left = Math.max(0, weight - 1);
      const smallest = left * 2 ** its;
      this.#bins[its] = [left, Math.min(2 * smallest, Math.max(smallest, sum - (weight - left) * size))];
    }
    const [clients, time] = this.#fill;
    this.#fill = [Math.max(0, clients - size), Math.max(0, time - size * fillTime)];
  }

  /** The sizes that a room may still reach which has reached this one. */
  from(reached: number, now: Milliseconds): SizeSum {
    const worth = this.#worth(now);
    let weight = 0;
    let sum = 0;
    for (let bin = binOf(reached); bin < this.#bins.length; bin++) {
      const [its, total] = this.#bins[bin]!;
      if (its === 0) continue;
      weight += its;
      sum += Math.max(total, reached * its);
    }
    return { weight: weight * worth, sum: sum * worth };
  }

  /** When it last learned. */
  get learned(): Milliseconds {
    return this.#at;
  }

  /** How long rooms of the kind grow: the mean, with larger rooms weighing more. */
  get fillTime(): { readonly weight: number; readonly mean: Milliseconds } {
    const [weight, sum] = this.#fill;
    return { weight, mean: weight > 0 ? sum / weight : 0 };
  }

  /** The size that this share of the rooms does not exceed, to the mean of the sizes about it; 0 where none are known. */
  quantile(share: number): number {
    let left = share * this.#bins.reduce((total, [weight]) => total + weight, 0);
    let size = 0;
    for (const [weight, sum] of this.#bins) {
      if (weight === 0) continue;
      size = sum / weight;
      left -= weight;
      if (left <= 0) break;
    }
    return size;
  }

  stored(): StoredSizes {
    const round = ([weight, sum]: Bin): Bin => [Number(weight.toPrecision(6)), Number(sum.toPrecision(6))];
    return { bins: this.#bins.map(round), fill: round(this.#fill), at: this.#at };
  }

  #worth(now: Milliseconds): number {
    return 2 ** (-Math.max(0, now - this.#at) / HALF_LIFE);
  }
}

/** Sizes from 2³¹ on share a bin. */
function binOf(size: number): number {
  return 31 - Math.clz32(Math.max(1, Math.min(size, 0x7fffffff)));
}
