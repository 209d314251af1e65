import type { Address } from "../ids.ts";
import type { Change, ChangeOf } from "../change.ts";
import type { Model } from "../state/model.ts";
import { scopedKey } from "../scoped_key.ts";
import { OPEN_HAND_OVERS } from "../state/hand_overs.ts";
import type { Server } from "../state/server.ts";
import type { Fate, HandOver, QueuedTask, Task } from "../task.ts";
import type { Milliseconds } from "../time.ts";
import { gatewayOf } from "./numbering.ts";
import { waitingTask } from "./waiting.ts";

/**
 * Takes the tasks to put into an answer to the server. They stay in the queue until {@link endHandOver} says that they
 * were read. Where no answer ever tells, a task is handed over twice, and a RoomSendMessage once.
 * While an earlier answer is still on its way nothing is handed over, so that order holds; half a report interval
 * later the server has given it up, or asks through a proxy that keeps its connections.
 * How many of them were handed over before, since the gateway's start, is `repeated`.
 *
 * @param open place in the order of the first task that is not to be handed over yet, with all after it
 * @param id number of the answer, which no other has
 * @param lives whether a gateway lives: answers of one that does not have broken off with it
 */
export function handOverTasks(
  model: Model,
  address: Address,
  now: Milliseconds,
  open = Infinity,
  id = numberHandOver(model),
  lives: (gateway: number) => boolean = () => true,
): { tasks: Task[]; repeated: number; handOver?: number; changes: Change[] } {
  const changes: Change[] = [];
  const server = model.servers.get(address);
  if (server === undefined || server.tasks.size === 0) return { tasks: [], repeated: 0, changes };
  for (const each of server.handOvers.open) {
    if (!each.own && !lives(gatewayOf(each.id))) decide(model, server, each.id, "lost", now, changes);
  }
  if (isHandingOver(model, server, now)) return { tasks: [], repeated: 0, changes };
  const undecided = giveUpOpen(model, server, now, changes);
  const tasks: QueuedTask[] = [];
  for (const task of server.tasks) {
    if (server.tasks.orderOf(task) >= open) break;
    if (!undecided.has(task)) tasks.push(task);
  }
  if (tasks.length === 0) return { tasks: [], repeated: 0, changes };
  const repeated = begin(model, server, { id, tasks, at: now, own: true }, changes);
  if (model.shared) {
    const numbers = tasks.map(({ sequence }) => sequence);
    changes.push({ type: "handed-over", server: address, id, tasks: numbers });
  }
  return { tasks: tasks.map((queued) => JSON.parse(queued.json) as Task), repeated, handOver: id, changes };
}

/** Whether an answer with tasks is on its way to the server, so that nothing is put into another one. */
export function isHandingOver({ settings }: Model, { handOvers }: Server, now: Milliseconds): boolean {
  return handOvers.open.some(({ at }) => now - at < settings.updateInterval / 2);
}

/** Whether tasks wait for the server. */
export function hasTasks(model: Model, address: Address): boolean {
  return (model.servers.get(address)?.tasks.size ?? 0) > 0;
}

/** Whether answers of other gateways to the server are open. */
export function hasOthersHandOvers(model: Model, address: Address): boolean {
  return model.servers.get(address)?.handOvers.open.some(({ own }) => !own) === true;
}

/** Numbers of the other gateways whose answers to the server are open. */
export function othersHandingOver(model: Model, address: Address): ReadonlySet<number> {
  const open = model.servers.get(address)?.handOvers.open ?? [];
  return new Set(open.filter(({ own }) => !own).map(({ id }) => gatewayOf(id)));
}

/** A number for an answer with tasks. */
export function numberHandOver(model: Model): number {
  return ++model.handOvers;
}

/** Another gateway has put these tasks into an answer to the server. */
export function followHandOver(
  model: Model,
  { server: address, id, tasks: numbers }: Omit<ChangeOf<"handed-over">, "type">,
  now: Milliseconds,
): void {
  const server = model.servers.get(address);
  if (server === undefined) return;
  giveUpOpen(model, server, now);
  const tasks = numbers.map((number) => server.tasks.get(number)).filter((task) => task !== undefined);
  begin(model, server, { id, tasks, at: now, own: false });
}

/** Another gateway has told what became of an answer of its own. */
export function followFate(
  model: Model,
  { server: address, id, fate }: ChangeOf<"hand-over-ended">,
  now: Milliseconds,
): void {
  const server = model.servers.get(address);
  if (server !== undefined) decide(model, server, id, fate, now);
}

/**
 * Another answer goes out, so that of those whose fate is open nothing more will be known in time.
 *
 * @param changes where tasks may end by that; if absent, another gateway tells which do
 * @returns the messages that wait all the same
 */
function giveUpOpen(
  model: Model,
  server: Server,
  now: Milliseconds,
  changes?: Change[],
): ReadonlySet<QueuedTask> {
  const undecided = new Set(server.handOvers.undecided);
  for (const handOver of server.handOvers.open) {
    // Messages wait for what becomes of their answer; all else counts as handed over without proof.
    for (const task of handOver.tasks) {
      if (task.kind === "RoomSendMessage") undecided.add(task);
      else withoutProof(server, task, handOver.id, now, changes);
    }
    server.handOvers.giveUp(handOver);
    if (server.handOvers.isOpen(handOver.id) || !model.shared) continue;
    changes?.push({ type: "hand-over-ended", server: server.address, id: handOver.id, fate: "unknown" });
  }
  return undecided;
}

/** @returns how many of the tasks had been handed over before */
function begin(model: Model, server: Server, handOver: HandOver, changes?: Change[]): number {
  const repeated = server.handOvers.begin(handOver);
  if (server.handOvers.size > OPEN_HAND_OVERS) {
    const [oldest] = server.handOvers.open;
    decide(model, server, oldest!.id, "unknown", handOver.at, changes);
  }
  return repeated;
}

/** What became of an answer with tasks; each is told once, a second time means nothing. */
export function endHandOver(
  model: Model,
  address: Address,
  id: number,
  fate: Fate,
  now: Milliseconds,
): Change[] {
  const changes: Change[] = [];
  const server = model.servers.get(address);
  if (server !== undefined) decide(model, server, id, fate, now, changes);
  return changes;
}

/** @param changes where tasks may end by that; if absent, another gateway tells which do */
function decide(
  model: Model,
  server: Server,
  id: number,
  fate: Fate,
  now: Milliseconds,
  changes?: Change[],
): void {
  const handOver = server.handOvers.end(id);
  // That nothing is known of one that was given up is no news.
  const late = fate === "unknown" ? [] : server.handOvers.endGivenUp(id);
  if (handOver === undefined && late.length === 0) return;
  if (model.shared) changes?.push({ type: "hand-over-ended", server: server.address, id, fate });
  for (const task of late) {
    if (fate === "read") done(server, task, now, changes);
    else server.handOvers.notRead(task, id);
  }
  for (const task of handOver?.tasks ?? []) {
    // A message may have moved on with its group since; all else is handed over anew there.
    const holder = task.kind === "RoomSendMessage" ? holderOf(model, server, task) : server;
    holder.handOvers.decided(task);
    if (fate === "read") done(holder, task, now, changes);
    else if (fate === "unknown") withoutProof(holder, task, id, now, changes);
  }
}

/** The server in whose queue the task is now. O(servers) where it has moved. */
function holderOf(model: Model, server: Server, task: QueuedTask): Server {
  if (server.tasks.has(task)) return server;
  return waitingTask(model, task.sequence)?.server ?? server;
}

/** An answer with the task went out, and nothing will tell whether it was read. */
function withoutProof(
  server: Server,
  task: QueuedTask,
  id: number,
  now: Milliseconds,
  changes?: Change[],
): void {
  if (!server.tasks.has(task)) return;
  if (task.kind === "RoomSendMessage" || server.handOvers.isUnproven(task)) done(server, task, now, changes);
  else server.handOvers.withoutProof(task, id);
}

function done(server: Server, task: QueuedTask, now: Milliseconds, changes?: Change[]): void {
  if (!server.tasks.has(task)) return;
  if (task.kind === "RoomClose") {
    server.closing.set(scopedKey(task.room), { task, report: server.reportsAnywhere, at: now });
  }
  if (changes !== undefined) endTask(server, task, changes);
}

/** The task goes to the queue of another server; a message that may have been read waits until that is known. */
export function passOn(from: Server, to: Server, task: QueuedTask): void {
  const order = from.tasks.orderOf(task);
  from.tasks.delete(task);
  const undecided = from.handOvers.forget(task);
  to.tasks.add(task, order);
  if (undecided && task.kind === "RoomSendMessage") to.handOvers.await(task);
}

/** The task leaves whichever queue it is in. O(servers) */
export function endWaiting(model: Model, { sequence }: QueuedTask, changes: Change[]): void {
  const found = waitingTask(model, sequence);
  if (found !== undefined) endTask(found.server, found.task, changes);
}

/** The task leaves the queue. @param expired whether because its server did not fetch it in time */
export function endTask(server: Server, task: QueuedTask, changes: Change[], expired = false): void {
  if (!server.tasks.delete(task)) return;
  server.handOvers.forget(task);
  changes.push({ type: "task-ended", sequence: task.sequence, ...(expired ? { expired } : {}) });
}
