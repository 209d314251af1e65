import type { Ban } from "../facts.ts";
import type { Change } from "../change.ts";
import { enqueue } from "../rooms/closing.ts";
import { endWaiting } from "../tasks/hand_over.ts";
import type { Model } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";
import type { QueuedTask, Task } from "../task.ts";
import type { Undo } from "../undo.ts";

/** A call of a customer's backend about one of its rooms. */
export interface ManagementInput {
  readonly task: Task;
  /** Where the call bans a room or a user: for how long. Zero lifts a ban. */
  readonly banTime?: Milliseconds | undefined;
  /** Whose share of the limits it takes; if absent, the room's namespace stands for the customer. */
  readonly customer?: string | undefined;
  /** Id of the key whose token the call came with. */
  readonly by?: string | undefined;
}

export type ManagementOutcome = "accepted" | "no-room" | "too-many-tasks" | "too-many-bans";

/**
 * Records the ban that a call asks for, and queues its task for the server that holds the room.
 * A room that no server holds is an error, unless there is a ban to record (`docs/protocol.md` §5). A ban is recorded
 * whether or not the queue can take the task; its lift also goes to the server that was told of the ban. Where the changes cannot be made durable, `undo` takes them back.
 */
export function manage(
  model: Model,
  { task, banTime, customer = task.id[0], by }: ManagementInput,
  now: Milliseconds,
): { outcome: ManagementOutcome; changes: Change[]; undo?: Undo } {
  const changes: Change[] = [];
  const server = model.groups.room(task.id)?.group.server;
  const asked = banTime === undefined ? undefined : banOf(task, now + banTime, customer, by);
  const before = asked && model.bans.get(asked.room, asked.user);
  const ban = asked && { ...asked, told: server?.address ?? before?.told };
  if (server === undefined && ban === undefined) return { outcome: "no-room", changes };
  const queueFull = server?.tasks.admits(customer, JSON.stringify(task).length) === false;
  if (queueFull && ban === undefined) return { outcome: "too-many-tasks", changes };
  if (ban !== undefined && !model.bans.hasRoomFor(ban, now)) return { outcome: "too-many-bans", changes };

  if (ban !== undefined) {
    model.bans.set(ban, now);
    if (ban.until > now) changes.push({ type: "banned", ban });
    else changes.push({ type: "ban-ended", ban, lifted: true });
  }
  const queued: QueuedTask[] = [];
  if (server !== undefined && !queueFull) queued.push(enqueue(model, server, task, customer, now, changes));
  const told = banTime === 0 && before?.told !== undefined ? model.servers.get(before.told) : undefined;
  if (told !== undefined && told !== server && told.tasks.admits(customer, JSON.stringify(task).length)) {
    queued.push(enqueue(model, told, task, customer, now, changes));
  }
  const undo = () => {
    if (ban !== undefined) model.bans.putBack(ban, before);
    // The room may have moved since, and the task with it.
    for (const task of queued) endWaiting(model, task, []);
  };
  return { outcome: "accepted", changes, undo };
}

function banOf(task: Task, until: Milliseconds, customer: string, by: string | undefined): Ban | undefined {
  const common = { room: task.id, until, customer, by };
  if (task.task === "RoomClose") return common;
  if (task.task === "RoomBanClient") return { ...common, user: task.user_id };
  return undefined;
}
