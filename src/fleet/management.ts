import type { Ban } from "./ban.ts";
import type { Change } from "./change.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { enqueue, isQueueFull, type Task } from "./task.ts";

/** A call of a customer's backend about one of its rooms. */
export interface ManagementInput {
  readonly task: Task;
  /** Where the call bans a room or a user: for how long. Zero lifts a ban. */
  readonly banTime?: Milliseconds | undefined;
}

export type ManagementOutcome = "accepted" | "no-room" | "too-many-tasks" | "too-many-bans";

/**
 * Records the ban that a call asks for, and queues its task for the server that holds the room.
 * A room that no server holds is an error, unless there is a ban to record (`PROTOCOL.md` §5).
 */
export function manage(
  model: Model,
  { task, banTime }: ManagementInput,
  now: Milliseconds,
): { outcome: ManagementOutcome; changes: Change[] } {
  const changes: Change[] = [];
  const ban = banTime === undefined ? undefined : banOf(task, now + banTime);
  const server = model.groups.room(task.id)?.group.server;
  if (server === undefined && ban === undefined) return { outcome: "no-room", changes };
  if (server !== undefined && isQueueFull(model, server)) return { outcome: "too-many-tasks", changes };
  if (ban !== undefined) {
    if (!model.bans.hasRoomFor(ban, now)) return { outcome: "too-many-bans", changes };
    model.bans.set(ban, now);
    changes.push({ type: "banned", ban });
  }
  if (server !== undefined) enqueue(model, server, task, now, changes);
  return { outcome: "accepted", changes };
}

function banOf(task: Task, until: Milliseconds): Ban | undefined {
  if (task.task === "RoomClose") return { room: task.id, until };
  if (task.task === "RoomBanClient") return { room: task.id, user: task.user_id, until };
  return undefined;
}
