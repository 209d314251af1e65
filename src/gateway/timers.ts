import { SlicedWork, type Slices } from "../sliced_work.ts";
import { type Milliseconds, type UnixTime, unixTime } from "../fleet/mod.ts";

/** What makes things happen later; each answers how to call it off. Those of the runtime, or of a simulation. */
export interface Timers {
  after(wait: Milliseconds, act: () => void): () => void;
  every(interval: Milliseconds, act: () => void): () => void;
  /** Work that may be long, and lets others pass; if absent, by the real time that it takes. */
  work?(): Slices;
}

/** A piece of long work. */
export function longWork(timers: Timers): Slices {
  return timers.work?.() ?? new SlicedWork();
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

/** What unix time is ahead of the model's clock. */
export function clockOffset({ now, unixTime }: Clocks): Milliseconds {
  return unixTime() - now();
}

/** A time in the model, as people read it. */
export function toUnixTime(clocks: Clocks, time: Milliseconds): UnixTime {
  return unixTime(time + clockOffset(clocks));
}
