import { groupName, type RoomId } from "../ids.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Miscounts } from "./miscounts.ts";
import { Shares } from "./shares.ts";
import type { QueuedTask } from "../task.ts";
import type { Milliseconds } from "../time.ts";

/** Bounds on a queue, and the fraction of them that each customer is sure of. */
export interface QueueLimits {
  readonly tasksPerServer: number;
  /** In characters of JSON. */
  readonly taskBytesPerServer: number;
  readonly customerShare: number;
}

/** Place of a task that the store has not put into the order of all gateways' tasks yet: after all others. */
export const NOT_PLACED = Number.MAX_SAFE_INTEGER;

/**
 * The tasks that wait for one server, in the order in which they were asked for: by their numbers or, where several
 * gateways share the store, by the places that it gives them. Found by group and by the room that they close, so
 * that what happens to one room never looks at the tasks of others.
 */
export class TaskQueue implements Iterable<QueuedTask> {
  readonly #tasks = new Map<number, QueuedTask>();
  readonly #byGroup = new Map<string, Set<QueuedTask>>();
  readonly #closes = new Map<string, number>();
  /** Places in the order, where they are not the numbers. */
  readonly #orders = new Map<QueuedTask, number>();
  readonly #counts: Shares;
  readonly #bytes: Shares;
  readonly #total: Shares;
  readonly #miscounts: Miscounts;
  #last = -Infinity;
  #inOrder = true;

  /** @param total characters of JSON in the queues of all servers */
  constructor(
    { tasksPerServer, taskBytesPerServer, customerShare }: QueueLimits,
    total: Shares,
    miscounts: Miscounts,
  ) {
    this.#total = total;
    this.#miscounts = miscounts;
    this.#counts = new Shares(tasksPerServer, customerShare, miscounts);
    this.#bytes = new Shares(taskBytesPerServer, customerShare, miscounts);
  }

  /** From now on these bounds hold; tasks that wait already go on waiting. */
  configure({ tasksPerServer, taskBytesPerServer, customerShare }: QueueLimits): void {
    this.#counts.configure(tasksPerServer, customerShare);
    this.#bytes.configure(taskBytesPerServer, customerShare);
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** Characters of JSON that wait. */
  get bytes(): number {
    return this.#bytes.total;
  }

  /** Whether the customer may have one more task here, of this size in characters of JSON. */
  admits(customer: string, size: number): boolean {
    return this.#counts.admits(customer, 1) && this.#bytes.admits(customer, size) &&
      this.#total.admits(customer, size);
  }

  has(task: QueuedTask): boolean {
    return this.#tasks.get(task.sequence) === task;
  }

  get(sequence: number): QueuedTask | undefined {
    return this.#tasks.get(sequence);
  }

  /** Its place in the order. */
  orderOf(task: QueuedTask): number {
    return this.#orders.get(task) ?? task.sequence;
  }

  /** A task that waits gets its place in the order. */
  place(task: QueuedTask, order: number): void {
    if (!this.has(task)) return;
    this.delete(task);
    this.add(task, order);
  }

  /** @param order its place in the order; if absent, its number */
  add(task: QueuedTask, order = task.sequence): void {
    const same = this.#tasks.get(task.sequence);
    if (same !== undefined) {
      this.#miscounts.tell("tasks of a number", 2, `task ${task.sequence}`, "waits twice for one server");
      this.delete(same);
    }
    if (order < this.#last) this.#inOrder = false;
    this.#last = Math.max(this.#last, order);
    this.#tasks.set(task.sequence, task);
    if (order !== task.sequence) this.#orders.set(task, order);
    const group = groupKey(task.room);
    const ofGroup = this.#byGroup.get(group);
    if (ofGroup === undefined) this.#byGroup.set(group, new Set([task]));
    else ofGroup.add(task);
    if (task.kind === "RoomClose") this.#count(task.room, 1);
    this.#counts.add(task.customer, 1);
    this.#bytes.add(task.customer, task.json.length);
    this.#total.add(task.customer, task.json.length);
  }

  /** @returns whether it was there */
  delete(task: QueuedTask): boolean {
    if (!this.has(task)) return false;
    this.#tasks.delete(task.sequence);
    this.#orders.delete(task);
    const group = groupKey(task.room);
    const ofGroup = this.#byGroup.get(group)!;
    ofGroup.delete(task);
    if (ofGroup.size === 0) this.#byGroup.delete(group);
    if (task.kind === "RoomClose") this.#count(task.room, -1);
    this.#counts.take(task.customer, 1);
    this.#bytes.take(task.customer, task.json.length);
    this.#total.take(task.customer, task.json.length);
    return true;
  }

  /** The tasks for the rooms of a group. */
  ofGroup(namespace: string, group: string): readonly QueuedTask[] {
    const tasks = this.#byGroup.get(scopedKey([namespace, group]));
    return tasks === undefined ? [] : this.#sorted(tasks);
  }

  /** The tasks for exactly this room. */
  ofRoom(room: RoomId): readonly QueuedTask[] {
    return this.ofGroup(room[0], groupName(room[1])).filter((task) => task.room[1] === room[1]);
  }

  /** Whether a RoomClose of the room waits. */
  closes(room: RoomId): boolean {
    return this.#closes.has(scopedKey(room));
  }

  /** The tasks that have waited too long. Tasks wait equally long, so these are the first. */
  expired(now: Milliseconds): QueuedTask[] {
    const expired: QueuedTask[] = [];
    for (const task of this) {
      if (task.expires > now) break;
      expired.push(task);
    }
    return expired;
  }

  [Symbol.iterator](): IterableIterator<QueuedTask> {
    this.#sort();
    return this.#tasks.values();
  }

  /** Tasks that came from another server's queue may be older than those that were here. */
  #sort(): void {
    if (this.#inOrder) return;
    const tasks = this.#sorted(this.#tasks.values());
    this.#tasks.clear();
    for (const task of tasks) this.#tasks.set(task.sequence, task);
    this.#inOrder = true;
  }

  #sorted(tasks: Iterable<QueuedTask>): QueuedTask[] {
    return [...tasks].sort((a, b) => this.orderOf(a) - this.orderOf(b));
  }

  #count(room: RoomId, by: 1 | -1): void {
    const key = scopedKey(room);
    const before = this.#closes.get(key) ?? 0; // none waits
    const count = this.#miscounts.notNegative("RoomClose tasks of a room", before + by, key, "a task ends");
    if (count > 0) this.#closes.set(key, count);
    else this.#closes.delete(key);
  }
}

function groupKey([namespace, name]: RoomId): string {
  return scopedKey([namespace, groupName(name)]);
}
