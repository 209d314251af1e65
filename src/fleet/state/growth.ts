import type { Change, ChangeOf } from "../change.ts";
import type { GrowthSeen } from "../facts.ts";
import {
  AGES,
  type Kind,
  type KnownName,
  type Lesson,
  nameHash,
  nameTemplate,
  type Observation,
  type SizeEstimator,
} from "../learning/mod.ts";
import type { Model } from "./model.ts";
import { workToCome } from "./room_cost.ts";
import { plausibleBeside } from "./plausible.ts";
import type { Group } from "./room.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** A group still grows for so long after it last did, and for this share of its age: one that fills slowly has longer pauses; */
const STILL_GROWS = { atLeast: 60_000, ofAge: 1 / 3 };
/** and, whatever it did, until so many times the time that its kind grows has passed. */
const PATIENCE = 1.5;

/** A group counts as having grown when it is larger by this factor: one late client is no growth. */
const NOTABLE = 1.25;

/** A group that was there for so long before it was first seen may have grown before. */
const SEEN_LATE: Milliseconds = 60_000;

/** What a group that is watched no more has taught was learned about so long ago. */
const WATCHED: Milliseconds = 5_400_000;

/** Sums of expected clients are fractions: by less than this they may be off, until they are added up anew. */
const ROUNDING = 1e-6;

/** What has been learned is told to the store so often. */
const TELL_AFTER: Milliseconds = 5000;

/** A group that may still grow: what it has come to, and what it is expected to come to. */
export class YoungGroup {
  /** Clients in the last report. */
  peers = 0;
  /** The most that any report showed; of the last one, whatever it is. */
  peak = 0;
  /** The most that the reports before it showed. */
  #borne = 0;
  /** Clients granted, which no report has shown yet. */
  grants = 0;
  /** Clients still expected, in `server.growth`. */
  growth = 0;
  /** What these are to the server's work. */
  growthWork = 0;
  /** When it last grew notably, and what it had come to then. */
  grewAt: Milliseconds;
  grewTo = 0;

  /** Clients that it had come to at each of `AGES`; absent where it was not seen from its beginning, or they only come back. */
  path: number[] | undefined;
  /** The size that it is expected to reach, in clients. */
  expected: number;
  /** Whether it had come to its size at the last report. */
  hasGrown = false;
  /** Until when it grows, if it does as its kind does. */
  growsUntil: Milliseconds;
  /** The size that it was expected to reach when it was new. */
  readonly foreseen: number;
  /** What its name said when it was new. */
  readonly name: KnownName | undefined;
  /** What has been learned of it. */
  learned: Lesson | undefined = undefined;
  /** Whether a gateway has placed it when it was new, and nobody has moved it since: else that may be. */
  isNew = false;
  /** Whether this gateway found it there, and knows no more than its age: what another one knows counts instead. */
  isFound = false;
  /** Clients that were in it on another server, and are coming back though none is on the way yet. */
  returning = 0;
  /** Whether it was there long before it was first seen: when it grew is not known. */
  readonly #seenLate: boolean;

  constructor(
    readonly kind: Kind,
    known: SizeEstimator,
    readonly since: Milliseconds,
    /** Clients that it is known to have had. */
    reached: number,
    now: Milliseconds,
  ) {
    this.grewAt = since;
    this.name = known.name;
    this.#seenLate = now - since > SEEN_LATE;
    this.path = reached === 0 && now - since <= AGES[0]! ? [] : undefined;
    this.expected = this.foreseen = known.expectedSize(reached, now);
    this.growsUntil = since + PATIENCE * known.fillTime;
  }

  /** What another gateway has seen of it until now. */
  resume({ peak, grewTo, grewFor, path }: GrowthSeen, known: SizeEstimator, now: Milliseconds): void {
    this.peak = this.#borne = peak;
    this.grewTo = grewTo;
    this.grewAt = this.since + grewFor;
    this.path = path === undefined ? undefined : [...path];
    this.expect(known, now);
  }

  /** What this gateway has seen of it until now. */
  get seen(): GrowthSeen {
    const { size, grewTo, grewAt, since, path } = this;
    const seen = { peak: size, grewTo: Math.min(grewTo, size), grewFor: grewAt - since };
    return path === undefined ? seen : { ...seen, path: [...path] };
  }

  /** It has come to more than before. */
  grow(known: SizeEstimator, peers: number, now: Milliseconds): void {
    this.peak = peers;
    this.hasGrown = false;
    this.expect(known, now);
    this.growsUntil = this.since + PATIENCE * known.fillTime;
    if (peers < NOTABLE * this.grewTo) return;
    this.grewTo = peers;
    this.grewAt = now;
  }

  /** What it has come to by now tells what it will come to. */
  expect(known: SizeEstimator, now: Milliseconds): void {
    const age = this.path === undefined ? undefined : now - this.since;
    this.expected = Math.max(this.returning, known.expectedSize(this.peak, now, age));
  }

  /** It is so old now. @returns whether that is one of `AGES` more */
  age(now: Milliseconds): boolean {
    const { path, since, peak } = this;
    if (path === undefined) return false;
    const before = path.length;
    while (path.length < AGES.length && now - since >= AGES[path.length]!) path.push(peak);
    return path.length > before;
  }

  /**
   * A further report shows so many. What the one before showed alone, and is out of all proportion to this, was no size.
   *
   * @returns whether the peak is less by that
   */
  look(peers: number): boolean {
    const nonsense = this.peak > Math.max(this.#borne, plausibleBeside(peers));
    if (nonsense) this.peak = this.grewTo = Math.max(this.#borne, peers);
    this.#borne = this.peak;
    return nonsense;
  }

  /** What it is known to have come to: a size that one report alone shows counts only if that many may come and go between two. */
  get size(): number {
    return this.peak <= plausibleBeside(0) ? this.peak : this.#borne;
  }

  /** How long it has grown, as far as can be told. */
  fillTime(known: SizeEstimator): Milliseconds {
    return this.#seenLate && this.grewAt === this.since ? known.fillTime : this.grewAt - this.since;
  }

  /** Whether it has come to its size by now, as far as can be told. */
  growsNoMore(now: Milliseconds): boolean {
    const pause = Math.max(STILL_GROWS.atLeast, STILL_GROWS.ofAge * (now - this.since));
    return now > this.growsUntil && now - this.grewAt > pause && this.size === this.peak;
  }
}

/** The kind of a group: its namespace, and the template of its name. */
export function kindOf(namespace: string, group: string): Kind {
  return { namespace, template: nameTemplate(group) };
}

/** What is known of a group before it has come to its size. */
export function knownOf(model: Model, kind: Kind, group: string): SizeEstimator {
  return model.kinds.estimatorFor(kind, model.names.get(nameHash(kind.namespace, group)));
}

/** The same, of a group that has been learned from: what it came to itself says nothing of its name. */
function knownBefore(model: Model, { kind, name }: YoungGroup): SizeEstimator {
  return model.kinds.estimatorFor(kind, name);
}

/** The same of many groups, most of which are of a few kinds: each kind is looked up once. */
function lookUp(model: Model): (young: YoungGroup) => SizeEstimator {
  const known = new Map<string, Map<string, SizeEstimator>>();
  return (young) => {
    const { kind: { namespace, template }, name } = young;
    let its = known.get(namespace);
    if (its === undefined) known.set(namespace, its = new Map());
    let estimator = its.get(template);
    if (estimator === undefined) its.set(template, estimator = knownBefore(model, young));
    return estimator.named(name);
  };
}

/**
 * What is known of a group whose clients have to come back, since it leaves its server. Of one that has grown already they
 * teach nothing more, unless it grows on.
 */
export function youngAgain(group: Group, kind: Kind, known: SizeEstimator, now: Milliseconds): YoungGroup {
  const reached = group.peers();
  const young = new YoungGroup(kind, known, now, reached, now);
  if (group.young !== undefined) young.learned = group.young.learned;
  else if (reached > 0) young.learned = { size: reached, fillTime: known.fillTime, at: now - WATCHED };
  return young;
}

/** From now on the group counts on its server with the size it is expected to reach. */
export function expectGrowth(group: Group, young: YoungGroup): void {
  endGrowth(group);
  for (const room of group.rooms()) young.grants += room.grants?.size ?? 0;
  group.young = young;
  group.isWatched = true;
  group.server.young.add(group);
  count(group, young);
}

/** The group counts no more than its clients, and teaches nothing. */
export function endGrowth(group: Group): void {
  const { young, server } = group;
  if (young === undefined) return;
  server.young.delete(group);
  group.young = undefined;
  setGrowth(server, server.growth - young.growth);
  server.growthWork -= young.growthWork;
}

/** So many clients more, or less, are on their way to the group. */
export function countGrants(group: Group, clients: number): void {
  const { young } = group;
  if (young === undefined) return;
  const { miscounts } = group.server;
  const grants = young.grants + clients;
  young.grants = miscounts.notNegative("clients on the way to a young group", grants, group, "a grant ends");
  count(group, young);
}

/**
 * Looks after the young groups of a server that has reported, here or to another gateway. What a group has come to is learned
 * when it grows no more; it is watched on, and that is put right where it grows again. O(its young groups).
 *
 * @param changes where what is learned is told; if absent, another gateway has heard the report and learns from it
 */
export function followGrowth(model: Model, server: Server, now: Milliseconds, changes?: Change[]): void {
  const { growthWindow } = model.settings.placement;
  let [growth, growthWork] = [0, 0]; // anew, so that rounding never adds up
  const known = lookUp(model);
  for (const group of server.young) {
    const young = group.young!;
    const peers = group.peers();
    young.peers = peers;
    const isLess = young.look(peers);
    if (isLess || peers > young.peak) young.grow(known(young), Math.max(peers, young.peak), now);
    if (young.age(now) && !young.hasGrown && young.peak > 0) young.expect(known(young), now);
    if (!young.hasGrown && young.growsNoMore(now)) {
      young.hasGrown = true;
      young.expected = young.peak;
    }
    if (young.hasGrown) { // nothing is to come: most of those that are watched
      // Also where it had grown when another gateway heard its server: to that one it may not have.
      if (changes !== undefined) learnSize(model, group, now, changes);
      young.growth = young.growthWork = 0;
      if (now - young.since >= growthWindow) endGrowth(group);
      continue;
    }
    young.growth = stillToCome(young);
    young.growthWork = workToCome(server.roomCost, young);
    growth += young.growth;
    growthWork += young.growthWork;
  }
  server.growth = growth;
  server.growthWork = growthWork;
}

/** The kind of a group is known better by what it has come to. */
export function learnSize(model: Model, group: Group, now: Milliseconds, changes: Change[]): void {
  const { young } = group;
  if (young === undefined || young.size === 0) return;
  const { kind, size, learned: earlier } = young;
  if (earlier !== undefined && size < NOTABLE * earlier.size) return;
  const observed: Observation = {
    size,
    fillTime: young.fillTime(knownBefore(model, young)),
    ...(young.path === undefined ? {} : { path: [...young.path] }),
  };
  young.learned = { ...observed, at: earlier?.at ?? now };
  if (earlier === undefined) model.kinds.judge(kind, young.foreseen, observed.size);
  observe(model, kind, group.name, observed, earlier, now);
  changes.push({ type: "size-observed", namespace: kind.namespace, group: group.name, observed, earlier });
}

/** What others are to know of a group that may still grow. @param reached clients that it is known to have had */
export function groupYoung(group: Group, age: Milliseconds, reached: number): ChangeOf<"group-young"> {
  const { namespace: { name: namespace }, name, server: { address: server }, young } = group;
  const learned = young?.learned;
  return {
    type: "group-young",
    ...{ namespace, group: name, server, age, reached },
    ...(learned === undefined ? {} : { learned }),
    ...(young?.isNew === true ? { isNew: true } : {}),
    ...(young?.isFound === true ? { isFound: true } : {}),
  };
}

/** The same of one that others may have missed: with all that has been seen of it. */
export function groupYoungStill(group: Group, young: YoungGroup, now: Milliseconds): Change {
  const { seen } = young;
  return { ...groupYoung(group, now - young.since, seen.peak), seen };
}

/** A group was seen to come to something, by this gateway or another. */
export function observe(
  model: Model,
  kind: Kind,
  group: string,
  observed: Observation,
  earlier: Lesson | undefined,
  now: Milliseconds,
): void {
  model.kinds.learn(kind, observed, now, earlier);
  model.names.learn(nameHash(kind.namespace, group), observed, now, earlier);
}

/** What has been learned of kinds and names since it was last told. */
export function tellLearned(model: Model, now: Milliseconds, changes: Change[]): void {
  if (now - model.learnedTold < TELL_AFTER) return;
  model.learnedTold = now;
  for (const kind of model.kinds.takeLearned()) changes.push({ type: "kind-learned", kind });
  for (const name of model.names.takeLearned()) changes.push({ type: "name-learned", name });
}

/** Counts what the group is still to grow by, on its server. */
function count({ server }: Group, young: YoungGroup): void {
  const growth = stillToCome(young);
  const before = young.growth;
  young.growth = growth;
  setGrowth(server, server.growth + growth - before);
  const work = young.growthWork;
  young.growthWork = workToCome(server.roomCost, young);
  server.growthWork += young.growthWork - work;
}

/** What a server's young groups are to grow by, all together; added up anew where that cannot be. */
function setGrowth(server: Server, growth: number): void {
  if (growth >= 0) {
    server.growth = growth;
    return;
  }
  if (!(growth >= -ROUNDING)) {
    const happening = "a group grows no more";
    server.miscounts.tell("clients that a server's young groups grow by", growth, server, happening);
  }
  server.growth = 0;
  for (const { young } of server.young) if (young !== undefined) server.growth += young.growth;
}

/** Without anybody in it or on the way, nothing is to come: rooms that are asked for and never joined cost no place. */
function stillToCome({ peak, peers, grants, expected, returning }: YoungGroup): number {
  if (peers + grants === 0 && (returning === 0 || peak > 0)) return 0;
  return Math.max(0, expected - Math.max(peak, peers + grants));
}
