import type { Change } from "./change.ts";
import { type Kind, nameTemplate } from "./learning/mod.ts";
import type { Model } from "./model.ts";
import type { Group } from "./room.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "./time.ts";

/** A group still grows for so long after it last did, */
const STILL_GROWS: Milliseconds = 60_000;
/** and, whatever it did, until so many times the time that its kind grows has passed. */
const PATIENCE = 1.5;

/** A group counts as having grown when it is larger by this factor: one late client is no growth. */
const NOTABLE = 1.25;

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

  /** @param growsUntil until when it grows, if it does as its kind does */
  constructor(
    readonly kind: Kind,
    readonly since: Milliseconds,
    readonly growsUntil: Milliseconds,
    public expected: number,
  ) {
    this.grewAt = since;
  }
}

/** The kind of a group: its namespace, and the template of its name. */
export function kindOf(namespace: string, group: string): Kind {
  return { namespace, template: nameTemplate(group) };
}

/** From now on the group counts on its server with the size it is expected to reach. */
export function expectGrowth(
  model: Model,
  group: Group,
  kind: Kind,
  expected: number,
  since: Milliseconds,
): void {
  endGrowth(group);
  const growsUntil = since + PATIENCE * model.kinds.fillTime(kind);
  const young = new YoungGroup(kind, since, growsUntil, expected);
  for (const room of group.rooms()) young.grants += room.grants?.size ?? 0;
  group.young = young;
  group.server.young.add(group);
  count(group, young);
}

/** The group counts no more than its clients, and teaches nothing. */
export function endGrowth(group: Group): void {
  const { young, server } = group;
  if (young === undefined) return;
  server.growth = Math.max(0, server.growth - young.growth);
  server.young.delete(group);
  group.young = undefined;
}

/** So many clients more, or less, are on their way to the group. */
export function countGrants(group: Group, clients: number): void {
  const { young } = group;
  if (young === undefined) return;
  young.grants += clients;
  count(group, young);
}

/** Looks after the young groups of a server that has reported. O(its young groups). */
export function followGrowth(model: Model, server: Server, now: Milliseconds): void {
  const { growthWindow } = model.settings.placement;
  server.growth = 0; // anew, so that rounding never adds up
  for (const group of server.young) {
    const young = group.young!;
    const peers = group.peers();
    if (peers !== young.peers) {
      young.peers = peers;
      young.peak = Math.max(young.peak, peers);
      young.expected = model.kinds.expectedSize(young.kind, young.peak, now);
    }
    if (young.peak >= NOTABLE * young.grewTo && young.peak > young.grewTo) {
      young.grewTo = young.peak;
      young.grewAt = now;
    }
    if (now - young.since >= growthWindow) {
      learnSize(model, group, now);
    } else if (now > young.growsUntil && now - young.grewAt > STILL_GROWS) {
      young.expected = young.peak;
    }
    young.growth = 0;
    if (group.young !== undefined) count(group, young);
  }
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
  const reached = Math.max(young.peak, young.peers + young.grants);
  const growth = Math.max(0, young.expected - reached);
  server.growth = Math.max(0, server.growth + growth - young.growth);
  young.growth = growth;
}
