import type { List } from "../fleet/mod.ts";
import type { Slices } from "../sliced_work.ts";

/** Long work that never lets others pass, for tests. */
export const AT_ONCE: Slices = { due: false, letOthersPass: () => Promise.resolve() };

/** Long work that lets others pass whenever it can, and counts it, for tests. */
export class EveryTurn implements Slices {
  readonly due = true;
  turns = 0;

  letOthersPass(): Promise<void> {
    this.turns++;
    return Promise.resolve();
  }
}

/** A list of texts that may come and go, for tests. */
export class Texts implements List<string, string> {
  readonly there: Set<string>;
  /** Entries that somebody has looked at. */
  looked = 0;

  constructor(there: Iterable<string>, readonly prefix = "") {
    this.there = new Set(there);
  }

  *entries(): Generator<string> {
    for (const text of this.there) {
      this.looked++;
      yield text;
    }
  }

  readonly fits = (text: string) => text.startsWith(this.prefix);
  readonly keyOf = (text: string) => [text];
  readonly now = (text: string) => this.there.has(text) ? text : undefined;
  readonly show = (text: string) => text;
}
