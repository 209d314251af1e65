import type { Key, List, Milliseconds } from "../fleet/mod.ts";
import type { Slices } from "../sliced_work.ts";
import { compareKeys, sorted } from "./key.ts";
import { SortedOnDemand, STEPS } from "./sorted_on_demand.ts";

/** Lists of which something is kept, at most. One more ends the one that was asked for longest ago. */
const LISTS = 64;

/** Entries that are kept for all of them, at most; 8 bytes each. */
const ENTRIES = 2_000_000;

/** Of a longer list so many entries are collected for its first page: most people look at no more than the first few. */
const FIRST = 1000;

/** What is kept of a list of which nobody asks for the next page is given up after so long, and collected anew if need be. */
const IDLE: Milliseconds = 60_000;

/** Where a list goes on. */
export interface Place {
  /** Names the list that somebody reads: what is kept for it was collected since it began, so that nothing is missing. */
  readonly list: string;
  /** Key of the entry before. */
  readonly after: Key;
}

/** Which piece of a list is asked for. */
export interface Piece {
  /** Entries, at most. */
  readonly limit: number;
  /** If absent, from the beginning. */
  readonly from?: Place | undefined;
}

/** A piece of the list that a filter means. */
export interface Asked<Filter> extends Piece {
  readonly filter: Filter;
}

/** A piece of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** From where the next page is asked for; nothing at the end. A page may be short, or empty, and not be the last. */
  readonly next: Place | undefined;
}

/** What was collected of a list. */
interface Collected<Entry> {
  /** Key that it was collected from; nothing where that was the beginning. */
  readonly after: Key | undefined;
  /** Key of the last one that was collected; nothing where that was the end. */
  readonly until: Key | undefined;
  readonly entries: SortedOnDemand<Entry>;
  /** When a page was last asked for. */
  asked: Milliseconds;
}

/**
 * Lists of one sort, page by page, in the order of their keys. A page names where the next one begins, so that any gateway
 * can go on. What was collected for a list is kept for a while: otherwise each page would look at all there is. Entries are
 * shown as they are now, and left out where they have gone. One page is read at a time, so that what is not kept yet is
 * bounded as well.
 */
export class Pages<Entry> {
  readonly #now: () => Milliseconds;
  readonly #work: () => Slices;
  readonly #most: number;
  /** By the list's name; the one that was asked for longest ago is the first. */
  readonly #kept = new Map<string, Collected<Entry>>();
  /** Until the page before has been read. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param most entries that are kept, but for a single list that is longer */
  constructor(now: () => Milliseconds, work: () => Slices, most = ENTRIES) {
    this.#now = now;
    this.#work = work;
    this.#most = most;
  }

  /** A page of a list. O(all that may be in it) where nothing is kept, else O(page). */
  read<Item>(list: List<Entry, Item>, { limit, from }: Piece): Promise<Page<Item>> {
    const page = this.#turn.then(() => this.#read(list, limit, from));
    this.#turn = page.catch(() => {});
    return page;
  }

  /** Gives up what is kept of lists that nobody goes on with. */
  giveUp(): void {
    for (const [name, { asked }] of this.#kept) {
      if (this.#now() - asked < IDLE) return;
      this.#kept.delete(name);
    }
  }

  async #read<Item>(list: List<Entry, Item>, limit: number, from: Place | undefined): Promise<Page<Item>> {
    this.giveUp();
    const work = this.#work();
    const name = from?.list ?? crypto.randomUUID();
    const most = from === undefined ? FIRST : Infinity;
    const collected = this.#keptFrom(from) ?? await this.#collect(list, from?.after, most, work);
    const { entries } = collected;
    const items: Item[] = [];
    let after = from?.after;
    let place = after === undefined ? 0 : await entries.placeBehind(after, work);
    for (; place < entries.length && items.length < limit; place++) {
      const entry = (await entries.at(place, work))!;
      const key = list.keyOf(entry);
      if (after !== undefined && compareKeys(key, after) === 0) continue; // met twice, as it moved
      after = key;
      const now = list.now(entry);
      if (now !== undefined && list.fits(now)) items.push(list.show(now));
      if (work.due) await work.letOthersPass();
    }
    this.#kept.delete(name);
    if (place < entries.length) this.#keep(name, collected);
    else if (collected.until === undefined) return { items, next: undefined };
    return { items, next: { list: name, after: after! } };
  }

  /** What is kept of the list, if the place is in it. */
  #keptFrom(from: Place | undefined): Collected<Entry> | undefined {
    const kept = from && this.#kept.get(from.list);
    if (kept === undefined) return undefined;
    const { after, until } = kept;
    const isIn = (after === undefined || compareKeys(after, from!.after) <= 0) &&
      (until === undefined || compareKeys(from!.after, until) < 0);
    return isIn ? kept : undefined;
  }

  /** What comes behind a key, in slices. @param most of which no more is needed: so that a million need not be sorted */
  async #collect<Item>(
    list: List<Entry, Item>,
    after: Key | undefined,
    most: number,
    work: Slices,
  ): Promise<Collected<Entry>> {
    let found: Entry[] = [];
    let until: Key | undefined;
    const cut = () => {
      found = sorted(found, list.keyOf).slice(0, most).map(({ entry }) => entry);
      until = list.keyOf(found.at(-1)!);
    };
    let step = 0;
    for (const entry of list.entries()) {
      if (++step % STEPS === 0 && work.due) await work.letOthersPass();
      if (!list.fits(entry)) continue;
      const key = list.keyOf(entry);
      if (after !== undefined && compareKeys(key, after) <= 0) continue;
      if (until !== undefined && compareKeys(key, until) > 0) continue;
      found.push(entry);
      if (found.length === 2 * most) cut();
    }
    if (until !== undefined) cut();
    return { after, until, entries: new SortedOnDemand(found, list.keyOf), asked: this.#now() };
  }

  #keep(name: string, collected: Collected<Entry>): void {
    collected.asked = this.#now();
    this.#kept.set(name, collected);
    let entries = 0;
    for (const kept of this.#kept.values()) entries += kept.entries.length;
    for (const [oldest, kept] of this.#kept) {
      if (oldest === name || this.#kept.size <= LISTS && entries <= this.#most) return;
      this.#kept.delete(oldest);
      entries -= kept.entries.length;
    }
  }
}
