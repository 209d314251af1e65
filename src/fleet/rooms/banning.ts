/**
 * Bans of a room that no server was known to have, or another one: the server that turns out to have the room is told of them.
 *
 * @module
 */
import type { Change } from "../change.ts";
import type { Ban } from "../facts.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import { duration, type Task } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import { enqueue } from "./closing.ts";

/**
 * Queues for the room's server what is left of those bans that it is to be told of, as far as the queue takes them.
 * O(bans of the room and its users).
 */
export function tellBans(
  model: Model,
  room: Room,
  isToBeTold: (ban: Ban) => boolean,
  now: Milliseconds,
  changes: Change[],
): void {
  const { server } = room.group;
  for (const ban of model.bans.of(room.id)) {
    if (ban.until <= now || !isToBeTold(ban)) continue;
    const task = taskOf(ban, now);
    const customer = ban.customer ?? ban.room[0];
    if (!server.tasks.admits(customer, JSON.stringify(task).length)) return;
    enqueue(model, server, task, customer, now, changes);
    model.bans.set({ ...ban, told: server.address }, now);
  }
}

function taskOf({ room: id, user, until }: Ban, now: Milliseconds): Task {
  const ban_time = duration((until - now) / 1000);
  return user === undefined
    ? { task: "RoomClose", id, ban_time }
    : { task: "RoomBanClient", id, user_id: user, ban_time };
}
