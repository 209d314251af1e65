import type { Milliseconds } from "../time.ts";

/** Ages at which it is looked how far a room has grown: from 15 s to an hour, each some 1.4 times the one before. */
export const AGES: readonly Milliseconds[] = Array.from({ length: 17 }, (_, i) => 15_000 * 2 ** (i / 2));

/** Fewer clients than so many, who had come by an age after the first of their rooms, tell nothing of how these grow. */
const TELLING = 20;

/** What is added up at each age: clients of grown rooms but for the first of each, the share of them that was there, and its square. */
const LANES = 3;

/** A curve as it is stored: what is added up at each of {@link AGES}. */
export type StoredCurve = readonly number[];

/** How far rooms have grown at an age. */
export interface Grown {
  /** Share of those who come after the first, in (0, 1]. */
  readonly share: number;
  /** Its variance from room to room. */
  readonly variance: number;
}

/**
 * How rooms of a kind grow: the share of their clients that has come, by age, and how much that differs from room to room.
 * The first client opens the room and says nothing. Larger rooms weigh more.
 */
export class GrowthCurve {
  /** Made with the first room: most kinds are seen once. */
  #sums: Float64Array | undefined;

  constructor(stored: StoredCurve = []) {
    if (stored.length === AGES.length * LANES) this.#sums = Float64Array.from(stored);
  }

  /**
   * Counts a room, or takes it back.
   *
   * @param path clients at each of the first of {@link AGES}; at the others it had come to its size
   * @param size clients that it came to
   * @param worth how much it counts; below 0 it is taken back
   */
  add(path: readonly number[], size: number, worth: number): void {
    const others = size - 1;
    if (others < 1) return;
    const sums = this.#sums ??= new Float64Array(AGES.length * LANES);
    for (let i = 0; i < AGES.length; i++) {
      const share = Math.min(1, Math.max(0, ((path[i] ?? size) - 1) / others));
      const more = [1, share, share ** 2];
      for (let lane = 0; lane < LANES; lane++) {
        const at = i * LANES + lane;
        sums[at] = Math.max(0, sums[at]! + others * worth * more[lane]!);
      }
    }
  }

  /** What is known is worth less. */
  fade(keep: number): void {
    const sums = this.#sums;
    if (sums !== undefined) { for (let i = 0; i < sums.length; i++) sums[i]! *= keep; }
  }

  /** How far rooms have grown at that age; nothing where too few had come by then. */
  at(age: Milliseconds): Grown | undefined {
    const after = AGES.findIndex((each) => each > age);
    if (after === 0) return undefined;
    const before = this.#at(after < 0 ? AGES.length - 1 : after - 1);
    const next = after < 0 ? before : this.#at(after);
    if (before === undefined || next === undefined) return undefined;
    const part = after < 0 ? 0 : (age - AGES[after - 1]!) / (AGES[after]! - AGES[after - 1]!);
    return {
      share: before.share + part * (next.share - before.share),
      variance: before.variance + part * (next.variance - before.variance),
    };
  }

  #at(age: number): Grown | undefined {
    const [weight = 0, sum = 0, squares = 0] = this.#sums?.subarray(age * LANES, (age + 1) * LANES) ?? [];
    if (sum < TELLING) return undefined;
    const share = sum / weight;
    return { share, variance: Math.max(0, squares / weight - share ** 2) };
  }

  stored(): StoredCurve | undefined {
    return this.#sums && Array.from(this.#sums, (its) => Number(its.toPrecision(6)));
  }
}
