import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Timers } from "../../src/gateway/timers.ts";

interface Event {
  readonly at: Milliseconds;
  /** Events of one moment happen in the order in which they were added. */
  readonly order: number;
  readonly act: () => void;
  off: boolean;
}

/** Simulated time: events happen one after the other, and between two of them everything that they have set off. */
export class Clock implements Timers {
  now: Milliseconds = 0;
  events = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  after(wait: Milliseconds, act: () => void): () => void {
    const event: Event = { at: this.now + Math.max(0, wait), order: this.#order++, act, off: false };
    this.#push(event);
    return () => event.off = true;
  }

  every(interval: Milliseconds, act: () => void): () => void {
    let off = () => {};
    const again = () => {
      off = this.after(interval, again);
      act();
    };
    off = this.after(interval, again);
    return () => off();
  }

  /** Lets time pass until then. @param step called after each event */
  async run(until: Milliseconds, step: () => void): Promise<void> {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= until) {
      const event = this.#pop();
      if (event.off) continue;
      this.now = event.at;
      this.events++;
      event.act();
      await settled();
      step();
    }
    this.now = until;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves when every promise that could be settled by now has been, and all that waited for it. */
async function settled(): Promise<void> {
  // What the gateway and its store await in a row is far less; nothing here waits for anything real.
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
