import type { Milliseconds } from "../../src/fleet/mod.ts";
import { Chance } from "./chance.ts";
import { openRoom, type RoomKind, roomKinds } from "./room_kinds.ts";
import { type Incident, meanClients, type SimulatedRoom, type Workload } from "./workload.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A fleet, what its rooms are like, and what happens to it. */
export interface Scenario {
  readonly about: string;
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

const { squad, match, lobby, stage, lesson, talk } = roomKinds;

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
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

/** A workload's mean load may be off by this share. */
const CLOSE_ENOUGH = 0.005;

/** Rooms that open in one step of the generator are drawn together. */
const STEP = SECOND;

/**
 * What happens in a scenario, for one seed.
 *
 * @param load mean load to come to, 0 to 1, over the time that counts
 */
export function generate(scenario: Scenario, load: number, seed: number): Workload {
  const { warmUp = 65 * MINUTE, end = 125 * MINUTE, loadNoise = 0.01, lostReports = 0, staleReports = 0 } =
    scenario;
  const capacity = scenario.capacities.reduce((sum, each) => sum + each, 0);
  const chance = new Chance(seed);
  let rate = capacity * load / (30 * MINUTE);
  let rooms = roomsAt(scenario, rate, end, seed);
  for (let attempt = 0; attempt < 8; attempt++) {
    const off = meanClients({ rooms, warmUp, end }) / capacity / load;
    if (Math.abs(off - 1) < CLOSE_ENOUGH) break;
    rate /= off;
    rooms = roomsAt(scenario, rate, end, seed);
  }
  const servers = scenario.capacities.map((each, i) => ({
    address: `sfu${i}.simulated:4433`,
    capacity: each,
    phase: chance.uniform(0, 5 * SECOND),
  }));
  const incidents = scenario.incidents?.(servers.length, warmUp, end, chance) ?? [];
  return {
    servers,
    rooms,
    incidents,
    warmUp,
    end,
    reportInterval: 5 * SECOND,
    loadNoise,
    lostReports,
    staleReports,
  };
}

/**
 * Rooms by a rate. The rooms of a seed are the same whatever the rate: only when they open depends on it.
 *
 * @param rate clients that come, in a mean millisecond
 */
function roomsAt(scenario: Scenario, rate: number, end: Milliseconds, seed: number): SimulatedRoom[] {
  const rooms: SimulatedRoom[] = [];
  for (const [which, [kind, share]] of scenario.mix.entries()) {
    const chance = new Chance(seed * 100 + which);
    const mean = meanSize(kind);
    let due = chance.random();
    let number = 0;
    for (let at = 0; at < end; at += STEP) {
      due -= rate * share / mean * scenario.rate(at) * STEP;
      while (due < 0) {
        const its = new Chance((seed * 100 + which) * 1_000_000 + number);
        rooms.push(openRoom(kind, its, number++, at + its.uniform(0, STEP)));
        due += chance.exponential(1);
      }
    }
  }
  return rooms.sort((a, b) => a.joins[0]! - b.joins[0]!);
}

function meanSize(kind: RoomKind): number {
  const chance = new Chance(7);
  let sum = 0;
  for (let i = 0; i < 1000; i++) sum += kind.size(chance);
  return sum / 1000;
}
