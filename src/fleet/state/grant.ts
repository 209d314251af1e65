import type { ChangeOf } from "../change.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "../time.ts";
import { countGrants } from "./growth.ts";
import type { Miscounts } from "./miscounts.ts";
import type { Room } from "./room.ts";
import type { Server } from "./server.ts";
import type { Usage } from "./usage.ts";

/** A Connect that succeeded, until a report shows it or it expires: one user on the way to one room. */
export class Grant {
  constructor(
    readonly room: Room,
    readonly user: string,
    readonly server: Server,
    public expires: Milliseconds,
    /** Until when the token that was granted may be used. */
    public validUntil: Milliseconds,
    /** Whether this gateway granted it, and so has to have it in its share of the licence. */
    readonly own: boolean,
    /** Whether its room counts by it as one more that is used. */
    public opens: boolean,
  ) {}

  /** Whether all gateways that share the store have been told of it. */
  told = false;
}

/** Whether this user is already counted on its way to the room. */
export function isGranted(room: Room | undefined, user: string): boolean {
  return room?.grants?.has(user) ?? false;
}

/**
 * Counts a user on the way to a room; the same user again only prolongs the grant.
 *
 * @param own whether this gateway granted it
 * @returns how to take it back, for a call that is refused
 */
export function grant(
  model: Model,
  room: Room,
  user: string,
  now: Milliseconds,
  own = true,
): () => void {
  const expires = now + model.settings.grantTimeout;
  const validUntil = now + model.settings.tokenLifetime;
  room.granted = now;
  const known = room.grants?.get(user);
  if (known !== undefined) {
    const before = { expires: known.expires, validUntil: known.validUntil };
    model.grants.delete(known); // re-inserted below: the set stays ordered by expiry
    known.expires = expires;
    known.validUntil = validUntil;
    model.grants.add(known);
    return () => shorten(model, known, before);
  }
  room.grants ??= new Map();
  const opens = room.grants.size === 0 && !room.listed;
  const given = new Grant(room, user, room.group.server, expires, validUntil, own, opens);
  model.grants.add(given);
  if (opens) room.usage.granted.rooms++;
  room.grants.set(user, given);
  room.usage.granted.peers++;
  if (own) countOwn(given, 1);
  given.server.grants++;
  countGrants(room.group, 1);
  return () => {
    if (model.grants.has(given)) endGrant(model, given);
  };
}

/** The grant ends when it would have before; it keeps the order of the set by being put where it belongs. O(all grants). */
function shorten(
  model: Model,
  given: Grant,
  { expires, validUntil }: { readonly expires: Milliseconds; readonly validUntil: Milliseconds },
): void {
  if (!model.grants.has(given)) return;
  given.expires = expires;
  given.validUntil = validUntil;
  const later = [...model.grants].filter((each) => each !== given && each.expires > expires);
  model.grants.delete(given);
  for (const each of later) model.grants.delete(each);
  for (const each of [given, ...later]) model.grants.add(each);
}

/**
 * Ends grants of a room, oldest first: a report showed that many new peers, or the room is going.
 *
 * @returns whose
 */
export function endGrants(model: Model, room: Room, count = Infinity): string[] {
  const users: string[] = [];
  for (const given of room.grants?.values() ?? []) {
    if (count-- <= 0) break;
    endGrant(model, given);
    users.push(given.user);
  }
  return users;
}

/** All gateways that share the store have been told of it. */
export function markTold(room: Room | undefined, user: string): void {
  const given = room?.grants?.get(user);
  if (given !== undefined) given.told = true;
}

/** Another gateway was first to let somebody into the room: it counts in that one's share of the licence. */
export function leaveOpeningToOthers({ grants, usage: { own } }: Room): void {
  for (const given of grants?.values() ?? []) {
    if (!given.own || !given.opens || given.told) continue;
    given.opens = false;
    own.rooms--;
  }
}

/**
 * A room that is not listed is to be in a gateway's share of the licence by one who is on the way to it: whoever that was has
 * come or given up, or the room was listed before. All gateways choose the same one.
 */
export function passOpening({ grants, listed, usage: { own } }: Room): void {
  if (listed || grants === undefined) return;
  let heir: Grant | undefined;
  for (const given of grants.values()) {
    if (given.opens) return;
    if (heir === undefined || given.user < heir.user) heir = given;
  }
  if (heir === undefined) return;
  heir.opens = true;
  if (heir.own) own.rooms++;
}

/** Another gateway has told that these users have come. */
export function endGrantsOf(model: Model, room: Room, users: readonly string[]): void {
  for (const user of users) {
    const given = room.grants?.get(user);
    if (given !== undefined) endGrant(model, given);
  }
}

/**
 * Stops counting the grants that nobody used in time. A customer that is near its licence's limit keeps them as long as
 * their tokens may be used, so that it cannot exceed the limit by tokens in reserve. O(grants that end or are kept).
 */
export function expireGrants(model: Model, now: Milliseconds): void {
  for (const given of model.grants) {
    if (given.expires > now) return;
    if (given.validUntil > now && given.room.usage.nearLimit) {
      model.grants.delete(given); // re-inserted: the set stays ordered by expiry
      given.expires = now + model.settings.grantTimeout;
      model.grants.add(given);
    } else endGrant(model, given);
  }
}

function endGrant(model: Model, given: Grant): void {
  const { room, user, server } = given;
  const { grants, usage, group } = room;
  if (!model.grants.delete(given) || grants?.delete(user) !== true) {
    return model.miscounts.tell("outstanding grants", -1, group, "one ends that is not there");
  }
  countOut(model, server, usage);
  if (given.own) countOwn(given, -1);
  countGrants(group, -1);
  if (grants.size > 0) return passOpening(room);
  room.grants = undefined;
  if (!room.listed) endGrantedRoom(usage, model.miscounts);
}

/** One more that this gateway granted, or one less. */
function countOwn({ room: { usage: { own } }, opens }: Grant, sign: 1 | -1): void {
  own.peers += sign;
  if (opens) own.rooms += sign;
}

/** One less is on the way to the server, and to the customer's rooms. */
function countOut({ miscounts }: Model, server: Server, usage: Usage): void {
  const happening = "a grant ends";
  server.grants = miscounts.notNegative(
    "clients on the way to a server",
    server.grants - 1,
    server,
    happening,
  );
  usage.granted.peers = miscounts.notNegative(
    "clients on the way to a customer's rooms",
    usage.granted.peers - 1,
    usage,
    happening,
  );
}

/** A room of the customer that was granted is listed now, or nobody is on the way to it any more. */
export function endGrantedRoom(usage: Usage, miscounts: Miscounts): void {
  const left = usage.granted.rooms - 1;
  usage.granted.rooms = miscounts.notNegative("rooms that a customer was granted", left, usage, "one ends");
}

/** Those of these whom this gateway has let in, as others are to know of them. */
export function* ownGrants(grants: Iterable<Grant>): Generator<ChangeOf<"granted">, void, void> {
  for (const { room, server, user, own } of grants) {
    if (!own) continue;
    yield { type: "granted", room: room.id, server: server.address, user, customer: room.usage.customer };
  }
}
