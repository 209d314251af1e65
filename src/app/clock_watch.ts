import { log } from "../ops/log.ts";
import { concernAboutClock } from "../store/clock_difference.ts";
import type { Store } from "../store/port.ts";

/** How often the clocks are compared, in milliseconds. */
const EVERY = 5000;

/** Told when the clock of this machine begins to differ from the store's, and when it no longer does. */
export interface ClockEvents {
  differs(concern: string): void;
  agrees(): void;
}

/**
 * Compares this machine's clock with that of a store which several gateways share. Tokens go by this machine's, as the store's
 * may be the one that is wrong.
 */
export class ClockWatch {
  #differs = false;
  /** A process that has stood still does not know the store's time until it has asked for it again: it is looked at twice. */
  #suspected = true;

  constructor(readonly difference: () => number, readonly events: ClockEvents) {}

  look(): void {
    const concern = concernAboutClock(this.difference());
    const differs = concern !== undefined;
    if (differs === this.#differs) this.#suspected = false;
    else if (!this.#suspected) this.#suspected = true;
    else {
      this.#differs = differs;
      this.#suspected = false;
      if (differs) this.events.differs(concern);
      else this.events.agrees();
    }
  }
}

/** Says in the log when the clocks differ, from now on. @returns ends that */
export function watchClock({ shared }: Pick<Store, "shared">): () => void {
  if (shared === undefined) return () => {};
  const watch = new ClockWatch(() => shared.clockDifference, {
    differs: (concern) => log.warning("{concern}", { concern }),
    agrees: () => log.info("this machine's clock and that of Redis's agree again"),
  });
  watch.look();
  const timer = setInterval(() => {
    // The store's time is not known of old: a machine that slept has a clock that did not.
    if (shared.silence < EVERY) watch.look();
  }, EVERY);
  return () => clearInterval(timer);
}
