import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Chance } from "../placement/chance.ts";
import type { Clock } from "./clock.ts";
import type { Disk } from "./disk.ts";
import type { Host } from "./host.ts";
import type { StoreMood } from "./store.ts";

const UNIX_START = 1_800_000_000_000;

/** A wall clock that was set is noticed within this time, unless the disk or the process stands still. */
const CLOCK_NOTICED: Milliseconds = 3000;

/** What gateways run on, besides what is stored: a disk that is full or slow at times, and a wall clock that is set. */
export class Weather {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #disk: Disk;
  #skew: Milliseconds = 0;
  /** How often everything had been written anew when the wall clock was set, and when that was. */
  #setAt: { readonly replaced: number; readonly at: Milliseconds } | undefined;
  #fullUntil: Milliseconds = -Infinity;
  #slowUntil: Milliseconds = -Infinity;

  constructor(clock: Clock, chance: Chance, disk: Disk) {
    this.#clock = clock;
    this.#chance = chance;
    this.#disk = disk;
  }

  readonly unixTime = (): number => UNIX_START + Math.floor(this.#clock.now) + this.#skew;

  readonly mood: StoreMood = {
    fails: () => this.#clock.now < this.#fullUntil,
    latency: () =>
      this.#clock.now < this.#slowUntil ? this.#chance.uniform(100, 1500) : this.#chance.uniform(0, 6),
  };

  fillDisk(span: Milliseconds): void {
    this.#fullUntil = this.#clock.now + span;
  }

  slowDisk(span: Milliseconds): void {
    this.#slowUntil = this.#clock.now + span;
  }

  clear(): void {
    this.#fullUntil = this.#slowUntil = -Infinity;
  }

  /** What is stored ends at another time from now on, until a gateway has noticed and written it anew. */
  setClock(by: Milliseconds): void {
    this.#skew += by;
    this.#setAt = { replaced: this.#disk.replaced, at: this.#clock.now };
  }

  /** Whether a gateway that ends now leaves behind what ends at another time than it is to. */
  get misdated(): boolean {
    return this.#setAt?.replaced === this.#disk.replaced;
  }

  /** For how long a gateway has had no reason not to write anew what a clock that was set has made wrong; else nothing. */
  neglectedFor(host: Host): Milliseconds | undefined {
    if (this.#setAt === undefined || !this.misdated) return undefined;
    const since = this.#clock.now - Math.max(this.#setAt.at, this.#fullUntil, this.#slowUntil);
    const neglected = Math.min(since, host.awakeFor);
    return neglected > CLOCK_NOTICED ? neglected : undefined;
  }

  /** A gateway starts by the clock as it is now. */
  forgetClock(): void {
    this.#setAt = undefined;
  }
}
