import type { Milliseconds } from "../time.ts";

/**
 * Whether a server is heard. It is alive from a report on until it has been silent for too long, by a measure that leaves
 * out the time in which the gateway itself could not hear it. Only `servers/availability.ts` brings it to life and ends it,
 * because its usage counts by that.
 */
export class Liveness {
  #alive = false;
  #lastSeen: Milliseconds;
  #silentSince: Milliseconds;

  constructor(now: Milliseconds) {
    this.#lastSeen = this.#silentSince = now;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** When its last report came. */
  get lastSeen(): Milliseconds {
    return this.#lastSeen;
  }

  /** From when on it counts as silent: its last report, or later where the gateway itself could not hear it. */
  get silentSince(): Milliseconds {
    return this.#silentSince;
  }

  /** A report has come, here or at another gateway, or may have before the start. */
  heard(now: Milliseconds): void {
    this.#lastSeen = this.#silentSince = now;
  }

  /** For so long until now nobody could be heard: who was alive gets a whole timeout to report again. */
  excuse(gap: Milliseconds, now: Milliseconds): void {
    this.#silentSince = this.#alive ? now : Math.min(now, this.#silentSince + gap);
  }

  begin(): void {
    this.#alive = true;
  }

  end(): void {
    this.#alive = false;
  }
}
