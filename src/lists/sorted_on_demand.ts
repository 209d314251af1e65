import type { Key } from "../fleet/mod.ts";
import type { Slices } from "../sliced_work.ts";
import { compareKeys, sorted } from "./key.ts";

/** So many entries are sorted at once: two milliseconds. */
const AT_ONCE = 2000;

/** Parts that one that is larger is divided into. */
const PARTS = 64;

/** Entries by which it is told where one such part ends, so that none becomes much larger than others. */
const SAMPLES = 8;

/** How often it is asked whether others are to pass, in steps that take less than a microsecond. */
export const STEPS = 1024;

/**
 * Entries that are sorted by their keys only as far as somebody reads, so that the first few of a million cost little more
 * than to look at each: what is far behind stays in large parts that are not sorted.
 */
export class SortedOnDemand<Entry> {
  readonly #keyOf: (entry: Entry) => Key;
  readonly #sorted: Entry[] = [];
  /** What comes behind those, in no order within a part, the next part last. */
  readonly #parts: Entry[][];
  readonly length: number;

  /** @param entries which it takes over */
  constructor(entries: Entry[], keyOf: (entry: Entry) => Key) {
    this.#keyOf = keyOf;
    this.#parts = [entries];
    this.length = entries.length;
  }

  /** The entry of this place. Without one there, nothing. */
  async at(place: number, work: Slices): Promise<Entry | undefined> {
    while (this.#sorted.length <= place && this.#parts.length > 0) await this.#goOn(work);
    return this.#sorted[place];
  }

  /** The first place whose entry comes behind this key. */
  async placeBehind(key: Key, work: Slices): Promise<number> {
    while (this.#parts.length > 0 && !this.#isBehind(this.#sorted.length - 1, key)) await this.#goOn(work);
    let [from, to] = [0, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#isBehind(middle, key)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #isBehind(place: number, key: Key): boolean {
    const entry = this.#sorted[place];
    return entry !== undefined && compareKeys(this.#keyOf(entry), key) > 0;
  }

  /** Sorts the next part, or divides it where it is large. */
  async #goOn(work: Slices): Promise<void> {
    const part = this.#parts.pop()!;
    const bounds = part.length > AT_ONCE ? this.#boundsIn(part) : [];
    if (bounds.length === 0 || compareKeys(bounds[0]!, bounds.at(-1)!) === 0) { // hardly anything to tell apart
      for (const { entry } of sorted(part, this.#keyOf)) this.#sorted.push(entry);
    } else {
      this.#parts.push(...(await this.#divided(part, bounds, work)).reverse());
    }
    if (work.due) await work.letOthersPass();
  }

  /** Keys that divide a part, by entries that chance has taken: so no order of them is a bad one. */
  #boundsIn(part: readonly Entry[]): readonly Key[] {
    const some = Array.from(
      { length: PARTS * SAMPLES },
      () => part[Math.floor(Math.random() * part.length)]!,
    );
    return sorted(some, this.#keyOf).filter((_, i) => i > 0 && i % SAMPLES === 0).map(({ key }) => key);
  }

  /** Smaller parts, all of each before all of the next. */
  async #divided(part: readonly Entry[], bounds: readonly Key[], work: Slices): Promise<Entry[][]> {
    const parts: Entry[][] = Array.from({ length: PARTS }, () => []);
    let step = 0;
    for (const entry of part) {
      parts[placeIn(bounds, this.#keyOf(entry))]!.push(entry);
      if (++step % STEPS === 0 && work.due) await work.letOthersPass();
    }
    return parts;
  }
}

/** How many of these keys, which are sorted, do not come behind this one. */
function placeIn(keys: readonly Key[], key: Key): number {
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareKeys(keys[middle]!, key) > 0) to = middle;
    else from = middle + 1;
  }
  return from;
}
