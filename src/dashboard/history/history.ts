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

/** The history of somebody who is there, or was within the last day. */
interface Kept<Tracks> {
  readonly tracks: Tracks;
  /** Steps since it was last there. */
  gone: number;
}

/** Steps that a day has: the history of whoever has been gone for longer is all gaps. */
const DAY = COARSE.values * COARSE.step / FINE.step;

export type Courses<Name extends string> = Readonly<Record<Name, Course>>;

/** What the fleet was in the last hour and day, so that it can be looked at without anything beside the gateway. */
export class History {
  readonly #fleet = tracks(FLEET);
  readonly #servers = new Map<string, Kept<ServerTracks>>();
  readonly #customers = new Map<string, Kept<CustomerTracks>>();
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
      miss: (its) => Object.values<Track>({ ...its }).forEach((track) => track.add(NaN)),
    });
    each(this.#customers, NAMED.customers, figures.customers.map((its) => [its.customer, its] as const), {
      begin: () => tracks(["peers", "rooms"] as const),
      add(its, { peers, rooms }) {
        its.peers.add(peers);
        its.rooms.add(rooms);
      },
      miss: (its) => Object.values<Track>({ ...its }).forEach((track) => track.add(0)), // it uses nothing
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
    const there = [...this.#servers].filter(([, { gone }]) => gone === 0);
    return Object.fromEntries(there.map(([address, { tracks: { load } }]) => [address, load.minutes()]));
  }

  server(address: string): object | undefined {
    const its = this.#servers.get(address);
    return its && { steps: STEPS, server: courses({ ...its.tracks }) };
  }

  customer(id: string): object | undefined {
    const its = this.#customers.get(id);
    return its && { steps: STEPS, customer: courses({ ...its.tracks }) };
  }

  #gap(): void {
    const all = [
      ...Object.values(this.#fleet),
      ...Array.from(this.#servers.values()).flatMap(({ tracks }) => Object.values(tracks)),
      ...Array.from(this.#customers.values()).flatMap(({ tracks }) => Object.values(tracks)),
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

/** Adds to the history of each, begins those that are new while there is room, and forgets those that are gone for a day. */
function each<Tracks, Figures>(
  kept: Map<string, Kept<Tracks>>,
  limit: number,
  now: readonly (readonly [string, Figures])[],
  { begin, add, miss }: {
    begin: () => Tracks;
    add: (its: Tracks, figures: Figures) => void;
    /** Adds that it is not there. */
    miss: (its: Tracks) => void;
  },
): void {
  const there = new Set(now.map(([name]) => name));
  for (const [name, its] of kept) {
    if (there.has(name)) continue;
    if (++its.gone >= DAY) kept.delete(name);
    else miss(its.tracks);
  }
  for (const [name, figures] of now) {
    let its = kept.get(name);
    if (its === undefined) {
      if (kept.size >= limit && !makeRoom(kept)) continue;
      kept.set(name, its = { tracks: begin(), gone: 0 });
    }
    its.gone = 0;
    add(its.tracks, figures);
  }
}

/** Forgets who has been gone for longest. @returns false where all are there */
function makeRoom(kept: Map<string, Kept<unknown>>): boolean {
  let [longest, gone]: [string | undefined, number] = [undefined, 0];
  for (const [name, its] of kept) if (its.gone > gone) [longest, gone] = [name, its.gone];
  return longest !== undefined && kept.delete(longest);
}
