import type { Milliseconds, Walk } from "../fleet/mod.ts";
import type { Page } from "./port.ts";

/** Entries that one page looks at, at most: what is rare comes in short pages, and no page blocks others for long. */
const STEPS = 10_000;

/** Lists that are open at a time. One more ends the one that was asked for longest ago. */
const OPEN = 64;

/** A list of which nobody asks for the next page is given up after so long. */
const IDLE: Milliseconds = 10 * 60_000;

interface OpenList<Item> {
  readonly walk: Walk<Item>;
  /** The page given out last, and the cursor that it was asked for with, in case that its answer was lost. */
  last: { readonly asked: string | undefined; readonly page: Page<Item> };
  asked: Milliseconds;
}

/**
 * Lists page by page. What has been shown is not looked at again: a list keeps where it stands, and its cursor names it.
 * Bounded in how many are open, how long, and how much a page looks at.
 */
export class Pages<Item> {
  /** By the part of the cursor that names the list; the one that was asked for longest ago is the first. */
  readonly #open = new Map<string, OpenList<Item>>();

  /** The first page of a list. */
  first(walk: Walk<Item>, limit: number, now: Milliseconds): Page<Item> {
    this.#giveUp(now);
    const name = crypto.randomUUID();
    const page = read(walk, limit, `${name}.1`);
    if (page.cursor !== undefined) this.#keep(name, { walk, last: { asked: undefined, page }, asked: now });
    return page;
  }

  /** A further page, or the last one once more; nothing where the cursor is none that is open. */
  next(cursor: string, limit: number, now: Milliseconds): Page<Item> | undefined {
    this.#giveUp(now);
    const [name = "", number] = cursor.split(".");
    const list = this.#open.get(name);
    if (list === undefined) return undefined;
    if (list.last.asked === cursor) {
      this.#keep(name, { ...list, asked: now });
      return list.last.page;
    }
    if (list.last.page.cursor !== cursor) return undefined;
    const page = read(list.walk, limit, `${name}.${Number(number) + 1}`);
    this.#keep(name, { walk: list.walk, last: { asked: cursor, page }, asked: now });
    return page;
  }

  #keep(name: string, list: OpenList<Item>): void {
    this.#open.delete(name);
    this.#open.set(name, list);
    if (this.#open.size > OPEN) this.#open.delete(this.#open.keys().next().value!);
  }

  #giveUp(now: Milliseconds): void {
    for (const [name, { asked }] of this.#open) {
      if (now - asked < IDLE) return;
      this.#open.delete(name);
    }
  }
}

function read<Item>(walk: Walk<Item>, limit: number, next: string): Page<Item> {
  const items: Item[] = [];
  for (let step = 0; step < STEPS && items.length < limit; step++) {
    const { done, value } = walk.next();
    if (done === true) return { items, cursor: undefined };
    if (value !== undefined) items.push(value);
  }
  return { items, cursor: next };
}
