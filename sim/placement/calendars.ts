import type { Milliseconds } from "../../src/fleet/mod.ts";
import { Chance } from "./chance.ts";
import { arrive, HEX, openRoom, type RoomKind, trickle, usualOf } from "./room_kinds.ts";
import { type SimulatedRoom, speakersTimesListeners, type Usual, type Work } from "./workload.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DIGITS = "0123456789";

/** Rooms of a few days, many of which come back under their names; the servers are as large as the load needs them to be. */
export interface Calendar {
  readonly about: string;
  readonly work?: Work;
  /** Sizes of the servers, beside each other. */
  readonly servers: readonly number[];
  /** How long a day is; nights are left out. */
  readonly day: Milliseconds;
  /** How much of it counts; then those are left who stay long. */
  readonly counted: Milliseconds;
  /** How many there are; the last one counts, or of a cold start the first. */
  readonly days: number;
  rooms(seed: number, days: number): SimulatedRoom[];
}

/** What opens under one name again and again, or once. */
interface Series {
  readonly kind: RoomKind;
  /** When it opens on a day. */
  readonly opens: Milliseconds;
}

/**
 * Opens each series on a day, each room drawn from a generator of its own.
 *
 * @param from when the day begins
 * @param salt says which day of which seed it is, and of which series
 * @param ofKind what is known of those whose names were never seen
 * @param usual what is known of them, if not what they come to under their name
 */
function open(
  series: readonly Series[],
  from: Milliseconds,
  salt: number,
  ofKind: Usual,
  usual?: Usual,
): SimulatedRoom[] {
  return series.map(({ kind, opens }, number) => {
    const chance = new Chance(salt * 1_000_000 + number);
    return openRoom(kind, chance, number, from + opens + chance.uniform(-3, 2) * MINUTE, usual, ofKind);
  });
}

/** Of a series of which nobody knows which it is, the kind. */
function anyOf(series: (chance: Chance, number: number) => Series): RoomKind {
  const one = (chance: Chance) => series(chance, 0).kind;
  return {
    namespace: "",
    name: (chance, number) => one(chance).name(chance, number),
    size: (chance) => one(chance).size(chance),
    arrivals: (chance, size) => one(chance).arrivals(chance, size),
    lifetime: (chance) => one(chance).lifetime(chance),
  };
}

/** So many different series, each drawn from a generator of its own. */
function draw(count: number, seed: number, series: (chance: Chance, number: number) => Series): Series[] {
  return Array.from({ length: count }, (_, i) => series(new Chance(seed * 10_000_000 + i), i));
}

/** Days of series of which some come back each day and the others are others each day. */
function recurring(
  count: number,
  share: number,
  day: Milliseconds,
  series: (chance: Chance, number: number) => Series,
): Calendar["rooms"] {
  const kept = Math.round(count * share);
  const any = anyOf(series);
  return (seed, days) => {
    const back = draw(kept, seed, series);
    const rooms = Array.from({ length: days }, (_, of) => {
      const from = of * day + 5 * MINUTE;
      const salt = seed * 100 + of;
      const once = draw(count - kept, 1000 + salt, series);
      const ofKind = usualOf(any);
      return [...open(back, from, 2 * salt, ofKind), ...open(once, from, 2 * salt + 1, ofKind, ofKind)];
    });
    return rooms.flat().sort((a, b) => a.joins[0]! - b.joins[0]!);
  };
}

/** Those who are used to come, more or less. */
function about(chance: Chance, usual: number, spread: number): number {
  return Math.max(1, Math.round(chance.logNormal(usual, spread)));
}

/** A university class: its teacher is early, its students come in the ten minutes about its beginning. */
function course(chance: Chance, number: number): Series {
  const enrolled = Math.min(250, Math.max(5, chance.logNormal(60, 0.8)));
  const kind: RoomKind = {
    namespace: "university",
    name: () => `course-${number}`,
    size: (chance) => about(chance, enrolled, 0.15),
    arrivals: (chance, size) => arrive(size, () => Math.max(0, 8 + 3 * chance.normal()) * MINUTE),
    lifetime: () => 85 * MINUTE,
  };
  return { kind, opens: (number % 7) * 90 * MINUTE };
}

/** A meeting of colleagues: its number says nothing of it, its usual size and length are its own. */
function meeting(chance: Chance): Series {
  const name = chance.text(11, DIGITS);
  const usual = Math.min(200, Math.max(2, chance.logNormal(4.5, 0.94)));
  const length = Math.min(180, Math.max(10, chance.logNormal(45, 0.5)));
  const kind: RoomKind = {
    namespace: "meetings",
    name: () => name,
    size: (chance) => about(chance, usual, 0.2),
    arrivals: (chance, size) => trickle(chance, size, 6 * MINUTE),
    lifetime: (chance) => length * chance.uniform(0.8, 1.2) * MINUTE,
  };
  const slot = chance.integer(0, 8) * HOUR;
  return { kind, opens: chance.random() < 0.67 ? slot : slot + 30 * MINUTE };
}

/** A lesson in a virtual classroom, whose name is made anew each time. */
const lesson: RoomKind = {
  namespace: "moodle",
  name: (chance) => chance.text(40, HEX),
  size: (chance) => chance.integer(10, 30),
  arrivals: (chance, size) => trickle(chance, size, 4 * MINUTE),
  lifetime: () => 50 * MINUTE,
};

/** A voice channel: a few people who know each other, some evenings more of them. */
function channel(chance: Chance): Series {
  const name = chance.text(18, DIGITS);
  const usual = Math.min(50, Math.max(1, chance.logNormal(3, 0.7)));
  const kind: RoomKind = {
    namespace: "channels",
    name: () => name,
    size: (chance) => about(chance, usual, 0.4),
    arrivals: (chance, size) => trickle(chance, size, 30 * MINUTE),
    lifetime: (chance) => Math.min(240, 20 + chance.exponential(70)) * MINUTE,
  };
  return { kind, opens: chance.uniform(0, 7) * HOUR };
}

const TWELVE = [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2];

const meetings: Calendar = {
  about:
    "12 servers of two sizes; meetings of 7 people and 52 minutes in the mean, six of ten under the name of before",
  servers: TWELVE,
  day: 11 * HOUR,
  counted: 9 * HOUR,
  days: 3,
  rooms: recurring(4000, 0.6, 11 * HOUR, meeting),
};

export const calendars = {
  classes: {
    about: "12 servers of two sizes; 600 university classes that come back each day",
    servers: TWELVE,
    day: 12 * HOUR,
    counted: 10.5 * HOUR,
    days: 3,
    rooms: recurring(600, 1, 12 * HOUR, course),
  },
  meetings,
  sfu: {
    ...meetings,
    about: `${meetings.about}; work is speakers × listeners`,
    work: speakersTimesListeners,
  },
  moodle: {
    about: "12 servers of two sizes; lessons of 10 to 30 that begin all at once, each under a new name",
    servers: TWELVE,
    day: 4 * HOUR,
    counted: 4 * HOUR,
    days: 2,
    rooms: recurring(1600, 0, 4 * HOUR, (chance) => ({ kind: lesson, opens: chance.integer(0, 3) * HOUR })),
  },
  channels: {
    about: "12 servers of two sizes; voice channels of a few people, eight of ten back each day",
    servers: TWELVE,
    day: 12 * HOUR,
    counted: 7 * HOUR,
    days: 3,
    rooms: recurring(3000, 0.8, 12 * HOUR, channel),
  },
} as const satisfies Record<string, Calendar>;
