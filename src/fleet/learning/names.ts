import { scopedKey } from "../scoped_key.ts";
import type { Milliseconds } from "../time.ts";
import type { Observation } from "./sizes.ts";

/** Names whose hashes agree so far share this many places; which of them is forgotten is decided among them. */
const WAYS = 16;

/** Older sights of a name count less from so many on. */
const MOST = 8;

/** A name is kept for good from so many sights on: most names never come back. */
export const KEPT_FROM = 2;

/** What stands for a name: 64 bits, from which it cannot be read. */
export interface NameHash {
  readonly high: number;
  readonly low: number;
}

/** What rooms of a name came to. */
export interface KnownName {
  /** How many were seen, up to a bound. */
  readonly count: number;
  /** Their usual size, in clients. */
  readonly size: number;
  /** How long they usually grow. */
  readonly fillTime: Milliseconds;
  /** When one was last seen. */
  readonly at: Milliseconds;
}

/** A name as it is stored. */
export interface LearnedName extends NameHash {
  /** What was learned; none where the name is forgotten. */
  readonly known: KnownName | undefined;
}

/** A name of which something is known. */
interface RememberedName extends LearnedName {
  readonly known: KnownName;
}

/**
 * What rooms came to that had the same name before. Bounded: 25 bytes a name, in arrays that are made at once. Of names
 * that share a place, one that was seen once goes before those that came back, and the one seen longest ago before others:
 * so names that are all different never push out those that come back.
 */
export class Names {
  #places = 0;
  #high = new Uint32Array();
  #low = new Uint32Array();
  /** 0 where the place is free. */
  #count = new Uint8Array();
  #size = new Float32Array();
  #fillTime = new Float32Array();
  #at = new Float64Array();
  /** The places that have changed since that was last asked. */
  readonly #changed = new Set<number>();
  /** What else the store is to be told: names that it knows and that are forgotten. */
  #told: LearnedName[] = [];

  /** @param limit names that are remembered, to the next {@link WAYS} below */
  constructor(limit: number) {
    this.#make(limit);
  }

  /** From now on so many are remembered. */
  configure(limit: number): void {
    if (placesFor(limit) === this.#places) return;
    const known = [...this];
    this.#told = this.takeLearned();
    this.#make(limit);
    known.sort((a, b) => a.known.at - b.known.at).forEach((name) => this.restore(name));
  }

  #make(limit: number): void {
    const places = this.#places = placesFor(limit);
    this.#high = new Uint32Array(places);
    this.#low = new Uint32Array(places);
    this.#count = new Uint8Array(places);
    this.#size = new Float32Array(places);
    this.#fillTime = new Float32Array(places);
    this.#at = new Float64Array(places);
  }

  get(name: NameHash): KnownName | undefined {
    const place = this.#find(name);
    return place === undefined ? undefined : this.#known(place);
  }

  /** @param earlier what was learned of the same room before: it counts no more */
  learn(name: NameHash, { size, fillTime }: Observation, now: Milliseconds, earlier?: Observation): void {
    if (this.#places === 0) return;
    const found = this.#find(name);
    if (found === undefined) {
      this.#put(name, { count: 1, size, fillTime, at: now });
      return;
    }
    const { count, size: usual, fillTime: usually } = this.#known(found);
    const seen = earlier === undefined ? Math.min(MOST, count + 1) : count;
    const from = earlier ?? { size: usual, fillTime: usually };
    this.#write(found, {
      count: seen,
      size: Math.max(1, usual + (size - from.size) / seen),
      fillTime: Math.max(0, usually + (fillTime - from.fillTime) / seen),
      at: now,
    });
    this.#changed.add(found);
  }

  /** Takes over what was stored, or that it is forgotten. */
  restore({ high, low, known }: LearnedName): void {
    const place = this.#find({ high, low });
    if (known === undefined) {
      if (place !== undefined) this.#count[place] = 0;
    } else if (place !== undefined) this.#write(place, known);
    else if (this.#places > 0) this.#put({ high, low }, known);
  }

  /** What has been learned, or forgotten, of names that came back, since this was last asked. */
  takeLearned(): LearnedName[] {
    const learned = this.#told;
    for (const place of this.#changed) {
      const name = this.#nameAt(place);
      if (name.known.count >= KEPT_FROM) learned.push(name);
    }
    this.#told = [];
    this.#changed.clear();
    return learned;
  }

  /** The names that came back. */
  *[Symbol.iterator](): Generator<RememberedName> {
    for (let place = 0; place < this.#places; place++) {
      if (this.#count[place]! >= KEPT_FROM) yield this.#nameAt(place);
    }
  }

  #find({ high, low }: NameHash): number | undefined {
    if (this.#places === 0) return undefined;
    const first = this.#first(low);
    for (let place = first; place < first + WAYS; place++) {
      if (this.#low[place] === low && this.#high[place] === high && this.#count[place]! > 0) return place;
    }
    return undefined;
  }

  /** Gives a new name a place: a free one, or that of the name that is missed least. */
  #put(name: NameHash, known: KnownName): void {
    const first = this.#first(name.low);
    let worst = first;
    for (let place = first; place < first + WAYS; place++) {
      if (this.#worth(place) < this.#worth(worst)) worst = place;
    }
    if (this.#count[worst]! >= KEPT_FROM) {
      this.#told.push({ high: this.#high[worst]!, low: this.#low[worst]!, known: undefined });
    }
    this.#changed.delete(worst);
    this.#high[worst] = name.high;
    this.#low[worst] = name.low;
    this.#write(worst, known);
  }

  #write(place: number, { count, size, fillTime, at }: KnownName): void {
    this.#count[place] = count;
    this.#size[place] = size;
    this.#fillTime[place] = fillTime;
    this.#at[place] = at;
  }

  #nameAt(place: number): RememberedName {
    return { high: this.#high[place]!, low: this.#low[place]!, known: this.#known(place) };
  }

  #known(place: number): KnownName {
    return {
      count: this.#count[place]!,
      size: this.#size[place]!,
      fillTime: this.#fillTime[place]!,
      at: this.#at[place]!,
    };
  }

  #first(low: number): number {
    return low % (this.#places / WAYS) * WAYS;
  }

  /** Orders places by how much is lost with them. */
  #worth(place: number): number {
    const count = this.#count[place]!;
    if (count === 0) return -Infinity;
    return this.#at[place]! + (count >= KEPT_FROM ? CAME_BACK : 0);
  }
}

/** More than any clock differs by: one that came back is worth more than any that did not. */
const CAME_BACK: Milliseconds = 1e15;

function placesFor(limit: number): number {
  return limit === 0 ? 0 : Math.max(1, Math.floor(limit / WAYS)) * WAYS;
}

/** The hash of a group's name: two lanes of multiplying and folding, each over every character. */
export function nameHash(namespace: string, group: string): NameHash {
  const text = scopedKey([namespace, group]);
  let high = 0x2545f491;
  let low = 0x6c078965;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x2c1b3c6d);
    low = Math.imul((low ^ (low >>> 13)) + unit, 0x297a2d39);
  }
  return { high: fold(high ^ (low >>> 16)), low: fold(low ^ (high >>> 16)) };
}

/** Spreads what the last characters changed over all bits. */
function fold(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (folded ^ (folded >>> 15)) >>> 0;
}
