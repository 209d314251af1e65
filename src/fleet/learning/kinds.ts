import type { Milliseconds } from "../time.ts";
import { scopedKey } from "../scoped_key.ts";
import type { KnownName } from "./names.ts";
import { type Observation, Sizes, type StoredSizes } from "./sizes.ts";

/** Rooms that are expected to be alike: those of a namespace whose names have the same template. */
export interface Kind {
  readonly namespace: string;
  readonly template: string;
}

/** A kind as it is stored. An empty template stands for the whole namespace, an empty namespace for all rooms. */
export interface LearnedKind extends Kind {
  /** What was learned; none where the kind is forgotten. */
  readonly sizes: StoredSizes | undefined;
}

/** So many rooms of a wider kind are worth as much as what is known of a narrower one. */
const PRIOR_ROOMS = 2;

/** One room of a name says as much as so much of what its kind says. */
const NAME_WEIGHT = 20;

/** Share of the rooms that do not exceed what counts as a large one. */
const LARGE = 0.99;

/** Weight, in clients, and time that rooms grow where nothing is known. */
const PRIOR_FILL = { clients: 20, time: 120_000 };

/** How far off what was expected of rooms was. */
interface Misses {
  /** How many it is the mean of, up to {@link JUDGED}. */
  readonly rooms: number;
  /** The mean, in clients. */
  readonly clients: number;
}

/** So many rooms count in how far off what was expected was. */
const JUDGED = 100;

/**
 * What is known of the sizes of rooms, by kind. What a kind lacks comes from its namespace, then from all rooms, then
 * from a default. Bounded: the kinds that were used longest ago are forgotten.
 */
export class Kinds {
  readonly #kinds = new Map<string, readonly [Kind, Sizes]>();
  readonly #learned = new Map<string, Kind>();
  /** How far off what was expected of rooms was, by kind. */
  readonly #misses = new Map<string, Misses>();

  /**
   * @param limit kinds that are kept, namespaces included
   * @param defaultSize clients of a room of which nothing is known
   */
  constructor(public limit: number, public defaultSize: number) {}

  /** From now on these hold; of kinds above the limit, those used longest ago are forgotten. */
  configure(limit: number, defaultSize: number): void {
    this.limit = limit;
    this.defaultSize = defaultSize;
    this.#forgetOldest();
  }

  get size(): number {
    return this.#kinds.size;
  }

  /**
   * A room of the kind was seen to come to something.
   *
   * @param earlier what was learned of the same room before, and counts no more
   */
  learn(kind: Kind, observation: Observation, now: Milliseconds, earlier?: Observation): void {
    for (const level of levels(kind)) {
      const sizes = this.#kinds.get(keyOf(level))?.[1] ?? new Sizes();
      sizes.learn(observation, now, earlier);
      this.#keep(level, sizes);
      this.#learned.set(keyOf(level), level);
    }
  }

  /** A room of the kind came to a size, and was expected to come to another when it was new; both in clients. */
  judge(kind: Kind, expected: number, size: number): void {
    for (const level of levels(kind)) {
      const key = keyOf(level);
      if (!this.#kinds.has(key)) continue;
      const { rooms, clients } = this.#misses.get(key) ?? { rooms: 0, clients: 0 };
      const share = Math.max(1 / (rooms + 1), 1 / JUDGED); // so that what was long ago counts less
      this.#misses.set(key, {
        rooms: Math.min(JUDGED, rooms + 1),
        clients: clients + (Math.abs(expected - size) - clients) * share,
      });
    }
  }

  /** By how many clients what was expected of rooms of the kind was off, on average; nothing where none was seen here. */
  missOf(kind: Kind): number | undefined {
    return this.#misses.get(keyOf(kind))?.clients;
  }

  /**
   * What is known of a kind now; from then on it counts as used.
   *
   * @param name what is known of rooms of the same name, which says more
   */
  estimatorFor(kind: Kind, name?: KnownName): SizeEstimator {
    const known = levels(kind).map((level) => this.#used(level)).filter((sizes) => sizes !== undefined);
    return new SizeEstimator(known, this.defaultSize, name);
  }

  /** What is known of a kind, for people: without counting it as used. */
  look(kind: Kind): SizeEstimator {
    const keys = new Set(levels(kind).map(keyOf));
    const known = Array.from(keys, (key) => this.#kinds.get(key)?.[1]).filter((sizes) => sizes !== undefined);
    return new SizeEstimator(known, this.defaultSize, undefined);
  }

  /** Forgets what was learned of a kind. @returns whether anything was */
  forget(kind: Kind): boolean {
    this.#misses.delete(keyOf(kind));
    return this.#kinds.delete(keyOf(kind));
  }

  /** Takes over what was stored, or that it is forgotten. */
  restore({ sizes, ...kind }: LearnedKind): void {
    if (sizes === undefined) this.#kinds.delete(keyOf(kind));
    else this.#keep(kind, new Sizes(sizes));
  }

  /** What has been learned, or forgotten, since this was last asked. */
  takeLearned(): LearnedKind[] {
    const learned = Array.from(this.#learned, ([key, kind]) => ({
      ...kind,
      sizes: this.#kinds.get(key)?.[1].stored(),
    }));
    this.#learned.clear();
    return learned;
  }

  [Symbol.iterator](): IterableIterator<readonly [Kind, Sizes]> {
    return this.#kinds.values();
  }

  #used(kind: Kind): Sizes | undefined {
    const sizes = this.#kinds.get(keyOf(kind))?.[1];
    if (sizes !== undefined) this.#keep(kind, sizes);
    return sizes;
  }

  /** Makes the kind the newest; one too many ends the oldest. */
  #keep(kind: Kind, sizes: Sizes): void {
    const key = keyOf(kind);
    this.#kinds.delete(key);
    this.#kinds.set(key, [kind, sizes]);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    while (this.#kinds.size > this.limit) {
      const [oldest] = this.#kinds.values().next().value!;
      this.#kinds.delete(keyOf(oldest));
      this.#misses.delete(keyOf(oldest));
      this.#learned.set(keyOf(oldest), oldest);
    }
  }
}

/** What is known of a room: from all rooms, those of its namespace, its kind and its name, as far as there is anything. */
export class SizeEstimator {
  /** @param levels from the widest to the narrowest */
  constructor(
    readonly levels: readonly Sizes[],
    readonly defaultSize: number,
    readonly name: KnownName | undefined,
  ) {}

  /**
   * The size that a room of the kind is expected to reach, in clients, having reached this one already.
   *
   * @returns at least `reached`, and at least 1
   */
  expectedSize(reached: number, now: Milliseconds): number {
    let expected = Math.max(1, reached, this.defaultSize);
    for (const sizes of this.levels) {
      const { weight, sum } = sizes.from(reached, now);
      expected = (sum + PRIOR_ROOMS * expected) / (weight + PRIOR_ROOMS);
    }
    return this.#blend(expected, ({ size }) => Math.max(reached, size));
  }

  /** The size that hardly any room of the kind exceeds, in clients; at least the expected size. */
  largeSize(reached: number, now: Milliseconds): number {
    const expected = this.expectedSize(reached, now);
    let large = expected;
    for (const sizes of this.levels) {
      const { weight } = sizes.from(0, now);
      large = (weight * sizes.quantile(LARGE) + PRIOR_ROOMS * large) / (weight + PRIOR_ROOMS);
    }
    return Math.max(expected, this.#blend(large, ({ size }) => Math.max(reached, size)));
  }

  /** How long rooms of the kind are expected to grow. */
  get fillTime(): Milliseconds {
    let expected = PRIOR_FILL.time;
    for (const { fillTime: { weight, mean } } of this.levels) {
      expected = (weight * mean + PRIOR_FILL.clients * expected) / (weight + PRIOR_FILL.clients);
    }
    return this.#blend(expected, ({ fillTime }) => fillTime);
  }

  /** What a kind says, and what a name says, by how often it was seen. */
  #blend(ofKind: number, ofName: (name: KnownName) => number): number {
    if (this.name === undefined) return ofKind;
    const weight = NAME_WEIGHT * this.name.count;
    return (weight * ofName(this.name) + ofKind) / (weight + 1);
  }
}

/** From the widest kind to the kind itself. */
function levels(kind: Kind): readonly Kind[] {
  return [{ namespace: "", template: "" }, { namespace: kind.namespace, template: "" }, kind];
}

function keyOf({ namespace, template }: Kind): string {
  return scopedKey([namespace, template]);
}
