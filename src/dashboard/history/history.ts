import type { FleetFigures } from "../../fleet/mod.ts";
import { Named } from "./named.ts";
import { COARSE, FINE } from "./track.ts";
import { Tracks, type Values } from "./tracks.ts";

/** Servers and customers that have a history of their own; 9 KB each figure. */
const SERVERS = 1000;
const CUSTOMERS = 100;

/** What was counted in a step. */
export interface Counted {
  /** Connects that were granted, a second. */
  readonly grants: number;
  /** Median and 99th percentile of Connects, in milliseconds; `NaN` where there were none. */
  readonly p50: number;
  readonly p99: number;
  /** Connects that were refused, a second, by cause. */
  readonly refusals: ReadonlyMap<string, number>;
}

/** Figures of the whole fleet that have a history. */
const FLEET = ["grants", "refusals", "p50", "p99", "rooms", "clients", "load"] as const;
export type FleetFigure = typeof FLEET[number];

const SERVER = ["load", "expected", "clients"] as const;
const CUSTOMER = ["peers", "rooms"] as const;

export type FleetHistory = ReturnType<History["fleet"]>;
export type ServerHistory = NonNullable<ReturnType<History["server"]>>;
export type CustomerHistory = NonNullable<ReturnType<History["customer"]>>;

/** What a silent server says of itself. */
const UNKNOWN: Values<typeof SERVER[number]> = { load: NaN, expected: NaN, clients: NaN };

const STEPS = { hour: FINE.step, day: COARSE.step };

/** What the fleet was in the last hour and day, so that it can be looked at without anything beside the gateway. */
export class History {
  readonly #fleet = new Tracks(FLEET);
  readonly #servers = new Named(SERVER, SERVERS, NaN);
  readonly #customers = new Named(CUSTOMER, CUSTOMERS, 0); // who is not there uses nothing

  /**
   * @param figures with all customers
   * @param missed steps before this one in which nothing was looked at, since the process did not run
   */
  add(figures: FleetFigures, counted: Counted, missed = 0): void {
    for (let i = 0; i < Math.min(missed, FINE.values); i++) this.#gap();
    const { servers, customers, rooms } = figures;
    const { grants, p50, p99 } = counted;
    const open = servers.filter(({ state }) => state === "open");
    this.#fleet.add({
      ...{ grants, p50, p99, rooms },
      refusals: [...counted.refusals.values()].reduce((sum, count) => sum + count, 0),
      clients: servers.reduce((sum, { clients }) => sum + clients, 0),
      load: open.length === 0 ? NaN : open.reduce((sum, { load }) => sum + load, 0) / open.length,
    });
    this.#servers.add(
      servers,
      ({ address }) => address,
      ({ state, load, expectedLoad: expected, clients }) =>
        state === "silent" ? UNKNOWN : { load, expected, clients },
    );
    this.#customers.add(customers, ({ customer }) => customer, (its) => its);
  }

  fleet() {
    return { steps: STEPS, fleet: this.#fleet.courses() };
  }

  /** Load of each server in the minutes of the last hour. */
  minutes(): Readonly<Record<string, readonly (number | null)[]>> {
    const there = Array.from(this.#servers.present(), ([address, its]) => [address, its.minutes("load")]);
    return Object.fromEntries(there);
  }

  server(address: string) {
    const its = this.#servers.get(address);
    return its && { steps: STEPS, server: its.courses() };
  }

  customer(id: string) {
    const its = this.#customers.get(id);
    return its && { steps: STEPS, customer: its.courses() };
  }

  #gap(): void {
    this.#fleet.fill(NaN);
    this.#servers.gap();
    this.#customers.gap();
  }
}
