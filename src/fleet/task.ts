import type { Milliseconds, Model } from "./model.ts";
import { groupName, type RoomId } from "./room.ts";
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
}

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
export function enqueue(model: Model, server: Server, task: Task, changes: Change[]): void {
  const queued: QueuedTask = {
    sequence: ++model.taskSequence,
    room: task.id,
    kind: task.task,
    json: JSON.stringify(task),
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
export function confirmTasks(model: Model, address: Address, handOver: number): Change[] {
  const server = model.servers.get(address);
  if (server?.handOver?.id !== handOver) return [];
  const { tasks } = server.handOver;
  server.handOver = undefined;
  return endTasks(server, (queued) => tasks.has(queued));
}

/** The answer broke off: its tasks are handed over again with the next report. */
export function returnTasks(model: Model, address: Address, handOver: number): void {
  const server = model.servers.get(address);
  if (server?.handOver?.id === handOver) server.handOver = undefined;
}

/** Takes tasks that could not be made durable back out of the queues. */
export function withdrawTasks(model: Model, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.type !== "task-queued") continue;
    const server = model.servers.get(change.server);
    if (server !== undefined) endTasks(server, (queued) => queued === change.task);
  }
}

/** Moves the tasks of a group to the queue of the server that holds it now. */
export function moveTasks(from: Server, to: Server, namespace: string, group: string): Change[] {
  if (from.tasks.length === 0) return [];
  const moving = new Set(
    from.tasks.filter(({ room }) => room[0] === namespace && groupName(room[1]) === group),
  );
  if (moving.size === 0) return [];
  endTasks(from, (queued) => moving.has(queued));
  for (const queued of moving) push(to, queued);
  to.tasks.sort((a, b) => a.sequence - b.sequence);
  return [...moving].map((task) => ({ type: "task-queued", server: to.address, task }));
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
