import { type Address, groupName, type RoomId } from "../ids.ts";
import type { Change, ChangeOf } from "../change.ts";
import { endGrants } from "../state/grant.ts";
import { endGrowth, learnSize } from "../state/growth.ts";
import { endTask, passOn } from "../tasks/hand_over.ts";
import type { Model } from "../state/model.ts";
import { keepPlace, leave, LEAVE_FOR } from "./leaving.ts";
import { awaitListing, countUnlisted, stopAwaiting } from "./presence.ts";
import type { Milliseconds } from "../time.ts";
import { type Group, type Presence, Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { QueuedTask } from "../task.ts";
import { addReported, type Count } from "../state/usage.ts";

/** Gives a group that nobody holds to a server. */
export function placeGroup(
  model: Model,
  [namespace, name]: RoomId,
  server: Server,
  changes: Change[],
): Group {
  const group = addGroup(model, namespace, groupName(name), server);
  changes.push({ type: "group-placed", namespace, group: group.name, server: server.address });
  return group;
}

/** The group is on this server. */
export function addGroup(model: Model, namespace: string, name: string, server: Server): Group {
  server.groups++;
  return model.groups.add(namespace, name, server);
}

/** What a group was before it moved, so that a call that is refused can put it back. */
export interface Departure {
  readonly from: Server;
  readonly durable: boolean;
  readonly rooms: readonly { readonly room: Room; readonly presence: Presence }[];
  readonly tasks: readonly QueuedTask[];
}

/**
 * Gives a group to another server. Its rooms and grants were of the old server and end here; waiting tasks follow.
 *
 * @param why it leaves a server that may be alive, if it does
 */
export function moveGroup(
  model: Model,
  group: Group,
  to: Server,
  changes: Change[],
  why: Pick<ChangeOf<"group-placed">, "found" | "overload"> = {},
): Departure {
  const from = group.server;
  const { durable } = group;
  const namespace = group.namespace.name;
  const rooms = group.rooms().map((room) => ({ room, presence: room.presence }));
  for (const { room } of rooms) changes.push({ type: "room-closed", room: room.id, server: from.address });
  transferGroup(model, group, to);
  changes.push({
    type: "group-placed",
    namespace,
    group: group.name,
    server: to.address,
    from: from.address,
    ...why,
  });
  const tasks = moveTasks(from, to, namespace, group.name);
  for (const task of tasks) changes.push({ type: "task-queued", server: to.address, task, moved: true });
  return { from, durable, rooms, tasks };
}

/**
 * Puts a group back to where it was, unless its new server has reported it or its old one is gone; then it goes where
 * nothing is left of it.
 */
export function moveBack(
  model: Model,
  group: Group,
  to: Server,
  departure: Departure,
  now: Milliseconds,
): void {
  const { from, durable, rooms, tasks } = departure;
  const left = model.groups.get(group.namespace.name, group.name) === group;
  if (!left || group.server !== to || group.listed > 0 || model.servers.get(from.address) !== from) {
    if (left && group.empty) releaseGroup(model, group);
    return;
  }
  transferGroup(model, group, from);
  group.durable = durable;
  for (const { room, presence } of rooms) {
    if (group.room(room.name) !== undefined) continue;
    room.usage = model.usage.refer(room.usage.customer);
    addRoom(model, room);
    room.presence = presence;
    // A report that came meanwhile has not listed it here: nothing would end its listing any more.
    if (room.report !== from.reports) room.unlist();
    if (room.listed) resumeCounting(room);
    else awaitListing(model, room, now);
  }
  for (const task of tasks) {
    const order = to.tasks.orderOf(task);
    if (to.tasks.delete(task)) from.tasks.add(task, order);
  }
}

/** What others are to know of a group that was put back to where it was, and that they know where it had gone. */
export function movedBack(group: Group, from: Server, { tasks }: Departure): Change[] {
  const { namespace: { name: namespace }, name, server: { address: server, tasks: queue } } = group;
  return [
    { type: "group-placed", namespace, group: name, server, from: from.address, found: true },
    ...tasks.filter((task) => queue.get(task.sequence) !== undefined)
      .map((task): Change => ({ type: "task-queued", server, task, moved: true })),
    ...group.rooms().map(opened),
  ];
}

/** What moving a group does to the group and its servers. */
export function transferGroup(model: Model, group: Group, to: Server): void {
  for (const room of group.rooms()) removeRoom(model, room);
  endGrowth(group);
  countGroupOut(group);
  to.groups++;
  group.server = to;
  group.durable = false;
  group.isWatched = false;
}

/**
 * Moves the tasks of a group to the queue of the server that holds it now. A RoomClose stays with a server that is
 * to be empty: there it ends the room that was, here it would end the one to come.
 */
function moveTasks(from: Server, to: Server, namespace: string, group: string): QueuedTask[] {
  const moved: QueuedTask[] = [];
  for (const task of from.tasks.ofGroup(namespace, group)) {
    if (from.intake.evicting && task.kind === "RoomClose") continue;
    passOn(from, to, task);
    moved.push(task);
  }
  return moved;
}

/** The server that holds the room's group, if any. */
export function holder(model: Model, namespace: string, room: string): Address | undefined {
  return model.groups.get(namespace, groupName(room))?.server.address;
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
  addRoom(model, room);
  changes.push({ ...opened(room), listed });
  return room;
}

/** The room is one of its group's, which has its place then. */
export function addRoom(model: Model, room: Room): void {
  room.group.add(room);
  model.leaving.delete(room.group);
  model.rooms++;
}

/** What others are to know of a room. */
export function opened(
  { id, group, usage: { customer }, listed }: Room,
): ChangeOf<"room-opened"> {
  return { type: "room-opened", room: id, customer, server: group.server.address, listed };
}

/**
 * The room is on no server any more; the last one of a group takes the group with it, where several gateways share the store
 * after a while (`leaving.ts`). Its tasks end with it.
 *
 * @param idle whether it ends because nobody is on the way to it, as far as this gateway knows
 */
export function closeRoom(
  model: Model,
  room: Room,
  now: Milliseconds,
  changes: Change[],
  idle = false,
): void {
  const { group } = room;
  const { server } = group;
  for (const task of server.tasks.ofRoom(room.id)) endTask(server, task, changes);
  removeRoom(model, room);
  changes.push({ type: "room-closed", room: room.id, server: server.address, ...(idle ? { idle } : {}) });
  if (!group.empty) return;
  learnSize(model, group, now, changes);
  if (model.shared && server.retainsGroups) return leave(model, group, now, changes);
  release(model, group, changes);
}

/** The group has no room and no place any more. */
export function releaseGroup(model: Model, group: Group): void {
  model.leaving.delete(group);
  endGrowth(group);
  countGroupOut(group);
  model.groups.delete(group);
}

/**
 * Releases the groups that have been without a room for long enough, and tells of those that nobody has told of.
 * O(groups without a room).
 */
export function releaseLeaving(model: Model, now: Milliseconds, changes: Change[]): void {
  for (const [group, { leave: told, until }] of model.leaving) {
    if (until === undefined) model.leaving.set(group, { leave: told, until: now + LEAVE_FOR });
    else if (until > now) continue;
    else if (told === undefined) leave(model, group, now, changes);
    else release(model, group, changes, told);
  }
}

/** @param leave how its leave was named, if it was told */
export function release(model: Model, group: Group, changes: Change[], leave?: string): void {
  releaseGroup(model, group);
  changes.push({
    type: "group-released",
    namespace: group.namespace.name,
    group: group.name,
    server: group.server.address,
    ...(leave === undefined ? {} : { leave }),
  });
}

/** The group's server holds one less. */
function countGroupOut({ server }: Group): void {
  const left = server.groups - 1;
  server.groups = server.miscounts.notNegative("groups of a server", left, server, "a group leaves it");
}

/** The room counts no more; its group stays, even if it is left without a room. */
export function removeRoom(model: Model, room: Room): void {
  const { group } = room;
  const { miscounts } = model;
  if (!group.delete(room)) {
    return miscounts.tell("rooms of a group", 0, group, `room ${room.name} ends, and is not there`);
  }
  endGrants(model, room);
  stopAwaiting(model, room);
  if (room.listed) stopCounting(room);
  room.unlist();
  model.usage.release(room.usage);
  model.rooms = miscounts.notNegative("rooms of the model", model.rooms - 1, group, "a room ends");
  if (group.empty) keepPlace(model, group);
}

/** What its server reported of the room does not count any more, towards the licence too. */
function stopCounting(room: Room): void {
  countUnlisted(room.group);
  countNoMore(room);
}

function resumeCounting(room: Room): void {
  room.group.listed++;
  countAgain(room);
}

/** What was reported of a room that ends without its server's having told so does not count any more. */
export function countNoMore(room: Room): void {
  recount(room, 1);
}

/** A room that has left its server is there all the same: what was reported of it counts, if it did before. */
export function countAgain(room: Room): void {
  recount(room, -1);
}

/** The room counts as one that has left its server, or does so no more. */
function recount(room: Room, sign: 1 | -1): void {
  const { group: { server }, usage } = room;
  const reported = server.usage.get(usage);
  if (reported === undefined) return;
  let moved = server.moved.get(usage);
  if (moved === undefined) server.moved.set(usage, moved = { peers: 0, rooms: 0 });
  // Not among them: a room that a report has listed which is still being taken in, or one that left before the last.
  if (moved.rooms + sign > reported.rooms || moved.rooms + sign < 0) return;
  const pool = sign > 0
    ? { peers: reported.peers - moved.peers, rooms: reported.rooms - moved.rooms }
    : moved;
  const peers = sign * shareOf(room, pool);
  moved.peers += peers;
  moved.rooms += sign;
  if (server.retainsGroups) addReported(usage, -peers, -sign, server.miscounts);
}

/**
 * What the room has of all these; where that is not known, since nobody has reported it since a restart, the mean.
 *
 * @param all at least one room
 */
function shareOf({ peers }: Room, all: Count): number {
  return peers === undefined ? Math.ceil(all.peers / all.rooms) : Math.min(all.peers, peers);
}
