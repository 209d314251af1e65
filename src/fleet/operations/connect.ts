import type { Ban } from "../facts.ts";
import { type Address, groupName } from "../ids.ts";
import type { Change } from "../change.ts";
import { grant, isGranted } from "../state/grant.ts";
import { expectGrowth, groupYoung, kindOf, knownOf, youngAgain, YoungGroup } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";
import { moveBack, moveGroup, openRoom, placeGroup, releaseGroup, removeRoom } from "../rooms/opening.ts";
import { choose, type PlaceRefusal } from "./placing.ts";
import { awaitListing } from "../rooms/presence.ts";
import type { Group } from "../state/room.ts";
import { unitsOf } from "../state/shares.ts";
import type { Undo } from "../undo.ts";
import { type Count, exceeded, type Licence } from "../state/usage.ts";
import { explain } from "./explain.ts";

/** A client that wants to join rooms; its token is verified. */
export interface ConnectInput {
  readonly customer: string;
  readonly licence: Licence;
  readonly namespace: string;
  /** The names of the rooms, at least one; all of one affinity group. */
  readonly rooms: readonly string[];
  readonly user: string;
  /** The pool whose servers may take a group that is not placed yet. */
  readonly pool: string;
  /** The only pools that the customer's key may use; if absent, any. */
  readonly allowedPools?: readonly string[] | undefined;
  /** The server asked for; counts only for a group that is not placed yet. */
  readonly server?: Address | undefined;
}

export type ConnectOutcome =
  | {
    readonly granted: true;
    readonly server: Address;
    /** Whether the store already knows that this server holds the group. */
    readonly durable: boolean;
  }
  | {
    readonly granted: false;
    readonly reason:
      | "peer-limit"
      | "room-limit"
      | PlaceRefusal
      | "too-many-rooms"
      | "learning";
  }
  | { readonly granted: false; readonly reason: "banned"; readonly ban: Ban };

/**
 * Grants a client its way to the server that holds its group, or that is to hold it.
 * In order: licence, bans, placement (`docs/protocol.md` §5). The answer may go once the changes are durable; where they
 * cannot be made durable, `undo` takes back what the call did. What is to be kept besides once they are, and nobody waits
 * for, is `aside`.
 */
export function connect(
  model: Model,
  input: ConnectInput,
  now: Milliseconds,
  random: () => number,
): { outcome: ConnectOutcome; changes: Change[]; aside: Change[]; undo?: Undo } {
  const changes: Change[] = [];
  const aside: Change[] = [];
  const { namespace, rooms } = input;
  const name = groupName(rooms[0]!);
  const known = model.groups.get(namespace, name);
  const held = known?.server.retainsGroups ? known : undefined;

  const refusal = refuse(model, input, known, held, now);
  if (refusal !== undefined) return { outcome: refusal, changes, aside };

  const steps: Undo[] = [];
  const group = held ?? place(model, input, known, now, random, changes, aside, steps);
  if (typeof group === "string") return { outcome: { granted: false, reason: group }, changes, aside };

  for (const each of rooms) grantRoom(model, group, each, input, now, changes, steps);
  const outcome = { granted: true, server: group.server.address, durable: group.durable } as const;
  if (outcome.durable && changes.length === 0) return { outcome, changes, aside };
  return { outcome, changes, aside, undo: (now) => steps.reverse().forEach((step) => step(now)) };
}

function grantRoom(
  model: Model,
  group: Group,
  name: string,
  { user, customer, licence }: ConnectInput,
  now: Milliseconds,
  changes: Change[],
  steps: Undo[],
): void {
  const known = group.room(name);
  const room = known ?? openRoom(model, group, name, customer, false, changes);
  if (known === undefined) {
    steps.push(() => {
      if (group.room(name) === room && !room.listed && room.grants === undefined) {
        removeRoom(model, room);
      }
    });
  }
  room.usage.licence = licence;
  const { granted } = room;
  const placedUntil = model.unlisted.get(room);
  steps.push(grant(model, room, user, now));
  steps.push(() => {
    room.granted = granted;
    // Its place in the order is a later one then: it ends a little late.
    if (placedUntil !== undefined && model.unlisted.has(room)) model.unlisted.set(room, placedUntil);
  });
  if (!room.listed) awaitListing(model, room, now);
}

/** What others that share the fleet are to know of a client that was let in. */
export function granted(
  { namespace, rooms, user, customer }: ConnectInput,
  server: Address,
): Change[] {
  return rooms.map((room) => ({ type: "granted", room: [namespace, room], server, user, customer }));
}

/** The limit of the customer's licence that the client would exceed, by all that is known here. */
export function wouldExceed(model: Model, input: ConnectInput): "peer-limit" | "room-limit" | undefined {
  const known = model.groups.get(input.namespace, groupName(input.rooms[0]!));
  return exceededBy(model, input, known, known?.server.retainsGroups ? known : undefined);
}

function exceededBy(
  model: Model,
  { customer, licence, rooms, user }: ConnectInput,
  known: Group | undefined,
  held: Group | undefined,
): "peer-limit" | "room-limit" | undefined {
  const returning = known !== held && known !== undefined ? usageOnTheWay(known, customer) : undefined;
  return exceeded(licence, model.usage.get(customer), furtherIn(held, rooms, user), returning);
}

/** Clients and rooms by which a customer would use more if the client was let in. */
export function further(model: Model, { namespace, rooms, user }: ConnectInput): Count {
  const known = model.groups.get(namespace, groupName(rooms[0]!));
  return furtherIn(known?.server.retainsGroups ? known : undefined, rooms, user);
}

function furtherIn(held: Group | undefined, names: readonly string[], user: string): Count {
  const count: Count = { peers: 0, rooms: 0 };
  for (const name of names) {
    const room = held?.room(name);
    if (!isGranted(room, user)) count.peers++;
    // A room counts while a report lists it or somebody is on the way to it.
    if (room === undefined || (!room.listed && room.grants === undefined)) count.rooms++;
  }
  return count;
}

function refuse(
  model: Model,
  input: ConnectInput,
  known: Group | undefined,
  held: Group | undefined,
  now: Milliseconds,
): ConnectOutcome | undefined {
  let units = 0;
  for (const name of input.rooms) {
    if (held?.room(name) === undefined) units += unitsOf(input.namespace, name);
  }
  const reason = exceededBy(model, input, known, held);
  if (reason !== undefined) return { granted: false, reason };

  for (const name of input.rooms) {
    const ban = model.bans.find([input.namespace, name], input.user, now);
    if (ban !== undefined) return { granted: false, reason: "banned", ban };
  }
  if (units > 0 && !model.unlistedUnits.admits(input.customer, units)) {
    return { granted: false, reason: "too-many-rooms" };
  }
  return undefined;
}

/** What a group that is to leave its server counts for, of what the customer uses: who is on the way; the rest counts no more. */
function usageOnTheWay(group: Group, customer: string): Count {
  const count: Count = { peers: 0, rooms: 0 };
  for (const { usage, grants, listed } of group.rooms()) {
    if (usage.customer !== customer || grants === undefined) continue;
    count.peers += grants.size;
    if (!listed) count.rooms++;
  }
  return count;
}

function place(
  model: Model,
  input: ConnectInput,
  known: Group | undefined,
  now: Milliseconds,
  random: () => number,
  changes: Change[],
  aside: Change[],
  steps: Undo[],
): Group | PlaceRefusal | "learning" {
  if (known === undefined && now < model.startWaitUntil) return "learning";
  const { namespace, rooms, pool, allowedPools, server } = input;
  const name = groupName(rooms[0]!);
  const kind = kindOf(namespace, name);
  const learned = knownOf(model, kind, name);
  // Where a server was lost, everybody who was there comes back.
  const young = known === undefined
    ? new YoungGroup(kind, learned, now, 0, now)
    : youngAgain(known, kind, learned, now);
  young.isNew = known === undefined;
  const reached = known?.peers() ?? 0;
  const size = { expected: young.expected, large: learned.largeSize(reached, young.expected, now) };
  const choice = choose(model, { kind, size, pool, allowedPools, server }, now, random);
  if (typeof choice === "string") return choice;
  const group = known ?? placeGroup(model, [namespace, rooms[0]!], choice.server, changes);
  const { aside: told, undo } = explain(model, group, choice.explanation);
  aside.push(...told);
  steps.push(undo);
  if (known === undefined) {
    steps.push(() => {
      if (group.empty && model.groups.get(namespace, group.name) === group) releaseGroup(model, group);
    });
  } else {
    const departure = moveGroup(model, known, choice.server, changes);
    steps.push((now) => moveBack(model, known, choice.server, departure, now));
  }
  expectGrowth(group, young);
  if (model.shared) changes.push(groupYoung(group, 0, reached));
  return group;
}
