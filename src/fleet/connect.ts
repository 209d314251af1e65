import type { Ban } from "./ban.ts";
import type { Change } from "./change.ts";
import { grant, isGranted } from "./grant.ts";
import { expectGrowth, kindOf, YoungGroup } from "./growth.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { awaitListing, moveGroup, openRoom, placeGroup } from "./opening.ts";
import { choose, type PlaceRefusal } from "./placing.ts";
import { type Group, groupName, UNLISTED } from "./room.ts";
import type { Address } from "./server.ts";
import { exceeded, type Licence } from "./usage.ts";

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
  /** The only pools that the customer's key may use; without, any. */
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
 * In order: licence, bans, placement (`PROTOCOL.md` §5). The answer may go once the changes are durable.
 */
export function connect(
  model: Model,
  input: ConnectInput,
  now: Milliseconds,
  random: () => number,
): { outcome: ConnectOutcome; changes: Change[] } {
  const changes: Change[] = [];
  const { namespace, rooms, user } = input;
  const name = groupName(rooms[0]!);
  const known = model.groups.get(namespace, name);
  const held = known?.server.keeps ? known : undefined;

  const refusal = refuse(model, input, held, now);
  if (refusal !== undefined) return { outcome: refusal, changes };

  const group = held ?? place(model, input, known, now, random, changes);
  if (typeof group === "string") return { outcome: { granted: false, reason: group }, changes };

  for (const each of rooms) {
    const room = group.room(each) ?? openRoom(model, group, each, input.customer, false, changes);
    grant(model, room, user, now);
    if (room.report === UNLISTED) awaitListing(model, room, now);
  }
  return { outcome: { granted: true, server: group.server.address, durable: group.durable }, changes };
}

function refuse(
  model: Model,
  input: ConnectInput,
  held: Group | undefined,
  now: Milliseconds,
): ConnectOutcome | undefined {
  let peers = 0;
  let rooms = 0;
  for (const name of input.rooms) {
    const room = held?.room(name);
    if (!isGranted(room, input.user)) peers++;
    // A room counts while a report lists it or somebody is on the way to it.
    if (room === undefined || (room.report === UNLISTED && room.grants === undefined)) rooms++;
  }
  const reason = exceeded(input.licence, model.usage.get(input.customer), { peers, rooms });
  if (reason !== undefined) return { granted: false, reason };

  for (const name of input.rooms) {
    const ban = model.bans.find([input.namespace, name], input.user, now);
    if (ban !== undefined) return { granted: false, reason: "banned", ban };
  }
  return undefined;
}

function place(
  model: Model,
  input: ConnectInput,
  known: Group | undefined,
  now: Milliseconds,
  random: () => number,
  changes: Change[],
): Group | PlaceRefusal | "too-many-rooms" | "learning" {
  if (known === undefined && now < model.learningUntil) return "learning";
  if (model.unlisted.size + input.rooms.length > model.settings.limits.unlistedRooms) return "too-many-rooms";
  const { namespace, rooms, pool, allowedPools, server } = input;
  const kind = kindOf(namespace, groupName(rooms[0]!));
  // Where a server was lost, everybody who was there comes back.
  const reached = known?.peers() ?? 0;
  const learned = model.kinds.know(kind);
  const expectedSize = learned.expectedSize(reached, now);
  const size = learned.largeSize(reached, now);
  const choice = choose(model, { kind, expectedSize, size, pool, allowedPools, server }, now, random);
  if (typeof choice === "string") return choice;
  const group = known ?? placeGroup(model, [namespace, rooms[0]!], choice.server, changes);
  if (known !== undefined) moveGroup(model, known, choice.server, changes);
  expectGrowth(group, new YoungGroup(kind, learned, now, expectedSize));
  model.explanations.add(group, choice.explanation);
  return group;
}
