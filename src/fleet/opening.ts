import type { Change, Placement } from "./change.ts";
import { endGrants } from "./grant.ts";
import { endGrowth, learnSize } from "./growth.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { type Group, groupName, Room, type RoomId, UNKNOWN, UNLISTED } from "./room.ts";
import type { Address, Server } from "./server.ts";
import { moveTasks } from "./task.ts";

/** Gives a group that nobody holds to a server. */
export function placeGroup(
  model: Model,
  [namespace, name]: RoomId,
  server: Server,
  changes: Change[],
): Group {
  const group = model.groups.add(namespace, groupName(name), server);
  server.groups++;
  changes.push({ type: "group-placed", namespace, group: group.name, server: server.address });
  return group;
}

/**
 * Gives a group to another server. Its rooms and grants were of the old server and end here; waiting tasks follow.
 */
export function moveGroup(model: Model, group: Group, to: Server, changes: Change[]): void {
  const from = group.server;
  const namespace = group.namespace.name;
  for (const { id } of group.rooms()) changes.push({ type: "room-closed", room: id, server: from.address });
  transferGroup(model, group, to);
  changes.push({
    type: "group-placed",
    namespace,
    group: group.name,
    server: to.address,
    from: from.address,
  });
  changes.push(...moveTasks(from, to, namespace, group.name));
}

/** What moving a group does to the group and its servers. */
export function transferGroup(model: Model, group: Group, to: Server): void {
  for (const room of group.rooms()) removeRoom(model, room);
  endGrowth(group);
  group.server.groups--;
  to.groups++;
  group.server = to;
  group.durable = false;
}

/** The server that holds the room's group, if any. */
export function holder(model: Model, namespace: string, room: string): Address | undefined {
  return model.groups.get(namespace, groupName(room))?.server.address;
}

/** The store has these changes now: answers may rely on the places they give. */
export function settle(model: Model, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.type !== "group-placed") continue;
    const group = model.groups.get(change.namespace, change.group);
    if (group?.server.address === change.server) group.durable = true;
  }
}

/** Another gateway was first to place the group: it is where that one put it. */
export function yieldGroup(model: Model, { namespace, group: name, server }: Placement): void {
  const group = model.groups.get(namespace, name);
  const holder = model.servers.get(server);
  if (group === undefined || holder === undefined || group.server === holder) return;
  moveGroup(model, group, holder, []);
  group.durable = true;
}

/** The store has everything as it is now. */
export function settleAll(model: Model): void {
  for (const group of model.groups) group.durable = true;
}

/** A room that is new to the group. */
export function openRoom(
  model: Model,
  group: Group,
  name: string,
  customer: string,
  listed: boolean,
  changes: Change[],
): Room {
  const room = new Room(name, group, model.usage.refer(customer));
  group.add(room);
  model.rooms++;
  changes.push({ type: "room-opened", room: room.id, customer, server: group.server.address, listed });
  return room;
}

/** The room is on no server any more; the last one of a group takes the group with it. */
export function closeRoom(model: Model, room: Room, now: Milliseconds, changes: Change[]): void {
  const { group } = room;
  removeRoom(model, room);
  changes.push({ type: "room-closed", room: room.id, server: group.server.address });
  if (!group.empty) return;
  learnSize(model, group, now);
  releaseGroup(model, group);
  changes.push({ type: "group-released", namespace: group.namespace.name, group: group.name });
}

/** The group has no room and no place any more. */
export function releaseGroup(model: Model, group: Group): void {
  endGrowth(group);
  group.server.groups--;
  model.groups.delete(group);
}

/** Remembers a room that no report shows until the tokens given out for it have expired. */
export function awaitListing(model: Model, room: Room, now: Milliseconds): void {
  model.unlisted.delete(room); // re-inserted: the map stays ordered by expiry
  model.unlisted.set(room, now + model.settings.tokenLifetime);
}

/** The room is listed by its server from now on, and not only granted. */
export function enlist(room: Room): void {
  if (room.grants !== undefined) room.usage.granted.rooms--;
  room.group.listed++;
}

/** The server has listed the room in a report that this gateway has not heard, or before its start. */
export function enlistUnheard(room: Room): void {
  const { server } = room.group;
  enlist(room);
  room.report = server.reports;
  room.peers = UNKNOWN;
  server.rooms.push(room);
}

/** The room counts no more; its group stays, even without any. */
export function removeRoom(model: Model, room: Room): void {
  endGrants(model, room);
  model.unlisted.delete(room);
  if (room.report !== UNLISTED) room.group.listed--;
  room.report = UNLISTED;
  room.group.delete(room);
  model.usage.release(room.usage);
  model.rooms--;
}
