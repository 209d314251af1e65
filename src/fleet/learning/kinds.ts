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

/** So many rooms count in how far off what was expected was. */
const JUDGED = 100;

/** How far off what was expected of rooms was: a mean of which what was long ago counts less. */
class Misses {
  /** Up to {@link JUDGED}. */
  #rooms = 0;
  #mean = 0;

  /** One more, in clients. */
  add(clients: number): void {
    this.#rooms = Math.min(JUDGED, this.#rooms + 1);
    this.#mean += (clients - this.#mean) / this.#rooms;
  }

  /** In clients; nothing where there was none. */
  get mean(): number | undefined {
    return this.#rooms === 0 ? undefined : this.#mean;
  }
}

/** A kind of which something is known. */
interface KnownKind {
  readonly kind: Kind;
  readonly sizes: Sizes;
  readonly misses: Misses;
}

/**
 * What is known of the sizes of rooms, by kind. What a kind lacks comes from its namespace, then from all rooms, then
 * from a default. Bounded: the kinds that were used longest ago are forgotten.
 */
export class Kinds {
  /** By {@link keyOf}, those used longest ago first. */
  readonly #kinds = new Map<string, KnownKind>();
  readonly #learned = new Map<string, Kind>();

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
      const known = this.#kinds.get(keyOf(level)) ??
        { kind: level, sizes: new Sizes(), misses: new Misses() };
      known.sizes.learn(observation, now, earlier);
      this.#keep(known);
      this.#learned.set(keyOf(level), level);
    }
  }

  /** A room of the kind came to a size, and was expected to come to another when it was new; both in clients. */
  judge(kind: Kind, expected: number, size: number): void {
    for (const level of levels(kind)) this.#kinds.get(keyOf(level))?.misses.add(Math.abs(expected - size));
  }

  /** By how many clients what was expected of rooms of the kind was off, on average; nothing where none was seen here. */
  missOf(kind: Kind): number | undefined {
    return this.#kinds.get(keyOf(kind))?.misses.mean;
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
    const known = levels(kind).map((level) => this.#kinds.get(keyOf(level))?.sizes)
      .filter((sizes) => sizes !== undefined);
    return new SizeEstimator(known, this.defaultSize, undefined);
  }

  /** Forgets what was learned of a kind. @returns whether anything was */
  forget(kind: Kind): boolean {
    return this.#kinds.delete(keyOf(kind));
  }

  /** Takes over what was stored, or that it is forgotten. */
  restore({ sizes, ...kind }: LearnedKind): void {
    if (sizes === undefined) this.#kinds.delete(keyOf(kind));
    else {
      const misses = this.#kinds.get(keyOf(kind))?.misses ?? new Misses();
      this.#keep({ kind, sizes: new Sizes(sizes), misses });
    }
  }

  /** What has been learned, or forgotten, since this was last asked. */
  takeLearned(): LearnedKind[] {
    const learned = Array.from(this.#learned, ([key, kind]) => ({
      ...kind,
      sizes: this.#kinds.get(key)?.sizes.stored(),
    }));
    this.#learned.clear();
    return learned;
  }

  [Symbol.iterator](): IterableIterator<readonly [Kind, Sizes]> {
    return this.#kinds.values().map(({ kind, sizes }) => [kind, sizes] as const);
  }

  #used(kind: Kind): Sizes | undefined {
    const known = this.#kinds.get(keyOf(kind));
    if (known !== undefined) this.#keep(known);
    return known?.sizes;
  }

  /** Makes the kind the newest; one too many ends the oldest. */
  #keep(known: KnownKind): void {
    const key = keyOf(known.kind);
    this.#kinds.delete(key);
    this.#kinds.set(key, known);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [key, { kind }] of this.#kinds) {
      if (this.#kinds.size <= this.limit) return;
      this.#kinds.delete(key);
      this.#learned.set(key, kind);
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

  /**
   * The size that hardly any room of the kind exceeds, in clients.
   *
   * @param expected the size that it is expected to reach
   * @returns at least that
   */
  largeSize(reached: number, expected: number, now: Milliseconds): number {
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

/** From the widest kind to the kind itself, each once: what names that are empty come to is their namespace. */
function levels(kind: Kind): readonly Kind[] {
  const { namespace, template } = kind;
  const all: Kind = { namespace: "", template: "" };
  const ofNamespace: Kind = { namespace, template: "" };
  if (template === "") return namespace === "" ? [all] : [all, ofNamespace];
  return namespace === "" ? [all, kind] : [all, ofNamespace, kind];
}

function keyOf({ namespace, template }: Kind): string {
  return scopedKey([namespace, template]);
}
