import {
  type Change,
  defaultFleetSettings,
  type FleetOverrides,
  type Milliseconds,
  type Report,
} from "../../src/fleet/mod.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { Observers } from "../../src/gateway/observers.ts";
import type { Timers } from "../../src/gateway/timers.ts";
import type { Store, StoreOptions } from "../../src/store/port.ts";
import type { Clock } from "./clock.ts";

/** A gateway that does not answer for so long more gets no calls from a balancer. */
const NO_ANSWER: Milliseconds = 500;

/** After so long a gateway that was cut off counts right again. */
const BACK_AFTER: Milliseconds = 5000;

/** Who has not heard for so long what others do is out of touch. */
const FRESH: Milliseconds = 1000;

/** A store that ends with its process. */
export interface MortalStore extends Store {
  kill(): void;
  /** When its gateway was last brought to what the store has, on the gateway's clock. */
  readonly returned?: Milliseconds;
  /** Since when it has not heard what other gateways do. */
  readonly silence?: Milliseconds;
}

/** What a gateway runs on. */
export interface HostOptions {
  readonly clock: Clock;
  readonly openStore: (options: StoreOptions, timers: Timers) => MortalStore;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  readonly random: () => number;
  readonly settings: FleetOverrides;
  readonly syncPlaces: boolean;
  /** Told of every change, here or in another gateway. */
  readonly changed: (change: Change, host: Host) => void;
  /** Told of every report that it has taken in, from whoever sends it. */
  readonly reported: (report: Report, host: Host) => void;
}

/** One life of a gateway's process: the production gateway on simulated time, store and chance. */
export class Host {
  readonly #clock: Clock;
  readonly #start: Milliseconds;
  #gateway: Gateway | undefined;
  #store: MortalStore | undefined;
  #dead = false;
  #pausedUntil: Milliseconds = -Infinity;
  #paused: Milliseconds = 0;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.now;
  }

  static async start(options: HostOptions): Promise<Host> {
    const { clock, unixTime, random, settings, syncPlaces, changed, reported } = options;
    const host = new Host(clock);
    const observers = new Observers((error) => {
      throw error;
    });
    observers.add({
      changed: (change) => changed(change, host),
      reported: (report) => reported(report, host),
    });
    const timers: Timers = {
      after: (wait, act) => clock.after(wait, () => host.whenRunning(act)),
      every: (interval, act) => clock.every(interval, () => host.whenRunning(act)),
      work: () => ({ due: false, letOthersPass: () => Promise.resolve() }), // it takes no simulated time
    };
    host.#gateway = await Gateway.open(defaultFleetSettings(settings), {
      openStore: (storeOptions) => Promise.resolve(host.#store = options.openStore(storeOptions, timers)),
      waitForReports: false,
      syncPlaces,
      now: () => host.now,
      unixTime,
      random,
      timers,
      observers,
    });
    host.gateway.start();
    return host;
  }

  get gateway(): Gateway {
    return this.#gateway!;
  }

  /** The gateway's own monotonic clock. */
  get now(): Milliseconds {
    return Math.floor(this.#clock.now - this.#start);
  }

  /** For how long it has not been running. */
  get paused(): Milliseconds {
    return this.#paused;
  }

  /** Since when it has been running without a pause. */
  get awakeFor(): Milliseconds {
    return this.#clock.now - Math.max(this.#start, this.#pausedUntil);
  }

  /** Whether it lacked a while ago what others had done: until all servers have reported, sums and rooms need not agree. */
  get isBack(): boolean {
    const { returned } = this.#store ?? {};
    if (returned === undefined) return true; // nobody else does anything
    return Math.min(this.now - returned, this.#clock.now - this.#pausedUntil) > BACK_AFTER;
  }

  /** Whether it hears what others do; who does not goes by what it knew. */
  get isInTouch(): boolean {
    const { silence } = this.#store ?? {};
    return silence === undefined || (silence < FRESH && this.gateway.condition.storable);
  }

  /** For how long it has been running, and in touch with what is shared; less than 0 where it is not. */
  get settledFor(): Milliseconds {
    if (this.#dead || !this.isInTouch) return -1;
    return Math.min(this.awakeFor, this.now - (this.#store?.returned ?? -Infinity));
  }

  /** Whether it is alive, and no longer paused than a while. */
  get answers(): boolean {
    return !this.#dead && this.#pausedUntil - this.#clock.now < NO_ANSWER;
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
    const { now } = this.#clock;
    const before = Math.max(now, this.#pausedUntil);
    // What waits for its end goes on in order.
    this.#pausedUntil = Math.max(before, now + span);
    this.#paused += this.#pausedUntil - before;
  }

  kill(): void {
    this.#dead = true;
    this.#store!.kill();
  }
}
