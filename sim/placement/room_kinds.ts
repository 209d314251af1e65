import type { Milliseconds } from "../../src/fleet/mod.ts";
import { Chance } from "./chance.ts";
import { meanByFilling } from "./filling.ts";
import type { SimulatedRoom, Usual } from "./workload.ts";

/** How rooms of a sort come to be: names, sizes, how they fill, how long they last. */
export interface RoomKind {
  readonly namespace: string;
  name(chance: Chance, number: number): string;
  /** Clients that will have come. */
  size(chance: Chance): number;
  /** When each client comes after the first, in order of coming; the first is 0. */
  arrivals(chance: Chance, size: number): Milliseconds[];
  lifetime(chance: Chance): Milliseconds;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const HEX = "0123456789abcdef";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The first of so many clients, and then the others, each at a time that is drawn. */
export function arrive(size: number, time: () => Milliseconds): Milliseconds[] {
  const times = Array.from({ length: size - 1 }, time);
  return [0, ...times.sort((a, b) => a - b)];
}

/** Clients that come over some time, most of them early. */
export function trickle(chance: Chance, size: number, over: Milliseconds): Milliseconds[] {
  return arrive(size, () => Math.min(over, chance.exponential(over / 3)));
}

/** A fixed team of four, which meets within seconds. */
const squad: RoomKind = {
  namespace: "shooter",
  name: (chance) => {
    const hex = (length: number) => chance.text(length, HEX);
    return `squad-${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  },
  size: () => 4,
  arrivals: (chance, size) => trickle(chance, size, chance.uniform(10, 40) * SECOND),
  lifetime: (chance) => chance.uniform(15, 25) * MINUTE,
};

/** A match of ten. */
const match: RoomKind = {
  namespace: "arena",
  name: (_chance, number) => `match-${100_000 + number}`,
  size: () => 10,
  arrivals: (chance, size) => trickle(chance, size, chance.uniform(20, 60) * SECOND),
  lifetime: (chance) => chance.uniform(25, 40) * MINUTE,
};

/** A lobby of a social app: mostly small, now and then very large. */
const lobby: RoomKind = {
  namespace: "social",
  name: (chance) => `lobby-${chance.text(11, BASE62)}`,
  size: (chance) => Math.min(200, Math.max(1, Math.round(chance.logNormal(6, 1.1)))),
  arrivals: (chance, size) => trickle(chance, size, chance.uniform(1, 6) * MINUTE),
  lifetime: (chance) => Math.min(60, 10 + chance.exponential(20)) * MINUTE,
};

/** A stage with an audience of several hundred. */
const stage: RoomKind = {
  namespace: "live",
  name: (_chance, number) => `{stage-${number}}-main`,
  size: (chance) => chance.integer(150, 400),
  arrivals: (chance, size) => trickle(chance, size, chance.uniform(3, 8) * MINUTE),
  lifetime: (chance) => chance.uniform(45, 75) * MINUTE,
};

/** A class: the teacher comes ten minutes before the pupils, who come all at once. */
const lesson: RoomKind = {
  namespace: "school",
  name: (chance) => `class/${chance.text(10, HEX)}`,
  size: (chance) => 1 + chance.integer(28, 32),
  arrivals: (chance, size) => arrive(size, () => 10 * MINUTE + chance.exponential(10) * SECOND),
  lifetime: () => 55 * MINUTE,
};

/** A talk of a conference, one of few sizes. */
const talk: RoomKind = {
  namespace: "conference",
  name: (chance, number) => `talk-${chance.integer(1, 12)}-${number}`,
  size: (chance) => chance.integer(40, 160),
  arrivals: (chance, size) => trickle(chance, size, 5 * MINUTE),
  lifetime: (chance) => chance.uniform(40, 50) * MINUTE,
};

/** A webinar, whose audience comes and goes on coming for an hour. */
const webinar: RoomKind = {
  namespace: "webinars",
  name: (_chance, number) => `webinar-${number}`,
  size: (chance) => Math.min(600, Math.max(20, Math.round(chance.logNormal(180, 0.6)))),
  arrivals: (chance, size) => arrive(size, () => chance.uniform(0, 60) * MINUTE),
  lifetime: (chance) => chance.uniform(110, 150) * MINUTE,
};

export const roomKinds = { squad, match, lobby, stage, lesson, talk, webinar } as const;

/** How far rooms have filled is the same within so long. */
const FILLING_SLOT = 10 * SECOND;

const known = new WeakMap<RoomKind, Usual>();

/** What can be known of the rooms of a kind, from a few hundred of them. */
export function usualOf(kind: RoomKind): Usual {
  let its = known.get(kind);
  if (its === undefined) known.set(kind, its = fromSample(kind, new Chance(7)));
  return its;
}

function fromSample(kind: RoomKind, chance: Chance): Usual {
  const sizes = Array.from({ length: 500 }, () => kind.size(chance)).sort((a, b) => b - a);
  const largest = sizes[0]!;
  /** Of the sizes from each one on, the mean. */
  const means: number[] = [];
  let sum = 0;
  for (const [i, size] of sizes.entries()) {
    sum += size;
    means[size] = sum / (i + 1);
  }
  for (let size = largest; size > 0; size--) means[size - 1] ??= means[size]!;
  const filled = sizes.slice(0, 50).map((size) => kind.arrivals(chance, size).at(-1)!);
  const fills = filled.reduce((sum, time) => sum + time, 0) / filled.length;
  const later = sizes.flatMap((size) => kind.arrivals(chance, size).slice(1));
  const come = (age: Milliseconds) => later.filter((time) => time <= age).length / Math.max(1, later.length);
  const byFilling = new Map<string, number>();
  return {
    size: (reached) => reached > largest ? reached : means[reached]!,
    fills,
    byFilling: (reached, age) => {
      const slot = Math.floor(age / FILLING_SLOT);
      const key = `${slot} ${reached}`;
      let its = byFilling.get(key);
      if (its === undefined) {
        byFilling.set(key, its = meanByFilling(sizes, reached, come((slot + 0.5) * FILLING_SLOT)));
      }
      return its;
    },
  };
}

/** A room of the kind that opens then. Clients leave in its last minute; one in ten leaves early. */
export function openRoom(
  kind: RoomKind,
  chance: Chance,
  number: number,
  at: Milliseconds,
  usual: Usual = usualOf(kind),
  ofKind: Usual = usual,
): SimulatedRoom {
  const size = kind.size(chance);
  const arrivals = kind.arrivals(chance, size);
  const lifetime = Math.max(kind.lifetime(chance), arrivals.at(-1)! + MINUTE);
  const joins = arrivals.map((arrival) => at + arrival);
  const leaves = joins.map((join) => {
    const last = at + lifetime - chance.uniform(0, MINUTE);
    return chance.random() < 0.1 ? chance.uniform(Math.min(join + MINUTE, last), last) : Math.max(join, last);
  });
  const ends = Math.max(...leaves);
  const { namespace } = kind;
  return { namespace, name: kind.name(chance, number), joins, leaves, ends, usual, ofKind };
}
