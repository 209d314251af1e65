import type { Milliseconds } from "../time.ts";
import { scopedKey } from "../scoped_key.ts";
import { isUnvouched } from "../unvouched.ts";
import { KeptKinds } from "./kept_kinds.ts";
import type { KnownName } from "./names.ts";
import { type Lesson, type Observation, Sizes, type StoredSizes } from "./sizes.ts";

/** Rooms that are expected to be alike: those of a namespace whose names have the same template. */
export interface Kind {
  readonly namespace: string;
  readonly template: string;
}

/** A kind as it is stored. An empty template stands for the whole namespace. */
export interface LearnedKind extends Kind {
  /** What was learned; none where the kind is forgotten. */
  readonly sizes: StoredSizes | undefined;
}

/** So many rooms of a wider kind are worth as much as what is known of a narrower one. */
const PRIOR_ROOMS = 2;

/** A namespace counts for at most so many rooms in what is known of all: none tells what the others are to expect. */
const NAMESPACE_ROOMS = 100;

/** What is known of all rooms is added up anew once per so many namespaces that have learned: each costs as much as that. */
const NAMESPACES_AT_ONCE = 32;

/** Stands for all rooms where it is shown or forgotten. */
const ALL: Kind = { namespace: "", template: "" };

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
export interface KnownKind {
  readonly kind: Kind;
  readonly sizes: Sizes;
  readonly misses: Misses;
}

/**
 * What is known of the sizes of rooms, by kind. What a kind lacks comes from its namespace, then from all rooms, then
 * from a default. Bounded, as `KeptKinds` tells.
 */
export class Kinds {
  readonly #kept = new KeptKinds();
  /** The namespaces as a whole, of those that are kept. */
  readonly #namespaces = new Map<string, Sizes>();
  /** What is known of all rooms, and how many rooms have been learned since. */
  #all = new Sizes();
  #unheard = 0;
  readonly #missesOfAll = new Misses();
  /** By {@link keyOf}. */
  readonly #learned = new Map<string, Kind>();

  /**
   * @param limit kinds that are kept, namespaces included
   * @param defaultSize clients of a room of which nothing is known
   */
  constructor(public limit: number, public defaultSize: number) {}

  /** From now on these hold; of kinds above the limit, those that are missed least are forgotten. */
  configure(limit: number, defaultSize: number): void {
    this.limit = limit;
    this.defaultSize = defaultSize;
    this.#forgetSome();
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * A room of the kind was seen to come to something.
   *
   * @param earlier what was learned of the same room before, and counts no more
   */
  learn(kind: Kind, observed: Observation, now: Milliseconds, earlier?: Lesson): void {
    for (const level of levels(kind)) {
      const known = this.#kept.get(level) ?? { kind: level, sizes: new Sizes(), misses: new Misses() };
      known.sizes.learn(observed, now, earlier);
      this.#keep(known);
      this.#learned.set(keyOf(level), level);
    }
    this.#unheard++;
    this.#forgetSome();
  }

  /** A room of the kind came to a size, and was expected to come to another when it was new; both in clients. */
  judge(kind: Kind, expected: number, size: number): void {
    const miss = Math.abs(expected - size);
    this.#missesOfAll.add(miss);
    for (const level of levels(kind)) this.#kept.get(level)?.misses.add(miss);
  }

  /** By how many clients what was expected of rooms of the kind was off, on average; nothing where none was seen here. */
  missOf(kind: Kind): number | undefined {
    return (isAll(kind) ? this.#missesOfAll : this.#kept.get(kind)?.misses)?.mean;
  }

  /**
   * What is known of a kind now; from then on it counts as used.
   *
   * @param name what is known of rooms of the same name, which says more
   */
  estimatorFor(kind: Kind, name?: KnownName): SizeEstimator {
    const known = this.#levelsOf(kind);
    for (const each of known) this.#kept.keep(each);
    return this.#estimator(known, name);
  }

  /** What is known of a kind, for people: without counting it as used. */
  look(kind: Kind): SizeEstimator {
    return this.#estimator(isAll(kind) ? [] : this.#levelsOf(kind), undefined);
  }

  /** Forgets what was learned of a kind; of all rooms, what was learned of each namespace as a whole. @returns of which */
  forget(kind: Kind): readonly Kind[] {
    const namespaces = Array.from(
      this.#namespaces.keys(),
      (namespace): Kind => ({ namespace, template: "" }),
    );
    return (isAll(kind) ? namespaces : [kind]).filter((each) => this.#delete(each));
  }

  /**
   * Takes over what was stored, or that it is forgotten. All rooms, which a version had a row for, are no kind: they are what is
   * known of each namespace, and the store is told to forget the row.
   */
  restore({ sizes, ...kind }: LearnedKind): void {
    if (sizes === undefined) {
      this.#delete(kind);
      return;
    }
    if (isAll(kind)) {
      this.#learned.set(keyOf(kind), kind);
      return;
    }
    const misses = this.#kept.get(kind)?.misses ?? new Misses();
    this.#keep({ kind, sizes: new Sizes(sizes), misses });
    this.#unheard = Infinity;
    this.#forgetSome();
  }

  /** What has been learned, or forgotten, since this was last asked. */
  takeLearned(): LearnedKind[] {
    const learned = Array.from(this.#learned.values(), (kind) => ({
      ...kind,
      sizes: this.#kept.get(kind)?.sizes.stored(),
    }));
    this.#learned.clear();
    return learned;
  }

  /** Everything that is to be stored, from what was learned longest ago to the newest. */
  stored(): LearnedKind[] {
    return Array.from(this.#kept).sort((a, b) => a.sizes.learned - b.sizes.learned)
      .map(({ kind, sizes }) => ({ ...kind, sizes: sizes.stored() }));
  }

  /** All rooms, where anything is known of them, and each kind. */
  *[Symbol.iterator](): Generator<readonly [Kind, Sizes], void, void> {
    if (this.size > 0) yield [ALL, this.#allRooms()];
    for (const { kind, sizes } of this.#kept) if (!isAll(kind)) yield [kind, sizes];
  }

  /** What is known of one of these; nothing where it is forgotten. */
  sizesOf(kind: Kind): Sizes | undefined {
    if (isAll(kind)) return this.size > 0 ? this.#allRooms() : undefined;
    return this.#kept.get(kind)?.sizes;
  }

  #levelsOf(kind: Kind): readonly KnownKind[] {
    return levels(kind).map((level) => this.#kept.get(level)).filter((known) => known !== undefined);
  }

  #estimator(known: readonly KnownKind[], name: KnownName | undefined): SizeEstimator {
    const all = this.size > 0 ? [this.#allRooms()] : [];
    return new SizeEstimator([...all, ...known.map(({ sizes }) => sizes)], this.defaultSize, name);
  }

  /** What is known of all rooms: each namespace counts for at most {@link NAMESPACE_ROOMS}, as do all that nobody vouches for. */
  #allRooms(): Sizes {
    const { size } = this.#namespaces;
    if (this.#unheard >= Math.max(1, size / NAMESPACES_AT_ONCE)) {
      const [vouched, unvouched]: [Sizes[], Sizes[]] = [[], []];
      for (const [name, sizes] of this.#namespaces) (isUnvouched(name) ? unvouched : vouched).push(sizes);
      if (unvouched.length > 0) vouched.push(Sizes.mixed(unvouched, NAMESPACE_ROOMS));
      this.#all = Sizes.mixed(vouched, NAMESPACE_ROOMS);
      this.#unheard = 0;
    }
    return this.#all;
  }

  #keep(known: KnownKind): void {
    this.#kept.keep(known);
    if (known.kind.template === "") this.#namespaces.set(known.kind.namespace, known.sizes);
  }

  #delete(kind: Kind): boolean {
    if (kind.template === "") this.#namespaces.delete(kind.namespace);
    this.#unheard = Infinity;
    return this.#kept.delete(kind);
  }

  #forgetSome(): void {
    for (let kind; (kind = this.#kept.forgetOne(this.limit)) !== undefined;) {
      if (kind.template === "") this.#namespaces.delete(kind.namespace);
      this.#learned.set(keyOf(kind), kind);
    }
  }
}

/** How many times the size that hardly any room of its kind exceeds a room is expected to come to, by its age, at most. */
const BEYOND = 1.25;

/** What is known of a room: from all rooms, those of its namespace, its kind and its name, as far as there is anything. */
export class SizeEstimator {
  /** @param levels from the widest to the narrowest */
  constructor(
    readonly levels: readonly Sizes[],
    readonly defaultSize: number,
    readonly name: KnownName | undefined,
  ) {}

  /** The same of another room of the kind. */
  named(name: KnownName | undefined): SizeEstimator {
    return name === this.name ? this : new SizeEstimator(this.levels, this.defaultSize, name);
  }

  /**
   * The size that a room of the kind is expected to reach, in clients, having reached this one already.
   *
   * @param age at which it has, where it was seen from its beginning
   * @returns at least `reached`, and at least 1
   */
  expectedSize(reached: number, now: Milliseconds, age?: Milliseconds): number {
    let expected = Math.max(1, reached, this.defaultSize);
    for (const sizes of this.levels) {
      const { weight, sum } = sizes.from(reached, now);
      expected = (sum + PRIOR_ROOMS * expected) / (weight + PRIOR_ROOMS);
    }
    if (age !== undefined) expected = Math.max(reached, this.#byAge(expected, reached, age));
    return this.#blend(expected, ({ size }) => Math.max(reached, size));
  }

  /**
   * What a room is expected to reach, and what its clients at its age say if it grows as its kind does, each by how far off it
   * usually is: Bühlmann's credibility, the best that is linear in what is seen.
   */
  #byAge(expected: number, reached: number, age: Milliseconds): number {
    const sizes = this.levels.at(-1);
    const grown = reached > 0 ? sizes?.curve.at(age) : undefined;
    const spread = grown && sizes!.spread(reached);
    if (grown === undefined || spread === undefined) return expected;
    // Who begins faster than any did comes to what they came to, or to somewhat more.
    const most = Math.max(expected, BEYOND * sizes!.quantile(LARGE));
    const says = Math.min(most, 1 + (reached - 1) / grown.share);
    const error = (expected - 1) ** 2 * grown.variance / grown.share ** 2;
    const both = spread.variance + error;
    return both > 0 ? expected + spread.variance / both * (says - expected) : expected;
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

/** The namespace and the kind, each once: what names that are empty come to is their namespace. */
function levels(kind: Kind): readonly Kind[] {
  const { namespace, template } = kind;
  return template === "" ? [kind] : [{ namespace, template: "" }, kind];
}

function isAll({ namespace, template }: Kind): boolean {
  return namespace === "" && template === "";
}

function keyOf({ namespace, template }: Kind): string {
  return scopedKey([namespace, template]);
}
