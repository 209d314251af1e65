import { defaultFleetSettings, type FleetOverrides, type Milliseconds } from "../../src/fleet/mod.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import type { Timers } from "../../src/gateway/timers.ts";
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
  readonly #clock: Clock;
  #gateway: Gateway | undefined;
  #store: SimulatedStore | undefined;
  #dead = false;
  #pausedUntil: Milliseconds = -Infinity;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static async start(options: HostOptions): Promise<Host> {
    const { clock, disk, unixTime, random, mood, settings, syncPlaces } = options;
    const host = new Host(clock);
    const start = clock.now;
    const timers: Timers = {
      after: (wait, act) => clock.after(wait, () => host.whenRunning(act)),
      every: (interval, act) => clock.every(interval, () => host.whenRunning(act)),
    };
    host.#gateway = await Gateway.open(defaultFleetSettings(settings), {
      openStore: (options) => Promise.resolve(host.#store = new SimulatedStore(disk, options, timers, mood)),
      waitForReports: false,
      syncPlaces,
      now: () => Math.floor(clock.now - start),
      unixTime,
      random,
      timers,
    });
    host.gateway.start();
    return host;
  }

  get gateway(): Gateway {
    return this.#gateway!;
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
