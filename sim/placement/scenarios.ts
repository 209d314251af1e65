import type { Milliseconds } from "../../src/fleet/mod.ts";
import { type Calendar, calendars } from "./calendars.ts";
import type { Chance } from "./chance.ts";
import { type RoomKind, roomKinds } from "./room_kinds.ts";
import type { Incident, Work } from "./workload.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A fleet, what its rooms are like, and what happens to it. */
export type Scenario = Rates | Calendar;

/** Rooms that open at random, at a rate. */
export interface Rates {
  readonly about: string;
  readonly work?: Work;
  /** Capacities of the servers, in clients at load 1. */
  readonly capacities: readonly number[];
  /** Kinds of rooms, by their share of all clients. */
  readonly mix: readonly (readonly [kind: RoomKind, share: number])[];
  /** How many times the mean rate rooms open at, at a time of the run; mean about 1. */
  readonly rate: (at: Milliseconds) => number;
  readonly warmUp?: Milliseconds;
  readonly end?: Milliseconds;
  readonly loadNoise?: number;
  readonly lostReports?: number;
  readonly staleReports?: Milliseconds;
  readonly incidents?: (servers: number, from: Milliseconds, to: Milliseconds, chance: Chance) => Incident[];
}

const { squad, match, lobby, stage, lesson, talk, webinar } = roomKinds;

/** So many servers of each capacity. */
function fleet(...sizes: readonly (readonly [count: number, capacity: number])[]): number[] {
  return sizes.flatMap(([count, capacity]) => Array.from({ length: count }, () => capacity));
}

const THREE_SIZES = fleet([20, 1000], [14, 2000], [6, 4000]);
const HALF_OF_THEM = fleet([10, 1000], [7, 2000], [3, 4000]);
/** What a service for many sorts of apps sees; stages of several hundred are for the scenarios that have nothing else. */
const EVERYTHING = [[squad, 0.15], [match, 0.3], [lobby, 0.3], [lesson, 0.15], [talk, 0.1]] as const;

/** In the first 20 s of each so many minutes rooms open so many times as often. */
function bursts(every: Milliseconds, factor: number): (at: Milliseconds) => number {
  const share = 20 * SECOND / every;
  const quiet = Math.max(0, (1 - factor * share) / (1 - share));
  return (at) => at % every < 20 * SECOND ? factor : quiet;
}

export const scenarios = {
  standard: {
    about:
      "40 servers of three sizes; squads, matches, lobbies, classes and talks; a burst every five minutes",
    capacities: THREE_SIZES,
    mix: EVERYTHING,
    rate: bursts(5 * MINUTE, 5),
  },
  games: {
    about: "20 equal servers; squads and matches; half of all rooms open in a burst each two minutes",
    capacities: fleet([20, 600]),
    mix: [[squad, 0.4], [match, 0.6]],
    rate: bursts(2 * MINUTE, 3),
  },
  social: {
    about: "20 servers of two sizes; lobbies with a heavy tail only",
    capacities: fleet([14, 500], [6, 1500]),
    mix: [[lobby, 1]],
    rate: () => 1,
  },
  school: {
    about: "20 equal servers; classes that all begin in the same minutes, and lobbies beside them",
    capacities: fleet([20, 600]),
    mix: [[lesson, 0.7], [lobby, 0.3]],
    rate: bursts(15 * MINUTE, 20),
  },
  conference: {
    about: "16 servers of two sizes; talks and stages, some at once",
    capacities: fleet([10, 1000], [6, 2000]),
    mix: [[talk, 0.7], [stage, 0.3]],
    rate: bursts(15 * MINUTE, 15),
  },
  day: {
    about: "20 servers of three sizes; everything, on a curve that doubles and halves within hours",
    capacities: fleet([10, 500], [7, 1000], [3, 2000]),
    mix: EVERYTHING,
    rate: (at) => 1 + 0.3 * Math.sin(2 * Math.PI * at / (180 * MINUTE)),
    end: 330 * MINUTE,
  },
  crashes: {
    about: "half of the standard fleet, and its rooms; three servers crash, and are back two minutes later",
    capacities: HALF_OF_THEM,
    mix: EVERYTHING,
    rate: () => 1,
    incidents: (servers, from, to, chance) =>
      [0.2, 0.45, 0.7].map((share) => ({
        at: from + share * (to - from),
        server: chance.integer(0, servers - 1),
        what: "crash",
        back: 2 * MINUTE,
      })),
  },
  restarts: {
    about:
      "half of the standard fleet, and its rooms; every fourth server is drained for ten minutes and restarted, in turn",
    capacities: HALF_OF_THEM,
    mix: EVERYTHING,
    rate: () => 1,
    incidents: (servers, from, to) =>
      Array.from({ length: Math.floor(servers / 4) }, (_, i) => ({
        at: from + (i / Math.floor(servers / 4)) * (to - from),
        server: i * 4,
        what: "restart",
        deadline: 10 * MINUTE,
      })),
  },
  giant: {
    about: "12 servers, one of them ten times the size of the others; everything",
    capacities: fleet([11, 600], [1, 6000]),
    mix: EVERYTHING,
    rate: bursts(5 * MINUTE, 5),
  },
  noise: {
    about:
      "half of the standard fleet, and its rooms; loads are off by 5 points, reports up to 2 s late, one in ten is lost",
    capacities: HALF_OF_THEM,
    mix: EVERYTHING,
    rate: bursts(5 * MINUTE, 5),
    loadNoise: 0.05,
    lostReports: 0.1,
    staleReports: 2 * SECOND,
  },
  kinds: {
    about: "12 servers of two sizes; matches, lobbies, classes and talks",
    capacities: fleet([8, 300], [4, 600]),
    mix: [[match, 0.25], [lobby, 0.25], [lesson, 0.25], [talk, 0.25]],
    rate: () => 1,
  },
  webinars: {
    about: "12 equal servers; large rooms that fill over an hour",
    capacities: fleet([12, 2000]),
    mix: [[webinar, 1]],
    rate: () => 1,
    warmUp: 270 * MINUTE,
    end: 450 * MINUTE,
  },
  surge: {
    about: "12 servers of two sizes; for half an hour twice as many rooms open",
    capacities: fleet([8, 600], [4, 1200]),
    mix: EVERYTHING,
    rate: (at) => at >= 75 * MINUTE && at < 105 * MINUTE ? 2 : 1,
    end: 165 * MINUTE,
  },
  small: {
    about: "60 servers, smaller than the largest rooms; lobbies with a heavy tail, and talks",
    capacities: fleet([60, 120]),
    mix: [[lobby, 0.7], [talk, 0.3]],
    rate: () => 1,
  },
  ...calendars,
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
