/**
 * A room in its server's report: which server is the one to hold it, what the list says of it, and what follows where it
 * is listed no more.
 *
 * @module
 */
import type { Change } from "../change.ts";
import { groupName, type RoomId } from "../ids.ts";
import { scopedKey } from "../scoped_key.ts";
import { endGrants } from "../state/grant.ts";
import { expectGrowth, groupYoung, kindOf, knownOf, YoungGroup } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Duration } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import { collide, endClosing, isClosing } from "./closing.ts";
import { tellBans } from "./banning.ts";
import { closeRoom, moveGroup, openRoom, placeGroup } from "./opening.ts";
import { linger, markListed, roomChanged, stopAwaiting } from "./presence.ts";

/** A room as its server reports it. */
export interface ReportedRoom {
  readonly id: RoomId;
  readonly customer: string;
  readonly peers: number;
  /** How long the room has been open. */
  readonly age?: Duration | undefined;
}

/** The room in the model, if this server is the one to hold it; else the server is told to close it. */
export function claimRoom(
  model: Model,
  server: Server,
  reported: ReportedRoom,
  now: Milliseconds,
  changes: Change[],
): Room | undefined {
  const { id, customer } = reported;
  const [namespace, name] = id;
  let group = model.groups.get(namespace, groupName(name));
  if (group === undefined) {
    group = placeGroup(model, id, server, changes);
    model.explanations.delete(group);
  } else if (group.server !== server) {
    const holder = group.server;
    // The holder stays, unless it is silent or to be empty, or has nothing but a grant while peers are in the newcomer's room,
    // which is not there only until it is closed.
    const isLeft = server.intake.evicting || (server.rebalanced?.group === group && isClosing(server, id));
    if (holder.retainsGroups && (group.listed > 0 || reported.peers === 0 || isLeft)) {
      collide(model, id, customer, holder, server, now, changes);
      return undefined;
    }
    // Of a place that is not durable yet nobody has been told.
    const promised = holder.enabled && group.durable ? group.rooms() : [];
    moveGroup(model, group, server, changes, { found: true });
    model.explanations.delete(group);
    for (const room of promised) {
      collide(model, room.id, room.usage.customer, server, holder, now, changes);
    }
  }
  let room = group.room(name);
  if (room === undefined) {
    room = openRoom(model, group, name, customer, true, changes);
    tellBans(model, room, ({ told }) => told !== server.address, now, changes);
  }
  if (server.foreign.size > 0 && server.foreign.has(scopedKey(id))) endClosing(server, id, changes);
  return room;
}

/**
 * The report lists the room, with so many peers; as many grants of it have been used as it has more than before.
 *
 * @returns its peers before, as far as they are known here
 */
export function listRoom(
  model: Model,
  server: Server,
  room: Room,
  reported: ReportedRoom,
  peers: number,
  now: Milliseconds,
  changes: Change[],
): number | undefined {
  const changed = room.usage.customer !== reported.customer;
  if (changed) changeCustomer(model, room, reported.customer);
  if (room.group.listed === 0 || room.peers === undefined || !room.group.isWatched) {
    startTracking(model, room, reported.age, peers, now, changes);
  }
  const { listed, peers: before } = room;
  const awaited = !listed && model.unlisted.has(room);
  if (!listed) {
    markListed(model, room);
    tellBans(model, room, ({ told }) => told === undefined, now, changes);
  }
  room.listBy(server.reports, peers);
  if (awaited || changed) changes.push(roomChanged(room));
  if (before === undefined) return;
  const users = endGrants(model, room, peers - before);
  if (model.shared && users.length > 0) {
    changes.push({ type: "grants-ended", room: room.id, server: server.address, users });
  }
  return before;
}

/** Another customer opened the room; grants of the one before end. */
function changeCustomer(model: Model, room: Room, customer: string): void {
  endGrants(model, room);
  stopAwaiting(model, room);
  model.usage.release(room.usage);
  room.usage = model.usage.refer(customer);
}

/**
 * A group that is seen for the first time may be in its first minutes, and still grow. One that was there before this gateway
 * heard its server, or before its start, and had the time to grow, has taught what it came to.
 */
function startTracking(
  model: Model,
  { group, listed, peers: known }: Room,
  age: Duration | undefined,
  peers: number,
  now: Milliseconds,
  changes: Change[],
): void {
  const since = age === undefined ? now : now - (age.secs * 1000 + age.nanos / 1e6);
  const wasThere = listed && (known === undefined || !group.isWatched);
  group.isWatched = true;
  if (group.young !== undefined || now - since >= model.settings.placement.growthWindow) return;
  const kind = kindOf(group.namespace.name, group.name);
  const estimator = knownOf(model, kind, group.name);
  const young = new YoungGroup(kind, estimator, since, peers, now);
  young.grewTo = peers; // whenever that was
  young.isFound = wasThere;
  if (wasThere && peers > 0 && now > young.growsUntil) {
    young.learned = { size: peers, fillTime: estimator.fillTime, at: young.growsUntil };
  }
  expectGrowth(group, young);
  if (model.shared) changes.push(groupYoung(group, now - since, peers));
}

/** The server no longer hosts the room. While somebody holds a token for it there, it is still the one that will. */
export function unlistRoom(model: Model, room: Room, now: Milliseconds, changes: Change[]): void {
  const { from, to } = model.deaf;
  // Who came while nobody could be heard may be shown by the next report, although this one is older.
  const unheard = room.granted < to ? to - Math.max(from, room.granted) : 0;
  if (now - room.granted - unheard >= model.settings.tokenLifetime) {
    closeRoom(model, room, now, changes, true);
  } else linger(model, room, now, changes);
}
