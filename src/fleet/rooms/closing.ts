/**
 * Rooms that a server is told to close: those that another server holds, and those that a customer or an operator wants
 * closed and that the server still lists.
 *
 * @module
 */
import type { RoomId } from "../ids.ts";
import type { Change } from "../change.ts";
import { endTask } from "../tasks/hand_over.ts";
import type { Model } from "../state/model.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Server } from "../state/server.ts";
import { NOT_PLACED } from "../state/task_queue.ts";
import { type Duration, duration, type QueuedTask, type Task } from "../task.ts";
import type { Milliseconds } from "../time.ts";

/** Reports after which a RoomClose that was not obeyed is sent again. */
export const REPORTS_TO_CLOSE = 2;

/** Puts a task at the end of a server's queue, and adds the change to `changes`. */
export function enqueue(
  model: Model,
  server: Server,
  task: Task,
  customer: string,
  now: Milliseconds,
  changes: Change[],
): QueuedTask {
  const queued: QueuedTask = {
    sequence: ++model.taskSequence,
    room: task.id,
    kind: task.task,
    json: JSON.stringify(task),
    expires: now + model.settings.taskLifetime,
    customer,
  };
  server.tasks.add(queued, model.shared ? NOT_PLACED : undefined);
  changes.push({ type: "task-queued", server: server.address, task: queued });
  return queued;
}

/** Whether the server has been told to close the room, or is about to be. */
export function isClosing(server: Server, room: RoomId): boolean {
  return server.closing.has(scopedKey(room)) || server.tasks.closes(room);
}

/** Tells a server to close a room, so that its clients come back and get another server. */
export function tellToClose(
  model: Model,
  server: Server,
  room: RoomId,
  customer: string,
  banTime: Milliseconds,
  now: Milliseconds,
  changes: Change[],
): QueuedTask {
  return enqueue(
    model,
    server,
    { task: "RoomClose", id: room, ban_time: duration(banTime / 1000) },
    customer,
    now,
    changes,
  );
}

/** A room on two servers: the loser is told to close it, with a ban of one report interval (`docs/protocol.md` §7). */
export function collide(
  model: Model,
  room: RoomId,
  customer: string,
  holder: Server,
  loser: Server,
  now: Milliseconds,
  changes: Change[],
): void {
  if (isClosing(loser, room)) return;
  changes.push({ type: "collision", room, holder: holder.address, loser: loser.address });
  tellToClose(model, loser, room, customer, model.settings.updateInterval, now, changes);
}

/** The rooms that the server lists and another holds are these now: what it lists no more need not be closed any more. */
export function replaceForeign(
  server: Server,
  foreign: ReadonlyMap<string, RoomId>,
  changes: Change[],
): void {
  for (const [key, room] of server.foreign) {
    if (!foreign.has(key)) endClosing(server, room, changes);
  }
  server.foreign = foreign;
}

/** The server is not to close the room any more: it holds it now, or has it no more. */
export function endClosing(server: Server, room: RoomId, changes: Change[]): void {
  for (const task of server.tasks.ofRoom(room)) {
    if (task.kind === "RoomClose") endTask(server, task, changes);
  }
}

/**
 * Looks after the rooms that the server was told to close: the command is queued again for those that it still
 * lists two reports later. A room that is younger than the command is another one of the same name.
 */
export function retryIgnoredCloses(
  model: Model,
  server: Server,
  listed: readonly { readonly id: RoomId; readonly age?: Duration | undefined }[],
  now: Milliseconds,
  changes: Change[],
): void {
  const still = new Set<string>();
  for (const { id, age } of listed) {
    const key = scopedKey(id);
    const closing = server.closing.get(key);
    if (closing === undefined) continue;
    if (age !== undefined && age.secs * 1000 + age.nanos / 1e6 < now - closing.at) continue;
    still.add(key);
    if (server.reportsAnywhere - closing.report < REPORTS_TO_CLOSE) continue;
    changes.push({ type: "close-ignored", room: id, server: server.address });
    enqueue(model, server, JSON.parse(closing.task.json), closing.task.customer, now, changes);
    server.closing.delete(key);
  }
  for (const key of server.closing.keys()) {
    if (!still.has(key)) server.closing.delete(key);
  }
}
