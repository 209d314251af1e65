import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Calendar } from "./calendars.ts";
import { Chance } from "./chance.ts";
import { openRoom, usualOf } from "./room_kinds.ts";
import type { Rates, Scenario } from "./scenarios.ts";
import { linear, meanWork, type SimulatedRoom, type SimulatedServer, type Workload } from "./workload.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A workload's mean load may be off by this share. */
const CLOSE_ENOUGH = 0.005;

/** Rooms that open in one step of the generator are drawn together. */
const STEP = SECOND;

/** A day, and a cold start, count from so soon on. */
const START: Milliseconds = 10 * MINUTE;

/** The load of a day is that of its busiest so many minutes. */
const BUSIEST: Milliseconds = 15 * MINUTE;

/** What no scenario says otherwise. */
const USUAL = { reportInterval: 5 * SECOND, loadNoise: 0.01, lostReports: 0, staleReports: 0 };

/**
 * What happens in a scenario, for one seed.
 *
 * @param load load to come to, 0 to 1: the mean once a fleet has filled; of a day, the busiest quarter of an hour
 * @param cold whether it counts from the beginning, while nothing is learned
 */
export function generate(scenario: Scenario, load: number, seed: number, cold = false): Workload {
  return "day" in scenario ? byCalendar(scenario, load, seed, cold) : byRates(scenario, load, seed, cold);
}

function byCalendar(calendar: Calendar, load: number, seed: number, cold: boolean): Workload {
  const { servers, day, counted, work = linear } = calendar;
  const days = cold ? 1 : calendar.days;
  const begins = (days - 1) * day;
  const rooms = calendar.rooms(seed, days);
  const end = begins + counted;
  let busiest = 0;
  for (let from = begins; from + BUSIEST <= end; from += BUSIEST) {
    busiest = Math.max(busiest, meanWork({ rooms, warmUp: from, end: from + BUSIEST, work }));
  }
  const unit = busiest / load / sum(servers);
  return {
    ...USUAL,
    servers: serversOf(servers.map((each) => each * unit), new Chance(seed)),
    rooms,
    work,
    incidents: [],
    warmUp: begins + START,
    end,
  };
}

function byRates(scenario: Rates, load: number, seed: number, cold: boolean): Workload {
  const { capacities, work = linear, warmUp = 65 * MINUTE, end = 125 * MINUTE } = scenario;
  const capacity = sum(capacities);
  const chance = new Chance(seed);
  let rate = capacity * load / (30 * MINUTE);
  let rooms = roomsAt(scenario, rate, end, seed);
  for (let attempt = 0; attempt < 8; attempt++) {
    const off = meanWork({ rooms, warmUp, end, work }) / capacity / load;
    if (Math.abs(off - 1) < CLOSE_ENOUGH) break;
    rate /= off;
    rooms = roomsAt(scenario, rate, end, seed);
  }
  const { loadNoise, lostReports, staleReports } = { ...USUAL, ...scenario };
  const servers = serversOf(capacities, chance);
  const counted = cold ? { warmUp: START, end: START + end - warmUp } : { warmUp, end };
  const incidents = scenario.incidents?.(servers.length, counted.warmUp, counted.end, chance) ?? [];
  return { ...USUAL, ...counted, servers, rooms, work, incidents, loadNoise, lostReports, staleReports };
}

function serversOf(capacities: readonly number[], chance: Chance): SimulatedServer[] {
  return capacities.map((capacity, i) => ({
    address: `sfu${i}.simulated:4433`,
    capacity,
    phase: chance.uniform(0, 5 * SECOND),
  }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/**
 * Rooms by a rate. The rooms of a seed are the same whatever the rate: only when they open depends on it.
 *
 * @param rate clients that come, in a mean millisecond
 */
function roomsAt(scenario: Rates, rate: number, end: Milliseconds, seed: number): SimulatedRoom[] {
  const rooms: SimulatedRoom[] = [];
  for (const [which, [kind, share]] of scenario.mix.entries()) {
    const chance = new Chance(seed * 100 + which);
    const mean = usualOf(kind).size(0);
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
