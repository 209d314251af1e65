import type { Change } from "../../fleet/mod.ts";

/** So many are kept, and for so long, in milliseconds: Redis writes its file every second, and may be set back by minutes. */
const MOST = 10_000;
const KEPT_FOR = 120_000;

/**
 * Changes that replace or end what is stored: that they happened shows nowhere once a store has lost them. What only adds something
 * is put in again from what a gateway knows (`offer`).
 */
const TYPES: ReadonlySet<Change["type"]> = new Set<Change["type"]>([
  "banned",
  "ban-ended",
  "server-planned",
  "task-ended",
]);
const NAMED = new RegExp(`"(?:${[...TYPES].join("|")})"`);

interface Remembered {
  readonly place: number;
  readonly at: number;
  readonly changes: readonly Change[];
}

/** What was changed lately by any gateway and cannot be told from what is there now, for a store that has lost it. */
export class Recent {
  readonly #entries: Remembered[] = [];
  #size = 0;

  /**
   * @param place of the last of the changes
   * @param text as they stand in the log
   * @param read the changes in it, called where some may be of these
   */
  note(place: number, text: string, read: () => readonly Change[]): void {
    if (!NAMED.test(text)) return;
    const changes = read().filter(({ type }) => TYPES.has(type));
    const at = performance.now();
    this.#entries.push({ place, at, changes });
    this.#size += changes.length;
    while (this.#size > MOST || this.#entries[0]!.at < at - KEPT_FOR) {
      this.#size -= this.#entries.shift()!.changes.length;
    }
  }

  /** Those that came after a place, oldest first. */
  after(place: number): readonly Change[] {
    return this.#entries.flatMap((entry) => entry.place > place ? entry.changes : []);
  }
}
