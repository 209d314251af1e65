import { scopedKey } from "../scoped_key.ts";
import { ownerOf as ownerOfNamespace } from "../unvouched.ts";
import type { Milliseconds } from "../time.ts";
import type { Observation } from "./sizes.ts";

/** Fraction of the names, in [0, 1], below which those that were seen once push out none that came back. */
const SEEN_ONCE = 1 / 8;

/** Where a name has to go, it is one of so many that are looked at; */
const LOOKED_AT = 16;
/** so many places are tried to find them. */
const TRIES = 256;

/** No name: the end of a list of names. */
const NONE = -1;

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
 * What rooms came to that had the same name before. Bounded: 33 bytes a name and 256 KiB, in arrays that are made at once. Up to the limit
 * all are remembered. Then a name that was seen once goes before those that came back, whichever it is, so that names that
 * come back after more others than are remembered are met again at some time; but for an eighth, for which the one seen longest
 * ago goes of some that came back. Of those that are looked at, one of the namespace that has the most goes: so nobody's
 * names push out those of others.
 */
export class Names {
  /** How many there are: they have the first places. */
  #size = 0;
  /** How many of them were seen once. */
  #once = 0;
  #high = new Uint32Array();
  #low = new Uint32Array();
  #count = new Uint8Array();
  #usual = new Float32Array();
  #fillTime = new Float32Array();
  #at = new Float64Array();
  /** The names whose hashes agree so far as there are places: the first of each, and the next of each place. */
  #first = new Int32Array();
  #next = new Int32Array();
  /** How many names a namespace has, by {@link ownerOf}. */
  readonly #owned = new Uint32Array(OWNERS);
  /** The places that have changed since that was last asked. */
  readonly #changed = new Set<number>();
  /** What else the store is to be told: names that it knows and that are forgotten. */
  #told: LearnedName[] = [];

  /** @param limit names that are remembered */
  constructor(limit: number) {
    this.#make(limit);
  }

  /** From now on so many are remembered. */
  configure(limit: number): void {
    if (limit === this.#places) return;
    const known = Array.from({ length: this.#size }, (_, place) => this.#nameAt(place));
    this.#told = this.takeLearned();
    this.#make(limit);
    known.sort((a, b) => a.known.at - b.known.at).forEach((name) => this.restore(name));
  }

  #make(limit: number): void {
    this.#size = this.#once = 0;
    this.#high = new Uint32Array(limit);
    this.#low = new Uint32Array(limit);
    this.#count = new Uint8Array(limit);
    this.#usual = new Float32Array(limit);
    this.#fillTime = new Float32Array(limit);
    this.#at = new Float64Array(limit);
    this.#first = new Int32Array(limit).fill(NONE);
    this.#next = new Int32Array(limit);
    this.#owned.fill(0);
  }

  get #places(): number {
    return this.#high.length;
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

  /**
   * Forgets names. O(names)
   *
   * @returns how many, and those of them that the store has
   */
  forget(isMeant: (name: NameHash) => boolean): { readonly count: number; readonly stored: LearnedName[] } {
    const before = this.#size;
    const stored: LearnedName[] = [];
    for (let place = before - 1; place >= 0; place--) { // from the last on: it moves to where one is taken
      const name = { high: this.#high[place]!, low: this.#low[place]!, known: undefined };
      if (!isMeant(name)) continue;
      if (this.#count[place]! >= KEPT_FROM) stored.push(name);
      this.#take(place);
    }
    return { count: before - this.#size, stored };
  }

  /** Takes over what was stored, or that it is forgotten. */
  restore({ high, low, known }: LearnedName): void {
    const place = this.#find({ high, low });
    if (known === undefined) {
      if (place !== undefined) this.#take(place);
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
    for (let place = 0; place < this.#size; place++) {
      if (this.#count[place]! >= KEPT_FROM) yield this.#nameAt(place);
    }
  }

  #find({ high, low }: NameHash): number | undefined {
    if (this.#size === 0) return undefined;
    for (let place = this.#first[low % this.#places]!; place !== NONE; place = this.#next[place]!) {
      if (this.#low[place] === low && this.#high[place] === high) return place;
    }
    return undefined;
  }

  /** Gives a new name a place: a free one, or that of the name that is missed least. */
  #put(name: NameHash, known: KnownName): void {
    if (this.#size === this.#places) {
      const place = this.#leastMissed(name);
      if (this.#count[place]! >= KEPT_FROM) {
        this.#told.push({ high: this.#high[place]!, low: this.#low[place]!, known: undefined });
      }
      this.#take(place);
    }
    const place = this.#size++;
    this.#high[place] = name.high;
    this.#low[place] = name.low;
    this.#count[place] = 1;
    this.#once++;
    this.#owned[ownerOf(name.high)]!++;
    this.#link(place);
    this.#write(place, known);
  }

  /** Frees a place; the last name moves into it. */
  #take(place: number): void {
    this.#unlink(place);
    this.#owned[ownerOf(this.#high[place]!)]!--;
    if (this.#count[place]! < KEPT_FROM) this.#once--;
    this.#changed.delete(place);
    const last = --this.#size;
    if (place === last) return;
    this.#unlink(last);
    this.#high[place] = this.#high[last]!;
    this.#low[place] = this.#low[last]!;
    this.#count[place] = this.#count[last]!;
    this.#usual[place] = this.#usual[last]!;
    this.#fillTime[place] = this.#fillTime[last]!;
    this.#at[place] = this.#at[last]!;
    this.#link(place);
    if (this.#changed.delete(last)) this.#changed.add(place);
  }

  #link(place: number): void {
    const list = this.#low[place]! % this.#places;
    this.#next[place] = this.#first[list]!;
    this.#first[list] = place;
  }

  #unlink(place: number): void {
    const list = this.#low[place]! % this.#places;
    const next = this.#next[place]!;
    if (this.#first[list] === place) {
      this.#first[list] = next;
      return;
    }
    let before = this.#first[list]!;
    while (this.#next[before] !== place) before = this.#next[before]!;
    this.#next[before] = next;
  }

  /** The place of the name that goes for a new one, whose hash decides by chance which are looked at. */
  #leastMissed({ high, low }: NameHash): number {
    const once = this.#once > SEEN_ONCE * this.#places;
    let least: number | undefined;
    let left = LOOKED_AT;
    for (let i = 0; i < TRIES && left > 0; i++) {
      const place = fold(low ^ Math.imul(high + i, 0x9e3779b1)) % this.#size;
      if (this.#count[place]! < KEPT_FROM !== once) continue;
      left--;
      if (least === undefined || this.#isMissedLess(place, least, once)) least = place;
    }
    return least ?? 0; // by no chance that could be met
  }

  #isMissedLess(place: number, than: number, once: boolean): boolean {
    const more = this.#owned[ownerOf(this.#high[place]!)]! - this.#owned[ownerOf(this.#high[than]!)]!;
    return more > 0 || (more === 0 && !once && this.#at[place]! < this.#at[than]!);
  }

  #write(place: number, { count, size, fillTime, at }: KnownName): void {
    if (this.#count[place]! < KEPT_FROM && count >= KEPT_FROM) this.#once--;
    this.#count[place] = count;
    this.#usual[place] = size;
    this.#fillTime[place] = fillTime;
    this.#at[place] = at;
  }

  #nameAt(place: number): RememberedName {
    return { high: this.#high[place]!, low: this.#low[place]!, known: this.#known(place) };
  }

  #known(place: number): KnownName {
    return {
      count: this.#count[place]!,
      size: this.#usual[place]!,
      fillTime: this.#fillTime[place]!,
      at: this.#at[place]!,
    };
  }
}

/** Namespaces that are told apart; others share what they have, and so do all that nobody vouches for. */
const OWNERS = 2 ** 16;

/** The namespace of a name, by the first half of its hash. */
function ownerOf(high: number): number {
  return high >>> 16;
}

/** Whether a name is of a namespace, or of one of those that have the same 16 bits, as all have that nobody vouches for. */
export function isNameOf(namespace: string): (name: NameHash) => boolean {
  const { low } = hashOf(ownerOfNamespace(namespace));
  const owner = ownerOf(low << 16);
  return ({ high }) => ownerOf(high) === owner;
}

/** The hash of a group's name: 16 bits of its namespace, and 48 of both. */
export function nameHash(namespace: string, group: string): NameHash {
  const { low: owner } = hashOf(ownerOfNamespace(namespace));
  const { high, low } = hashOf(scopedKey([namespace, group]));
  return { high: ((owner << 16) | (high >>> 16)) >>> 0, low };
}

/** Two lanes of multiplying and folding, each over every character. */
function hashOf(text: string): NameHash {
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
