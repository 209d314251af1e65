import type { Milliseconds } from "../fleet/mod.ts";
import type { Replication } from "./replication.ts";

/** They are counted so often. */
const COUNT: Milliseconds = 1000;

/**
 * A gateway that has not counted them for so long though others could come, or has only begun to, may know of fewer than there
 * are, or of more than the others do.
 */
const COUNTED: Milliseconds = 5000;
const NEW: Milliseconds = 2 * COUNT;

/** A gateway that is not there any more counts for so long: where the store was away, they come back one after the other. */
const MISSED_FOR: Milliseconds = 30_000;

/** How many gateways share the store, for what each may do while nobody can ask it. */
export class GatewayCount {
  readonly #replication: Replication;
  readonly #now: () => Milliseconds;
  readonly #began: Milliseconds;
  #count = 1;
  /** When each was last there. */
  readonly #seen = new Map<number, Milliseconds>();
  #asked: Milliseconds = -Infinity;
  /** When they were first and last counted. */
  #first: Milliseconds = Infinity;
  #last: Milliseconds = -Infinity;
  /** When it was last looked after, and whether the store could not be heard then. */
  #looked: { at: Milliseconds; isCutOff: boolean };

  constructor(replication: Replication, now: () => Milliseconds) {
    this.#replication = replication;
    this.#now = now;
    this.#began = now();
    this.#looked = { at: this.#began, isCutOff: false };
  }

  /** As many as were there, or missing, when they were last counted, and no fewer than lately; nothing where that is not known. */
  get known(): number | undefined {
    const now = this.#now();
    return now - this.#last > COUNTED || now - this.#first < NEW ? undefined : this.#count;
  }

  /** Whether others were there a moment ago, have not said goodbye, and may be about to come back with this one. */
  get isAwaiting(): boolean {
    return this.#replication.shared.missing > 0 && this.#now() - this.#began < NEW;
  }

  /** Time passes. To be called a few times a second, whether the store can be heard or not. */
  look(): void {
    const now = this.#now();
    const { isCutOff } = this.#replication;
    // While nobody reaches the store nobody comes to it: how many there are is known as well as before.
    if (isCutOff && this.#looked.isCutOff) this.#last += Math.min(COUNT, now - this.#looked.at);
    this.#looked = { at: now, isCutOff };
    if (!isCutOff && now - this.#asked >= COUNT) this.#ask(now);
  }

  #ask(now: Milliseconds): void {
    this.#asked = now;
    this.#replication.gateways().then((members) => {
      if (members.length === 0) return;
      const now = this.#now();
      for (const { number } of members) this.#seen.set(number, now);
      for (const [number, at] of this.#seen) if (now - at >= MISSED_FOR) this.#seen.delete(number);
      this.#count = Math.max(this.#seen.size, members.length + this.#replication.shared.missing);
      this.#last = now;
      this.#first = Math.min(this.#first, now);
    });
  }
}
