import type { Change } from "../change.ts";
import { type Kind, nameTemplate, type SizeEstimator } from "../learning/mod.ts";
import type { Model } from "./model.ts";
import type { Group } from "./room.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** A group still grows for so long after it last did, */
const STILL_GROWS: Milliseconds = 60_000;
/** and, whatever it did, until so many times the time that its kind grows has passed. */
const PATIENCE = 1.5;

/** A group counts as having grown when it is larger by this factor: one late client is no growth. */
const NOTABLE = 1.25;

/** Sums of expected clients are fractions: by less than this they may be off, until they are added up anew. */
const ROUNDING = 1e-6;

/** What has been learned is told to the store so often. */
const TELL_AFTER: Milliseconds = 5000;

/** A group in its first minutes: what it has come to, and what it is expected to come to. */
export class YoungGroup {
  /** Clients in the last report. */
  peers = 0;
  /** The most that any report showed. */
  peak = 0;
  /** Clients granted, which no report has shown yet. */
  grants = 0;
  /** Clients still expected, in `server.growth`. */
  growth = 0;
  /** When it last grew notably, and what it had come to then. */
  grewAt: Milliseconds;
  grewTo = 0;

  /** Until when it grows, if it does as its kind does. */
  readonly growsUntil: Milliseconds;

  constructor(
    readonly kind: Kind,
    readonly known: SizeEstimator,
    readonly since: Milliseconds,
    /** The size that it is expected to reach, in clients. */
    public expected: number,
  ) {
    this.grewAt = since;
    this.growsUntil = since + PATIENCE * known.fillTime;
  }
}

/** The kind of a group: its namespace, and the template of its name. */
export function kindOf(namespace: string, group: string): Kind {
  return { namespace, template: nameTemplate(group) };
}

/** From now on the group counts on its server with the size it is expected to reach. */
export function expectGrowth(group: Group, young: YoungGroup): void {
  endGrowth(group);
  for (const room of group.rooms()) young.grants += room.grants?.size ?? 0;
  group.young = young;
  group.server.young.add(group);
  count(group, young);
}

/** What others are to know of a group in its first minutes. */
export function groupYoung(group: Group, age: Milliseconds, expected: number): Change {
  const { namespace, name, server: { address } } = group;
  return { type: "group-young", namespace: namespace.name, group: name, server: address, age, expected };
}

/** The group counts no more than its clients, and teaches nothing. */
export function endGrowth(group: Group): void {
  const { young, server } = group;
  if (young === undefined) return;
  server.young.delete(group);
  group.young = undefined;
  setGrowth(server, server.growth - young.growth);
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
 * Looks after the young groups of a server that has reported, here or to another gateway. O(its young groups).
 *
 * @param elsewhere whether it was to another: that one learns from them
 */
export function followGrowth(model: Model, server: Server, now: Milliseconds, elsewhere = false): void {
  const { growthWindow } = model.settings.placement;
  let growth = 0; // anew, so that rounding never adds up
  for (const group of server.young) {
    const young = group.young!;
    const peers = group.peers();
    young.peers = peers;
    if (peers > young.peak) {
      young.peak = peers;
      young.expected = young.known.expectedSize(peers, now);
      if (peers >= NOTABLE * young.grewTo) {
        young.grewTo = peers;
        young.grewAt = now;
      }
    }
    if (now - young.since >= growthWindow) {
      if (elsewhere) endGrowth(group);
      else learnSize(model, group, now);
      continue;
    }
    if (now > young.growsUntil && now - young.grewAt > STILL_GROWS) young.expected = young.peak;
    young.growth = stillToCome(young);
    growth += young.growth;
  }
  server.growth = growth;
}

/** The group has reached its size, or is going: its kind is known better now. */
export function learnSize(model: Model, group: Group, now: Milliseconds): void {
  const { young } = group;
  if (young === undefined) return;
  endGrowth(group);
  if (young.peak > 0) model.kinds.learn(young.kind, young.peak, young.grewAt - young.since, now);
}

/** What has been learned of kinds since it was last told. */
export function tellLearned(model: Model, now: Milliseconds, changes: Change[]): void {
  if (now - model.learnedTold < TELL_AFTER) return;
  model.learnedTold = now;
  for (const kind of model.kinds.takeLearned()) changes.push({ type: "kind-learned", kind });
}

/** Counts what the group is still to grow by, on its server. */
function count({ server }: Group, young: YoungGroup): void {
  const growth = stillToCome(young);
  const before = young.growth;
  young.growth = growth;
  setGrowth(server, server.growth + growth - before);
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
function stillToCome({ peak, peers, grants, expected }: YoungGroup): number {
  if (peers + grants === 0) return 0;
  return Math.max(0, expected - Math.max(peak, peers + grants));
}
