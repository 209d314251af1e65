import type { Milliseconds } from "../../src/fleet/mod.ts";

/** Events less than so long apart happen in the order in which they were added. */
const SLOT: Milliseconds = 50;

/** What is to happen, in order of time; events may add later ones. */
export class Agenda {
  readonly #slots: ((() => void)[] | undefined)[];

  /** @param end events from then on never happen */
  constructor(end: Milliseconds) {
    this.#slots = Array.from({ length: Math.ceil(end / SLOT) });
  }

  add(at: Milliseconds, event: () => void): void {
    const slot = Math.floor(at / SLOT);
    if (slot >= this.#slots.length) return;
    const events = this.#slots[slot];
    if (events === undefined) this.#slots[slot] = [event];
    else events.push(event);
  }

  *[Symbol.iterator](): Generator<{ readonly at: Milliseconds; readonly event: () => void }> {
    for (const [slot, events] of this.#slots.entries()) {
      // An event may add to its own slot: the array grows while it is walked through.
      for (const event of events ?? []) yield { at: slot * SLOT, event };
      this.#slots[slot] = undefined;
    }
  }
}
