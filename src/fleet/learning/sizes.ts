import type { Milliseconds } from "../time.ts";
import { GrowthCurve, type StoredCurve } from "./growth_curve.ts";

/** What has been learned is worth half after so long, */
const HALF_LIFE: Milliseconds = 24 * 3_600_000;
/** So many rooms count: */
const NEWEST = 500;
/** each further one makes what was known worth so much less. */
const KEEP = 1 - 1 / NEWEST;

/** A {@link Span} has at least so many rooms, and is at least so long; */
const SPAN = { rooms: 100, time: 300_000 };
/** it is forgotten after so long, where {@link NEWEST} rooms came later. */
const TRACED_FOR: Milliseconds = 2 * 3_600_000;

/** Sizes between two powers of two: how many, and their sum, with older ones worth less. */
type Bin = readonly [weight: number, sum: number];

/** So many rooms were learned from the first of them to the last. */
type Span = readonly [from: Milliseconds, to: Milliseconds, rooms: number];

/** A distribution as it is stored. */
export interface StoredSizes {
  readonly bins: readonly Bin[];
  /** Weight and sum of the ages at which rooms had grown, in milliseconds; larger rooms weigh more. */
  readonly fill: Bin;
  /** When it last learned. */
  readonly at: Milliseconds;
  /** The spans, the oldest first; their times are how long before that. */
  readonly spans?: readonly Span[] | undefined;
  /** How rooms grow. */
  readonly curve?: StoredCurve | undefined;
  /** How sizes within a bin differ: weight, and sum of the squares by which they are off the bin's mean, as shares of it. */
  readonly within?: Bin | undefined;
}

/** What a room came to, in clients, and how long it grew. */
export interface Observation {
  /** At least 1. */
  readonly size: number;
  readonly fillTime: Milliseconds;
  /** Clients at each of the first of `AGES`; absent where the room was not seen from its beginning. */
  readonly path?: readonly number[] | undefined;
}

/** What was learned of a room, and is corrected where the room grows on. */
export interface Lesson extends Observation {
  /** When it was learned about first: a room that was corrected stands for as much as before. */
  readonly at: Milliseconds;
}

/** The sizes that a room may reach. */
export interface SizeSpread {
  readonly mean: number;
  readonly variance: number;
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
  /** When rooms were learned, the oldest first: it tells what one of them stands for. */
  #spans: Span[];
  /** How its rooms grow. */
  readonly curve: GrowthCurve;
  #within: Bin;

  constructor(
    { bins, fill, at, spans = [], curve, within = [0, 0] }: StoredSizes = { bins: [], fill: [0, 0], at: 0 },
  ) {
    this.curve = new GrowthCurve(curve);
    this.#within = within;
    this.#bins = [...bins];
    this.#fill = fill;
    this.#at = at;
    this.#spans = spans.map(([from, to, rooms]) => [at - from, at - to, rooms]);
  }

  /**
   * Those of several together.
   *
   * @param most rooms that each of them counts for at most
   */
  static mixed(several: readonly Sizes[], most: number): Sizes {
    const mixed = new Sizes();
    mixed.#at = several.reduce((latest, sizes) => Math.max(latest, sizes.#at), 0);
    for (const sizes of several) {
      const worth = sizes.#worth(mixed.#at);
      const share = worth * Math.min(1, most / (sizes.weight * worth));
      for (const [bin, its] of sizes.#bins.entries()) mixed.#bins[bin] = plus(mixed.#bins[bin], its, share);
      mixed.#fill = plus(mixed.#fill, sizes.#fill, share);
    }
    return mixed;
  }

  /**
   * @param earlier what was learned of the same room before: what it stands for counts for this instead. None, where nothing
   *   is left of that time: then it is a room like others
   */
  learn(observed: Observation, now: Milliseconds, earlier?: Lesson): void {
    const corrected = this.#spans.length > 0 ? earlier : undefined;
    const keep = this.#worth(now) * (corrected === undefined ? KEEP : 1);
    this.#at = now;
    this.#bins = this.#bins.map(([weight, sum]) => [weight * keep, sum * keep]);
    this.#fill = [this.#fill[0] * keep, this.#fill[1] * keep];
    this.#learnGrowth(observed, keep, corrected);
    if (corrected === undefined) {
      this.#trace(now);
      this.#add(observed, 1);
    } else {
      const worth = this.#standsFor(corrected.at);
      this.#takeBack(corrected, worth);
      this.#add(observed, worth);
    }
  }

  #learnGrowth({ size, path }: Observation, keep: number, corrected: Lesson | undefined): void {
    const [weight, sum] = this.#bins[binOf(size)] ?? [0, 0];
    const off = weight > 0 ? size / (sum / weight) - 1 : 0;
    this.#within = plus([this.#within[0] * keep, this.#within[1] * keep], [1, off ** 2], 1);
    this.curve.fade(keep);
    if (corrected?.path !== undefined) this.curve.add(corrected.path, corrected.size, -1);
    if (path !== undefined) this.curve.add(path, size, 1);
  }

  #add({ size, fillTime }: Observation, worth: number): void {
    const its = binOf(size);
    while (this.#bins.length <= its) this.#bins.push([0, 0]);
    this.#bins[its] = plus(this.#bins[its], [1, size], worth);
    this.#fill = plus(this.#fill, [size, size * fillTime], worth);
  }

  /** Takes out what is left of a room. */
  #takeBack({ size, fillTime }: Observation, worth: number): void {
    const its = binOf(size);
    const [weight, sum] = this.#bins[its] ?? [0, 0];
    if (weight > 0) {
      const left = Math.max(0, weight - worth);
      const smallest = left * 2 ** its;
      this.#bins[its] = [left, Math.min(2 * smallest, Math.max(smallest, sum - (weight - left) * size))];
    }
    const [clients, time] = this.#fill;
    this.#fill = [Math.max(0, clients - worth * size), Math.max(0, time - worth * size * fillTime)];
  }

  /** A room is learned now. */
  #trace(now: Milliseconds): void {
    const [from, , rooms] = this.#spans.at(-1) ?? [-Infinity, 0, SPAN.rooms];
    if (rooms < SPAN.rooms || now - from < SPAN.time) {
      this.#spans[this.#spans.length - 1] = [from, now, rooms + 1];
      return;
    }
    this.#spans.push([now, now, 1]);
    const newer = this.#spans.slice(1).reduce((sum, [, , its]) => sum + its, 0);
    if (newer >= NEWEST && now - this.#spans[0]![1] > TRACED_FOR) this.#spans.shift();
  }

  /**
   * Weight that a room stands for which was learned at that time: its share of the rooms that were learned about then, within
   * as long as the {@link NEWEST} took. Of 5,000 that came at once it is a five-thousandth. Where rooms come all the time, those
   * of its time are forgotten by now, and it tells of those that came since. O(spans).
   *
   * @returns at most 1
   */
  #standsFor(learned: Milliseconds): number {
    const at = Math.max(learned, this.#spans[0]![0]);
    const turnover = this.#at - this.#newestFrom();
    const until = Math.min(this.#at, at + turnover / 2);
    const from = turnover === Infinity ? -Infinity : until - turnover;
    let beside = 0;
    for (const span of this.#spans) {
      beside += roomsWithin(span, from, until) * halved(this.#at - (span[0] + span[1]) / 2);
    }
    return Math.min(1, this.weight * halved(this.#at - at) / beside);
  }

  /** When the {@link NEWEST} rooms began; long ago, where there are fewer. */
  #newestFrom(): Milliseconds {
    let left = NEWEST;
    for (const [from, to, rooms] of this.#spans.toReversed()) {
      if (rooms >= left) return to - (to - from) * left / rooms;
      left -= rooms;
    }
    return -Infinity;
  }

  /** How many rooms count, when it last learned. */
  get weight(): number {
    return this.#bins.reduce((total, [weight]) => total + weight, 0);
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

  /** The mean of {@link from}, and how far off it sizes are; nothing where none is known. */
  spread(reached: number): SizeSpread | undefined {
    const within = this.#within[0] > 0 ? this.#within[1] / this.#within[0] : 0;
    let [weight, sum, squares] = [0, 0, 0];
    for (let bin = binOf(reached); bin < this.#bins.length; bin++) {
      const [its, total] = this.#bins[bin]!;
      if (its === 0) continue;
      const mean = Math.max(total / its, reached);
      weight += its;
      sum += its * mean;
      squares += its * mean ** 2 * (1 + within);
    }
    if (weight === 0) return undefined;
    const mean = sum / weight;
    return { mean, variance: Math.max(0, squares / weight - mean ** 2) };
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
    let left = share * this.weight;
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
    const before = (time: Milliseconds) => Math.round(this.#at - time);
    const spans = this.#spans.map(([from, to, rooms]): Span => [before(from), before(to), rooms]);
    const curve = this.curve.stored();
    const growth = curve === undefined ? {} : { curve, within: round(this.#within) };
    return { bins: this.#bins.map(round), fill: round(this.#fill), at: this.#at, spans, ...growth };
  }

  #worth(now: Milliseconds): number {
    return halved(now - this.#at);
  }
}

/** What is left of something after a time, for its age alone. */
function halved(age: Milliseconds): number {
  return 2 ** (-Math.max(0, age) / HALF_LIFE);
}

/** How many rooms of a span were learned between two times, if they came evenly. */
function roomsWithin([from, to, rooms]: Span, after: Milliseconds, until: Milliseconds): number {
  if (from > until || to < after) return 0;
  return to === from ? rooms : rooms * (Math.min(to, until) - Math.max(from, after)) / (to - from);
}

/** A bin, and so much of another. */
function plus(bin: Bin | undefined, [more, total]: Bin, share: number): Bin {
  const [weight, sum] = bin ?? [0, 0];
  return [weight + share * more, sum + share * total];
}

/** Sizes from 2³¹ on share a bin. */
function binOf(size: number): number {
  return 31 - Math.clz32(Math.max(1, Math.min(size, 0x7fffffff)));
}
