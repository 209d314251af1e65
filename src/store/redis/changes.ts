import {
  type Ban,
  type Candidate,
  type Change,
  type ChangeOf,
  type Explanation,
  type GrowthSeen,
  type Kind,
  type LearnedKind,
  type LearnedName,
  type LeftOut,
  type Lesson,
  type Observation,
  parseAddress,
  type Plan,
  type QueuedTask,
  type RoomWork,
  type StoredCost,
} from "../../fleet/mod.ts";
import {
  array,
  type Clock,
  type Codec,
  flag,
  list,
  type Members,
  number,
  oneOf,
  optional,
  orUndefined,
  parsed,
  record,
  type RecordCodec,
  rounded,
  text,
  time,
  tuple,
  yes,
} from "./codec.ts";
import { Fault } from "./fault.ts";

/** The address of a server; empty where none is meant. */
export const address = parsed(
  "an address",
  (text) => text === "" ? text as ReturnType<typeof parseAddress> : parseAddress(text),
);
/** A namespace, and a name in it. */
export const names = tuple(text, text);
const sumsOfCost = tuple(number, number, number, number, number);
export const cost: Codec<StoredCost> = {
  write: (value) => value,
  read(json, clock) {
    const sums = sumsOfCost.read(json, clock);
    const rest = array(json)[sums.length];
    return rest === undefined ? sums : [...sums, number.read(rest, clock)];
  },
};
export const usage = list(record<{ customer: string; peers: number; rooms: number }>({
  customer: text,
  peers: number,
  rooms: number,
}));
export const draining = orUndefined(
  record<{ deadline: number | undefined }>({ deadline: orUndefined(time) }),
);

export const ban: Codec<Ban> = record<Ban>({
  room: names,
  user: orUndefined(text),
  until: time,
  customer: orUndefined(text),
  by: orUndefined(text),
  told: optional(address),
});

export const task: Codec<QueuedTask> = record<QueuedTask>({
  sequence: number,
  room: names,
  kind: oneOf("RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"),
  json: text,
  expires: time,
  customer: text,
});

const pair = tuple(number, number);
export const sizes: Codec<LearnedKind["sizes"]> = orUndefined(
  record<NonNullable<LearnedKind["sizes"]>>({
    bins: list(pair),
    fill: pair,
    at: time,
    spans: optional(list(tuple(number, number, number))),
    curve: optional(list(number)),
    within: optional(pair),
  }),
);

const path = optional(list(number));
const observation = record<Observation>({ size: number, fillTime: number, path });
const lesson = record<Lesson>({ size: number, fillTime: number, at: time, path });
const growthSeen = record<GrowthSeen>({ peak: number, grewTo: number, grewFor: number, path });
export const known: Codec<LearnedName["known"]> = orUndefined(
  record<NonNullable<LearnedName["known"]>>({ count: number, size: number, fillTime: number, at: time }),
);

const candidate = record<Candidate>({
  address,
  load: rounded,
  steadyLoad: rounded,
  clients: number,
  groups: number,
  grants: number,
  growth: rounded,
  loadPerClient: rounded,
  work: optional(record<RoomWork>({ exponent: rounded, coming: rounded, load: rounded })),
  weight: number,
  expectedLoad: rounded,
});

export const explanation: Codec<Explanation> = record<Explanation>({
  at: time,
  by: text,
  kind: record<Kind>({ namespace: text, template: text }),
  expectedSize: rounded,
  size: rounded,
  pool: text,
  server: address,
  overCeiling: flag,
  candidates: list(candidate),
  furtherCandidates: number,
  leftOut: list(record<LeftOut>({
    server: address,
    reason: oneOf(
      "silent",
      "draining",
      "weight 0",
      "above the ceiling",
      "load not known",
      "in a move a moment ago",
    ),
  })),
  furtherLeftOut: number,
  relieved: optional(
    record<NonNullable<Explanation["relieved"]>>({ server: address, load: number }),
  ),
});

type Type = Change["type"];

/** Changes that nobody is told of: they concern their own gateway only, or are kept for whoever asks. */
type Untold =
  | "server-odd"
  | "server-stalled"
  | "collision"
  | "close-ignored"
  | "miscounted"
  | "group-explained";

/** What stands in the log of each change, after its type. Members are added at the end only, and never change. */
const CHANGES: { readonly [Name in Exclude<Type, Untold>]: Members<Omit<ChangeOf<Name>, "type">> } = {
  "server-appeared": { server: address, pool: text, version: text },
  "server-reported": {
    server: address,
    report: text,
    pool: text,
    version: text,
    load: number,
    clients: number,
    cost,
    usage,
    figures: optional(list(tuple(names, number))),
    works: optional(list(rounded)),
    counted: optional(number),
    loadUnknown: optional(yes),
    exponent: optional(number),
  },
  "server-evicting": { server: address, rooms: number },
  "server-planned": {
    server: address,
    weight: number,
    draining,
    part: optional(oneOf<keyof Plan>("weight", "draining")),
  },
  "server-drained": { server: address },
  "server-enabled": { server: address },
  "server-disabled": { server: address, report: text },
  "server-removed": { server: address, report: text },
  "group-placed": {
    namespace: text,
    group: text,
    server: address,
    from: optional(address),
    found: optional(yes),
    overload: optional(number),
  },
  "group-young": {
    namespace: text,
    group: text,
    server: address,
    age: number,
    reached: number,
    learned: optional(lesson),
    isNew: optional(yes),
    isFound: optional(yes),
    seen: optional(growthSeen),
  },
  "group-leaving": { namespace: text, group: text, server: address, leave: text },
  "group-released": { namespace: text, group: text, server: address, leave: optional(text) },
  "room-opened": { room: names, server: address, customer: text, listed: flag },
  "room-changed": { room: names, server: address, customer: text, listed: flag },
  "room-closed": { room: names, server: address, idle: optional(yes) },
  "granted": { room: names, server: address, user: text, customer: text, again: optional(yes) },
  "grants-ended": { room: names, server: address, users: list(text) },
  "size-observed": { namespace: text, group: text, observed: observation, earlier: optional(lesson) },
  "name-learned": { name: record<LearnedName>({ high: number, low: number, known }) },
  "kind-learned": {
    kind: record<LearnedKind>({ namespace: text, template: text, sizes }),
    names: optional(yes),
  },
  "banned": { ban },
  "ban-ended": { ban, lifted: flag },
  "task-queued": { server: address, task, moved: optional(yes), order: optional(number) },
  "handed-over": { server: address, id: number, tasks: list(number) },
  "hand-over-ended": { server: address, id: number, fate: oneOf("read", "lost", "unknown") },
  "customers-listed": {},
  "figures-wanted": {},
  "task-ended": { sequence: number, expired: optional(yes) },
};

const codecs = new Map<string, RecordCodec<object>>(
  Object.entries(CHANGES).map(([type, members]) => [type, record<object>(members, 1)]),
);

/** A change as it stands in the log, a JSON array; undefined where nobody is told of it. */
export function writeChange(change: Change, clock: Clock): string | undefined {
  const codec = codecs.get(change.type);
  if (codec === undefined) return undefined;
  return JSON.stringify([change.type, ...codec.write(change, clock)]);
}

/** What became of reading changes. */
export interface ReadChanges {
  readonly changes: readonly Change[];
  /** What could not be read, and is left out. */
  readonly damaged: readonly string[];
  /** Types of changes that only a later version knows, and that are passed over. */
  readonly unknown: readonly string[];
}

/** Begins the type of a change that nobody may pass over: a version that does not know it stops, rather than go wrong. */
const NEEDED = "!";

/**
 * Changes from a JSON array of what {@link writeChange} wrote.
 *
 * @throws {Fault} at one that only a later version knows, and that must not be passed over
 */
export function readChanges(json: string, clock: Clock): ReadChanges {
  const changes: Change[] = [];
  const damaged: string[] = [];
  const unknown: string[] = [];
  let entries: readonly unknown[];
  try {
    entries = array(JSON.parse(json));
  } catch (error) {
    return { changes, damaged: [`changes of the log: ${explain(error)}`], unknown };
  }
  for (const entry of entries) {
    const type = Array.isArray(entry) ? entry[0] : undefined;
    const codec = codecs.get(type);
    if (codec === undefined) {
      if (String(type).startsWith(NEEDED)) throw new Fault("outdated", tooOld(type));
      unknown.push(String(type));
      continue;
    }
    try {
      changes.push(Object.assign(codec.read(entry, clock), { type }) as Change); // by the table
    } catch (error) {
      damaged.push(`a change of the log (${type}): ${explain(error)}`);
    }
  }
  return { changes, damaged, unknown };
}

function tooOld(type: string): string {
  return `a gateway of a later version has made a change (${type}) that this one does not know, and must not pass over; ` +
    "upgrade this gateway, or end that one";
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
