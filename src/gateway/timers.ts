import type { Milliseconds } from "../fleet/mod.ts";

/** What makes things happen later; each answers how to call it off. Those of the runtime, or of a simulation. */
export interface Timers {
  after(wait: Milliseconds, act: () => void): () => void;
  every(interval: Milliseconds, act: () => void): () => void;
}

export const RUNTIME_TIMERS: Timers = {
  after(wait, act) {
    const timer = setTimeout(act, wait);
    return () => clearTimeout(timer);
  },
  every(interval, act) {
    const timer = setInterval(act, interval);
    return () => clearInterval(timer);
  },
};

/** The two clocks, in milliseconds: a monotonic one that the model runs on, and unix time, which may be set. */
export interface Clocks {
  readonly now: () => Milliseconds;
  readonly unixTime: () => number;
}

/** What makes unix time of a time in the model. */
export function toUnixTime({ now, unixTime }: Clocks): number {
  return unixTime() - now();
}
