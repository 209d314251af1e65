import type { FleetFigures } from "../../fleet/mod.ts";
import { COARSE, type Course, FINE, Track } from "./track.ts";

/** Servers and customers that have a history of their own; 9 KB each figure. */
const NAMED = { servers: 1000, customers: 100, causes: 40 };

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
export const FLEET = ["grants", "refusals", "p50", "p99", "rooms", "clients", "load"] as const;
export type FleetFigure = typeof FLEET[number];

/** What is kept of a server and of a customer. */
interface ServerTracks {
  readonly load: Track;
  readonly expected: Track;
  readonly clients: Track;
}
interface CustomerTracks {
  readonly peers: Track;
  readonly rooms: Track;
}

export type Courses<Name extends string> = Readonly<Record<Name, Course>>;

/** What the fleet was in the last hour and day, so that it can be looked at without anything beside the gateway. */
export class History {
  readonly #fleet = tracks(FLEET);
  readonly #servers = new Map<string, ServerTracks>();
  readonly #customers = new Map<string, CustomerTracks>();
  readonly #causes = new Map<string, Track>();

  /** @param missed steps before this one in which nothing was looked at, since the process did not run */
  add(figures: FleetFigures, counted: Counted, missed = 0): void {
    for (let i = 0; i < Math.min(missed, FINE.values); i++) this.#gap();
    const { servers } = figures;
    const open = servers.filter(({ state }) => state === "open");
    const refused = [...counted.refusals.values()].reduce((sum, count) => sum + count, 0);
    const values: Record<FleetFigure, number> = {
      grants: counted.grants,
      refusals: refused,
      p50: counted.p50,
      p99: counted.p99,
      rooms: figures.rooms,
      clients: servers.reduce((sum, { clients }) => sum + clients, 0),
      load: open.length === 0 ? NaN : open.reduce((sum, { load }) => sum + load, 0) / open.length,
    };
    for (const name of FLEET) this.#fleet[name].add(values[name]);
    each(this.#servers, NAMED.servers, servers.map((its) => [its.address, its] as const), {
      begin: () => tracks(["load", "expected", "clients"] as const),
      add(its, { state, load, expectedLoad, clients }) {
        const known = state !== "silent";
        its.load.add(known ? load : NaN);
        its.expected.add(known ? expectedLoad : NaN);
        its.clients.add(known ? clients : NaN);
      },
    });
    each(this.#customers, NAMED.customers, figures.customers.map((its) => [its.customer, its] as const), {
      begin: () => tracks(["peers", "rooms"] as const),
      add(its, { peers, rooms }) {
        its.peers.add(peers);
        its.rooms.add(rooms);
      },
    });
    for (const cause of counted.refusals.keys()) {
      if (!this.#causes.has(cause) && this.#causes.size < NAMED.causes) this.#causes.set(cause, new Track());
    }
    for (const [cause, track] of this.#causes) track.add(counted.refusals.get(cause) ?? 0);
  }

  fleet(): { readonly steps: typeof STEPS; readonly fleet: Courses<FleetFigure> } {
    return { steps: STEPS, fleet: courses(this.#fleet) };
  }

  /** Load of each server in the minutes of the last hour. */
  minutes(): Readonly<Record<string, readonly (number | null)[]>> {
    return Object.fromEntries(Array.from(this.#servers, ([address, { load }]) => [address, load.minutes()]));
  }

  server(address: string): object | undefined {
    const its = this.#servers.get(address);
    return its && { steps: STEPS, server: courses({ ...its }) };
  }

  customer(id: string): object | undefined {
    const its = this.#customers.get(id);
    return its && { steps: STEPS, customer: courses({ ...its }) };
  }

  #gap(): void {
    const all = [
      ...Object.values(this.#fleet),
      ...Array.from(this.#servers.values()).flatMap((its) => Object.values(its)),
      ...Array.from(this.#customers.values()).flatMap((its) => Object.values(its)),
      ...this.#causes.values(),
    ];
    for (const track of all as Track[]) track.add(NaN);
  }
}

const STEPS = { hour: FINE.step, day: COARSE.step };

function tracks<Name extends string>(names: readonly Name[]): Record<Name, Track> {
  return Object.fromEntries(names.map((name) => [name, new Track()])) as Record<Name, Track>;
}

function courses<Name extends string>(its: Readonly<Record<Name, Track>>): Courses<Name> {
  const entries = Object.entries<Track>(its).map(([name, track]) => [name, track.course()]);
  return Object.fromEntries(entries) as Courses<Name>;
}

/** Adds to the history of each, begins those that are new while there is room, and forgets those that are gone. */
function each<Tracks, Figures>(
  kept: Map<string, Tracks>,
  limit: number,
  now: readonly (readonly [string, Figures])[],
  { begin, add }: { begin: () => Tracks; add: (its: Tracks, figures: Figures) => void },
): void {
  const there = new Set(now.map(([name]) => name));
  for (const name of kept.keys()) if (!there.has(name)) kept.delete(name);
  for (const [name, figures] of now) {
    let its = kept.get(name);
    if (its === undefined) {
      if (kept.size >= limit) continue;
      kept.set(name, its = begin());
    }
    add(its, figures);
  }
}
