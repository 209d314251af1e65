import { defaultFleetSettings, type FleetOverrides, type Milliseconds } from "../../src/fleet/mod.ts";
import { Gateway, type Timers } from "../../src/gateway/gateway.ts";
import type { Clock } from "./clock.ts";
import type { Disk } from "./disk.ts";
import { SimulatedStore, type StoreMood } from "./store.ts";

/** What a gateway runs on, besides its disk. */
export interface HostOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  readonly random: () => number;
  readonly mood: StoreMood;
  readonly settings: FleetOverrides;
  readonly syncPlaces: boolean;
}

/** One life of a gateway's process: the production gateway on simulated time, store and chance. */
export class Host {
  readonly gateway: Gateway;
  readonly #clock: Clock;
  #store: SimulatedStore | undefined;
  #dead = false;
  #pausedUntil: Milliseconds = -Infinity;

  constructor({ clock, disk, unixTime, random, mood, settings, syncPlaces }: HostOptions) {
    this.#clock = clock;
    const start = clock.now;
    const timers: Timers = {
      after: (wait, act) => clock.after(wait, () => this.whenRunning(act)),
      every: (interval, act) => clock.every(interval, () => this.whenRunning(act)),
    };
    this.gateway = new Gateway(defaultFleetSettings(settings), {
      openStore: (options) => this.#store = new SimulatedStore(disk, options, timers, mood),
      waitForReports: false,
      syncPlaces,
      now: () => Math.floor(clock.now - start),
      unixTime,
      random,
      timers,
    });
    this.gateway.start();
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /** Does it now, or when the process runs again; never, if that has ended. */
  whenRunning(act: () => void): void {
    if (this.#dead) return;
    const wait = this.#pausedUntil - this.#clock.now;
    if (wait > 0) this.#clock.after(wait, () => this.whenRunning(act));
    else act();
  }

  /** As a machine that is suspended. */
  pause(span: Milliseconds): void {
    this.#pausedUntil = this.#clock.now + span;
  }

  kill(): void {
    this.#dead = true;
    this.#store!.kill();
  }
}
