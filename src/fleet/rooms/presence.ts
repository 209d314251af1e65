/**
 * A room's presence: granted (nobody has reported it), listed by its server's last report, or lingering (its server
 * lists it no more, and tokens for it may still be valid). The transitions stand here.
 *
 * @module
 */
import type { Change, ChangeOf } from "../change.ts";
import { endTask } from "../tasks/hand_over.ts";
import { endGrantedRoom, passOpening } from "../state/grant.ts";
import type { Model } from "../state/model.ts";
import type { Group, Room } from "../state/room.ts";
import { unitsOf } from "../state/shares.ts";
import type { Milliseconds } from "../time.ts";

/** Keeps the place of a room that no report lists until the tokens given out for it have expired. */
export function awaitListing(model: Model, room: Room, now: Milliseconds): void {
  if (model.unlisted.delete(room)) { // re-inserted: the map stays ordered by expiry
    model.unlisted.set(room, now + model.settings.tokenLifetime);
    return;
  }
  model.unlisted.set(room, now + model.settings.tokenLifetime);
  room.group.server.unlisted.add(room);
  model.unlistedUnits.add(room.usage.customer, unitsOf(room.group.namespace.name, room.name));
}

/** Whether somebody may be on the way to the room, as far as can be known. */
export function isAwaited({ settings }: Model, { grants, granted }: Room, now: Milliseconds): boolean {
  return grants !== undefined || now - granted < settings.grantTimeout;
}

/** The room is listed, or goes. */
export function stopAwaiting(model: Model, room: Room): void {
  if (!model.unlisted.delete(room)) return;
  room.group.server.unlisted.delete(room);
  model.unlistedUnits.take(room.usage.customer, unitsOf(room.group.namespace.name, room.name));
}

/** Its server has listed the room, which was granted or lingering. */
export function markListed(model: Model, room: Room): void {
  stopAwaiting(model, room);
  if (room.grants !== undefined) endGrantedRoom(room.usage, model.miscounts);
  room.group.listed++;
}

/** The server has listed the room in a report that this gateway has not heard, or before its start. */
export function markListedUnheard(model: Model, room: Room): void {
  const { server } = room.group;
  markListed(model, room);
  room.listUnheard(server.reports);
  server.rooms.push(room);
}

/** The server lists the room no more, in a report that this gateway has not heard; its sums follow. */
export function markUnlistedUnheard(model: Model, room: Room, now: Milliseconds): void {
  countUnlisted(room.group);
  room.unlist();
  if (room.grants !== undefined) room.usage.granted.rooms++;
  passOpening(room);
  awaitListing(model, room, now);
}

/** One room less of the group is listed. */
export function countUnlisted(group: Group): void {
  const { miscounts } = group.server;
  const listed = group.listed - 1;
  group.listed = miscounts.notNegative("listed rooms of a group", listed, group, "a room is listed no more");
}

/** Its server lists the room no more. While somebody may hold a token for it there, it keeps its place. */
export function linger(model: Model, room: Room, now: Milliseconds, changes: Change[]): void {
  const { server } = room.group;
  markUnlistedUnheard(model, room, now);
  // A RoomClose that was handed over has done its work.
  for (const task of server.tasks.ofRoom(room.id)) {
    if (task.kind === "RoomClose" && server.handOvers.isUnproven(task)) endTask(server, task, changes);
  }
  changes.push(roomChanged(room));
}

/** What the store is to know of a room whose customer is another now, or that is listed now or no more. */
export function roomChanged(room: Room): ChangeOf<"room-changed"> {
  return {
    type: "room-changed",
    room: room.id,
    customer: room.usage.customer,
    server: room.group.server.address,
    listed: room.listed,
  };
}
