import type { Clock } from "./codec.ts";

/**
 * Redis's unix time by the caller's monotonic clock, so that no clock of a gateway's machine matters. Each round trip tells
 * between which two values the offset lies; it moves only as far as it has to, in whole milliseconds, so that a time which
 * is written and read again stays the same.
 */
export class RedisClock implements Clock {
  #offset: number | undefined;

  /**
   * @param sent when Redis was asked, on the monotonic clock
   * @param time what it said, in seconds and microseconds
   * @param received when its answer was there
   */
  learn(
    sent: number,
    [seconds, microseconds]: readonly [seconds: number, microseconds: number],
    received: number,
  ): void {
    const time = seconds * 1000 + microseconds / 1000;
    const least = Math.ceil(time - received);
    const most = Math.max(least, Math.floor(time - sent));
    this.#offset = Math.min(most, Math.max(least, this.#offset ?? Math.round((least + most) / 2)));
  }

  toUnixTime(time: number): number {
    return time + (this.#offset ?? 0);
  }

  fromUnixTime(time: number): number {
    return time - (this.#offset ?? 0);
  }
}
