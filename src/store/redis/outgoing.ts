import { setImmediate } from "node:timers";
import type { Change } from "../../fleet/mod.ts";
import type { Committed, Safety, StoreError } from "../port.ts";
import { DEADLINE } from "./connection.ts";
import { afterAll } from "./deadline.ts";

/**
 * Changes that are only to be durable soon wait this long for others, in milliseconds; those of reports, of which the next comes
 * only in seconds, for longer.
 */
const SEND_AFTER = 5;
const SEND_REPORTS_AFTER = 45;

/**
 * A commit that Redis has is waited for so much longer, as long as the gateway is told of what came before it: much may have
 * gathered while everything was loaded. In milliseconds; and the interval at which that is looked at.
 */
const PATIENCE = 5000;
const MOMENT = 50;

/** Changes that make a batch full. A commit is never divided: one that has more is a batch of its own. */
const FULL = 1000;

/** A commit that has not been answered yet. */
interface Waiting {
  readonly changes: readonly Change[];
  readonly safety: Safety;
  /** When it is given up, unless it is known to come. */
  deadline: number;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: Error) => void;
  committed?: Committed;
}

/** Commits that are sent as one, and have one place in the order. */
export interface Batch {
  /** Tells it from all others. */
  readonly request: string;
  readonly commits: readonly Waiting[];
  /** Whether Redis has it: true, or false where the commits were rejected. */
  readonly accepted: Promise<boolean>;
}

/** What sends a batch. */
export interface Sender {
  /** What is to be told of each commit. @throws {StoreError} */
  send(
    request: string,
    commits: readonly (readonly Change[])[],
    safety: Safety,
  ): Promise<readonly Committed[]>;
  /** Whether what Redis has is being told, so that commits which it has come to their place. */
  isTelling(): boolean;
  /** Told that the oldest commit has not been answered in time: all are to be rejected. */
  late(): void;
}

/**
 * The commits of this gateway on their way. Those of one turn of the event loop are sent as one batch; while one is
 * outstanding, more gather. Each is answered when the follower comes to its place in the log; if one fails, all that came
 * after it do as well.
 */
export class Outgoing {
  readonly #sender: Sender;
  readonly #newRequest: () => string;
  /** Not sent yet. */
  #queue: Waiting[] = [];
  /** Changes in it. */
  #queued = 0;
  /** Sent, and their place not come to yet; oldest first. */
  readonly #sent = new Map<string, Batch & { readonly settle: (accepted: boolean) => void }>();
  #sending = false;
  #held = false;
  /** Whether what is queued is to go as soon as it can. */
  #hurry = false;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When that is due. */
  #due = Infinity;
  /** Calls off the look at the oldest. */
  #watch: (() => void) | undefined;
  /** The newest commit; those before it are answered or rejected before it is. */
  #newest: Promise<unknown> = Promise.resolve();

  /** @param newRequest an id that no request has had */
  constructor(sender: Sender, newRequest: () => string) {
    this.#sender = sender;
    this.#newRequest = newRequest;
  }

  commit(changes: readonly Change[], safety: Safety): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    this.#queue.push({ changes, safety, deadline: performance.now() + DEADLINE, resolve, reject });
    this.#queued += changes.length;
    if (safety !== "soon" || this.#queued >= FULL) this.#flushSoon();
    else this.#flushWithin(waitFor(changes));
    this.#watchOldest();
    this.#newest = promise.catch(() => {});
    return promise;
  }

  /** The batch of this request, if it has not been rejected. */
  batch(request: string): Batch | undefined {
    return this.#sent.get(request);
  }

  /** Answers the commits of a batch that was accepted: its place has come. */
  answer(batch: Batch): void {
    this.#sent.delete(batch.request);
    for (const { resolve, committed } of batch.commits) if (committed !== undefined) resolve(committed);
    const next = this.#oldest();
    // One after the other comes: however many there are, none is late.
    if (next !== undefined) {
      return void (next.deadline = Math.max(next.deadline, performance.now() + DEADLINE));
    }
    this.#watch?.();
    this.#watch = undefined;
  }

  /** Rejects all that is on its way, the newest first, so that each caller can take its own back from what the next has left. */
  fail(error: Error): void {
    const batches = [...this.#sent.values()];
    const commits = [...batches.flatMap(({ commits }) => commits), ...this.#queue];
    this.#sent.clear();
    this.#queue = [];
    this.#queued = 0;
    this.#hurry = false;
    this.#clearTimer();
    this.#watch?.();
    this.#watch = undefined;
    for (const { reject } of commits.toReversed()) reject(error);
    for (const { settle } of batches) settle(false);
  }

  /** From now on nothing is sent; what is on its way is rejected. */
  hold(error: StoreError): void {
    this.fail(error);
    this.#held = true;
  }

  /** Sends what has gathered, as if it had been committed now. */
  release(): void {
    this.#held = false;
    for (const commit of this.#queue) commit.deadline = performance.now() + DEADLINE;
    this.#watchOldest();
    if (this.#queue.length > 0) this.#flushSoon();
  }

  /** Resolves when all that was committed before has been answered or rejected. */
  async flush(): Promise<void> {
    if (this.#queue.length > 0) this.#flushSoon();
    await this.#newest;
  }

  #flushWithin(wait: number): void {
    const due = performance.now() + wait;
    if (due >= this.#due) return;
    this.#clearTimer();
    this.#due = due;
    this.#timer = setTimeout(() => this.#flushSoon(), wait);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  /** What this turn of the event loop still commits goes along. */
  #flushSoon(): void {
    this.#clearTimer();
    this.#hurry = true;
    if (this.#scheduled || this.#sending) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  async #send(): Promise<void> {
    if (this.#held || this.#sending || !this.#hurry || this.#queue.length === 0) return;
    const commits = this.#take();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const request = this.#newRequest();
    this.#sent.set(request, { request, commits, accepted: promise, settle: resolve });
    const safety = commits.some(({ safety }) => safety === "power") ? "power" : "process";
    this.#sending = true;
    try {
      const committed = await this.#sender.send(request, commits.map(({ changes }) => changes), safety);
      commits.forEach((commit, i) => {
        const its = committed[i];
        if (its !== undefined) commit.committed = its;
      });
      resolve(true);
    } catch (error) {
      // Whatever it is, nobody waits for ever.
      if (this.#sent.has(request)) {
        this.fail(
          error instanceof Error ? error : new Error(String(error), { cause: error }),
        );
      }
    } finally {
      this.#sending = false;
      this.#send();
    }
  }

  /** The oldest of those that wait: as many as make a batch. */
  #take(): Waiting[] {
    let changes = 0;
    let commits = 0;
    for (const commit of this.#queue) {
      if (commits > 0 && changes + commit.changes.length > FULL) break;
      changes += commit.changes.length;
      commits++;
    }
    this.#queued -= changes;
    const taken = this.#queue.splice(0, commits);
    this.#hurry = this.#queue.some(({ safety }) => safety !== "soon") || this.#queued >= FULL;
    if (!this.#hurry && this.#queue.length > 0) {
      this.#flushWithin(SEND_AFTER);
    }
    return taken;
  }

  #watchOldest(): void {
    if (this.#watch !== undefined || this.#held) return;
    const oldest = this.#oldest();
    if (oldest === undefined) return;
    const wait = oldest.deadline - performance.now();
    this.#watch = afterAll(Math.max(MOMENT, wait), () => {
      this.#watch = undefined;
      if (this.#oldest() !== oldest) return this.#watchOldest();
      const isComing = oldest.committed !== undefined && this.#sender.isTelling();
      if (isComing && performance.now() < oldest.deadline + PATIENCE) return this.#watchOldest();
      this.#sender.late();
    });
  }

  #oldest(): Waiting | undefined {
    const [batch] = this.#sent.values();
    return batch?.commits[0] ?? this.#queue[0];
  }
}

function waitFor(changes: readonly Change[]): number {
  return changes.some(({ type }) => type === "server-reported") ? SEND_REPORTS_AFTER : SEND_AFTER;
}
