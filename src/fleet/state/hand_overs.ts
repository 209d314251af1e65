import type { HandOver, QueuedTask } from "../task.ts";

/** Answers of one server whose fate may be open at a time, and as many that were given up; of older ones nothing will be known. */
export const OPEN_HAND_OVERS = 8;

/**
 * How far the waiting tasks of a server have come: waiting; handed over with an answer of which it is not known whether the
 * server has read it; or handed over once without proof, to be handed over once more. What ends, or moves to another server, leaves all of
 * these; a message that moves while its fate is open is not handed over before that is known.
 */
export class HandOvers {
  /** Answers whose fate is open, by their number, oldest first. */
  readonly #open = new Map<number, HandOver>();
  /** Answers that were given up, by their number, oldest first: the tasks that count as handed over without proof by it. */
  readonly #givenUp = new Map<number, readonly QueuedTask[]>();
  /** Tasks that were handed over once without proof, with the number of the answer. */
  readonly #unproven = new Map<QueuedTask, number>();
  /** Messages that came with their group from a server of which it is not known whether it has read them. */
  readonly #undecided = new Set<QueuedTask>();
  /** Tasks that were handed over at least once since the start, so that repetitions can be counted. */
  readonly #handedOver = new WeakSet<QueuedTask>();

  /** Answers whose fate is open, oldest first. */
  get open(): readonly HandOver[] {
    return [...this.#open.values()];
  }

  get size(): number {
    return this.#open.size;
  }

  /** An answer with these tasks goes out. @returns how many of them had been handed over before */
  begin(handOver: HandOver): number {
    const repeated = handOver.tasks.filter((task) => this.#handedOver.has(task)).length;
    for (const task of handOver.tasks) this.#handedOver.add(task);
    this.#open.set(handOver.id, handOver);
    return repeated;
  }

  /** Only its messages wait for what becomes of the answer any more; what is told too late still counts for the rest. */
  giveUp(handOver: HandOver): void {
    const { message: messages = [], other: others = [] } = Object.groupBy(
      handOver.tasks,
      ({ kind }) => kind === "RoomSendMessage" ? "message" : "other",
    );
    if (messages.length === 0) this.#open.delete(handOver.id);
    else this.#open.set(handOver.id, { ...handOver, tasks: messages });
    if (others.length === 0) return;
    this.#givenUp.set(handOver.id, others);
    if (this.#givenUp.size > OPEN_HAND_OVERS) this.#givenUp.delete(this.#givenUp.keys().next().value!);
  }

  /** What became of an answer that was given up. @returns its tasks */
  endGivenUp(id: number): readonly QueuedTask[] {
    const tasks = this.#givenUp.get(id) ?? [];
    this.#givenUp.delete(id);
    return tasks;
  }

  /** Whether it is open what became of the answer. */
  isOpen(id: number): boolean {
    return this.#open.has(id);
  }

  /** The fate of an answer is known. @returns the answer, if it was open */
  end(id: number): HandOver | undefined {
    const handOver = this.#open.get(id);
    this.#open.delete(id);
    return handOver;
  }

  /** How far a waiting task has come. */
  stateOf(task: QueuedTask): "waiting" | "handed over" | "unproven" {
    if (this.#unproven.has(task)) return "unproven";
    return this.#isOpen(task) ? "handed over" : "waiting";
  }

  /** Whether the task was handed over once without proof. */
  isUnproven(task: QueuedTask): boolean {
    return this.#unproven.has(task);
  }

  /** The task was handed over by that answer, and nothing will tell whether it was read. */
  withoutProof(task: QueuedTask, id: number): void {
    this.#unproven.set(task, id);
  }

  /** It was not read after all: by that answer the task does not count as handed over. */
  notRead(task: QueuedTask, id: number): void {
    if (this.#unproven.get(task) === id) this.#unproven.delete(task);
  }

  /** Messages of which another server is still to tell whether it has read them. */
  get undecided(): ReadonlySet<QueuedTask> {
    return this.#undecided;
  }

  /** Another server is still to tell whether it has read the message. */
  await(message: QueuedTask): void {
    this.#undecided.add(message);
  }

  /** That server has told. */
  decided(message: QueuedTask): void {
    this.#undecided.delete(message);
  }

  /** The task is over, or its server is another one now. @returns whether its fate is open */
  forget(task: QueuedTask): boolean {
    this.#unproven.delete(task);
    const undecided = this.#undecided.delete(task);
    return undecided || this.#isOpen(task);
  }

  /** Whether an answer with the task is on its way, or was, and its fate is not known. */
  #isOpen(task: QueuedTask): boolean {
    return this.#open.values().some(({ tasks }) => tasks.includes(task));
  }
}
