import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { groupName, type RoomId } from "./room.ts";
import { scopedKey } from "./scoped_key.ts";
import type { Address, Server } from "./server.ts";
import type { Change } from "./change.ts";

/** A span of time as ODIN servers read it; both non-negative integers, `nanos` below 10⁹. */
export interface Duration {
  readonly secs: number;
  readonly nanos: number;
}

/** What a server is told to do, in the form it is sent in (`PROTOCOL.md` §5). */
export type Task =
  | { readonly task: "RoomClose"; readonly id: RoomId; readonly ban_time: Duration }
  | { readonly task: "RoomUpdate"; readonly id: RoomId; readonly user_data: readonly number[] }
  | {
    readonly task: "RoomBanClient";
    readonly id: RoomId;
    readonly user_id: string;
    readonly ban_time: Duration;
  }
  | {
    readonly task: "RoomSendMessage";
    readonly id: RoomId;
    readonly user_id: string;
    readonly message: readonly number[];
  };

/** A task in a server's queue. */
export interface QueuedTask {
  /** Grows with every task of this gateway: the order, and the identity. */
  readonly sequence: number;
  readonly room: RoomId;
  readonly kind: Task["task"];
  /** The task as JSON: compact while it waits, and what the store keeps. */
  readonly json: string;
  /** When it is given up. */
  readonly expires: Milliseconds;
}

/** A RoomClose that got through, until a report shows that it was obeyed. */
export interface Closing {
  readonly task: QueuedTask;
  /** Number of the server's last report then. */
  readonly report: number;
  readonly at: Milliseconds;
}

/** Reports after which a RoomClose that was not obeyed is sent again. */
const REPORTS_TO_CLOSE = 2;

/** Tasks on their way to a server in an answer that may yet break off. */
export interface HandOver {
  readonly id: number;
  readonly tasks: ReadonlySet<QueuedTask>;
  readonly at: Milliseconds;
}

/** Seconds as the span that servers read, to the nanosecond. */
export function duration(seconds: number): Duration {
  const secs = Math.floor(seconds);
  const nanos = Math.round((seconds - secs) * 1e9);
  return nanos === 1e9 ? { secs: secs + 1, nanos: 0 } : { secs, nanos };
}

/** Puts a task at the end of a server's queue, and adds the change to `changes`. */
export function enqueue(
  model: Model,
  server: Server,
  task: Task,
  now: Milliseconds,
  changes: Change[],
): void {
  const queued: QueuedTask = {
    sequence: ++model.taskSequence,
    room: task.id,
    kind: task.task,
    json: JSON.stringify(task),
    expires: now + model.settings.taskLifetime,
  };
  push(server, queued);
  changes.push({ type: "task-queued", server: server.address, task: queued });
}

/** Whether the server's queue can take one more task. */
export function isQueueFull(model: Model, server: Server): boolean {
  const { tasksPerServer, taskBytesPerServer } = model.settings.limits;
  return server.tasks.length >= tasksPerServer || server.taskBytes >= taskBytesPerServer;
}

/**
 * Takes the tasks to put into an answer to the server. They stay in the queue until {@link confirmTasks}.
 * While an earlier answer is still on its way nothing is handed over, so that order holds; one that has been on
 * its way for a whole report interval counts as lost.
 */
export function handOverTasks(
  model: Model,
  address: Address,
  now: Milliseconds,
): { tasks: Task[]; handOver?: number } {
  const server = model.servers.get(address);
  if (server === undefined || server.tasks.length === 0) return { tasks: [] };
  if (server.handOver !== undefined && now - server.handOver.at < model.settings.updateInterval) {
    return { tasks: [] };
  }
  const id = ++model.handOvers;
  server.handOver = { id, tasks: new Set(server.tasks), at: now };
  return { tasks: server.tasks.map((queued) => JSON.parse(queued.json) as Task), handOver: id };
}

/** The answer was fully sent: its tasks leave the queue. An answer given up on earlier confirms nothing. */
export function confirmTasks(
  model: Model,
  address: Address,
  handOver: number,
  now: Milliseconds,
): Change[] {
  const server = model.servers.get(address);
  if (server?.handOver?.id !== handOver) return [];
  const { tasks } = server.handOver;
  server.handOver = undefined;
  for (const task of tasks) {
    if (task.kind === "RoomClose") {
      server.closing.set(scopedKey(task.room), { task, report: server.reports, at: now });
    }
  }
  return endTasks(server, (queued) => tasks.has(queued));
}

/** The answer broke off: its tasks are handed over again with the next report. */
export function returnTasks(model: Model, address: Address, handOver: number): void {
  const server = model.servers.get(address);
  if (server?.handOver?.id === handOver) server.handOver = undefined;
}

/**
 * Looks after the rooms that the server was told to close: the command is queued again for those that it still
 * lists two reports later. A room that is younger than the command is another one of the same name.
 */
export function insistOnClosing(
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
    if (server.reports - closing.report < REPORTS_TO_CLOSE) continue;
    changes.push({ type: "close-ignored", room: id, server: server.address });
    enqueue(model, server, JSON.parse(closing.task.json), now, changes);
    server.closing.delete(key);
  }
  for (const key of server.closing.keys()) {
    if (!still.has(key)) server.closing.delete(key);
  }
}

/** Whether the server has been told to close the room, or is about to be. */
export function isClosing(server: Server, room: RoomId): boolean {
  if (server.closing.has(scopedKey(room))) return true;
  return server.tasks.some((queued) =>
    queued.kind === "RoomClose" && queued.room[0] === room[0] && queued.room[1] === room[1]
  );
}

/** Tasks end with their room. */
export function endTasksWithoutRoom(model: Model, server: Server): Change[] {
  return endTasks(server, ({ room }) => model.groups.room(room) === undefined);
}

/** Gives up tasks that have waited too long. They are in order of expiry. */
export function expireTasks(server: Server, now: Milliseconds): Change[] {
  if (server.tasks.length === 0 || server.tasks[0]!.expires > now) return [];
  return endTasks(server, ({ expires }) => expires <= now);
}

/** Takes tasks that could not be made durable back out of the queues. */
export function withdrawTasks(model: Model, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.type !== "task-queued") continue;
    const server = model.servers.get(change.server);
    if (server !== undefined) endTasks(server, (queued) => queued === change.task);
  }
}

/**
 * Moves the tasks of a group to the queue of the server that holds it now. A RoomClose stays with a server that is
 * to be empty: there it ends the room that was, here it would end the one to come.
 */
export function moveTasks(from: Server, to: Server, namespace: string, group: string): Change[] {
  if (from.tasks.length === 0) return [];
  const moving = new Set(
    from.tasks.filter(({ room, kind }) =>
      room[0] === namespace && groupName(room[1]) === group && !(from.vacating && kind === "RoomClose")
    ),
  );
  if (moving.size === 0) return [];
  endTasks(from, (queued) => moving.has(queued));
  for (const queued of moving) push(to, queued);
  to.tasks.sort((a, b) => a.sequence - b.sequence);
  return [...moving].map((task) => ({ type: "task-queued", server: to.address, task }));
}

/** Puts a task that the store kept back into its queue. */
export function restoreTask(model: Model, server: Server, queued: QueuedTask): void {
  push(server, queued);
  model.taskSequence = Math.max(model.taskSequence, queued.sequence);
}

/** Takes a task out of whichever queue it is in. */
export function endTask(model: Model, sequence: number): void {
  for (const server of model.servers) {
    if (server.tasks.length > 0) endTasks(server, (queued) => queued.sequence === sequence);
  }
}

function push(server: Server, queued: QueuedTask): void {
  server.tasks.push(queued);
  server.taskBytes += queued.json.length;
}

function endTasks(server: Server, ends: (queued: QueuedTask) => boolean): Change[] {
  const ended = server.tasks.filter(ends);
  server.tasks = server.tasks.filter((queued) => !ends(queued));
  for (const queued of ended) server.taskBytes -= queued.json.length;
  return ended.map(({ sequence }) => ({ type: "task-ended", sequence }));
}
