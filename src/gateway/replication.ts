import * as fleet from "../fleet/mod.ts";
import type { Change, Milliseconds, Model } from "../fleet/mod.ts";
import type { Committed, Store } from "../store/port.ts";
import { asStoreError } from "./store_error.ts";
import { longWork, type Timers } from "./timers.ts";

/** While the store cannot be reached, so many changes are kept for it. */
const MOST_UNSENT = 100_000;

/** What keeps the model with the other gateways works with. */
export interface ReplicationContext {
  readonly model: Model;
  readonly timers: Timers;
  readonly now: () => Milliseconds;
  readonly store: () => Store;
  /** Changes that no answer depends on. */
  soon(changes: readonly Change[]): void;
  /** The store has put the changes into its order. */
  settle(changes: readonly Change[], committed: Committed): void;
  /** The store can be reached again, and the model is what it has. */
  recovered(): void;
}

/**
 * Keeps the model with what other gateways do that share the store: follows their changes, holds back those that its own
 * make void, keeps what the store is to have while it cannot be reached, and compares the model with it afterwards.
 */
export class Replication {
  readonly #context: ReplicationContext;
  /** What the store has not put into the order yet. */
  readonly #predictions = new fleet.Predictions();
  /** Changes that the store has not taken, or was not given meanwhile. */
  #unsent: Change[] = [];
  #isAway = false;
  #reconciling: Promise<void> | undefined;

  constructor(context: ReplicationContext) {
    this.#context = context;
  }

  /** Whether the store cannot be reached: it says itself when it can again. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** While the model is brought to what the store has: until then it may lack what others did. */
  get reconciling(): Promise<void> | undefined {
    return this.#reconciling;
  }

  /** Whether the store cannot be told now what has changed: it is to be kept. */
  get keeps(): boolean {
    return this.#isAway || this.#reconciling !== undefined;
  }

  /** The store has failed. */
  failed(): void {
    this.#isAway = true;
  }

  /** The changes are on their way into the store. */
  begin(changes: readonly Change[]): void {
    this.#predictions.begin(changes);
  }

  /** The store has put the changes into the order. @param instead what it says in place of those that it refused */
  end(changes: readonly Change[], instead: readonly Change[]): void {
    this.#follow(this.#predictions.end(changes, instead));
  }

  /** The store will never have the changes. */
  drop(changes: readonly Change[]): void {
    this.#follow(this.#predictions.drop(changes));
  }

  /** Another gateway has made these changes. */
  others(changes: readonly Change[]): void {
    this.#follow(this.#predictions.others(changes));
  }

  /** The store cannot be told of these changes now. */
  keep(changes: readonly Change[]): void {
    // What changes while the model is compared with the store is told afterwards; before that, the comparison shows it.
    const { lasting, passing } = this.#reconciling === undefined
      ? fleet.unsent(changes)
      : { lasting: changes, passing: [] };
    this.#predictions.begin(lasting);
    this.#unsent.push(...lasting);
    fleet.markUntold(this.#context.model, passing);
    const excess = this.#unsent.splice(0, Math.max(0, this.#unsent.length - MOST_UNSENT));
    if (excess.length > 0) this.drop(excess);
  }

  /** The store has not taken changes that no answer depends on; of several, the newest are refused first. */
  refused(changes: readonly Change[]): void {
    const { lasting, passing } = fleet.unsent(changes);
    this.#unsent.unshift(...lasting);
    this.drop(passing);
    if (this.#isAway) fleet.markUntold(this.#context.model, passing);
  }

  /**
   * Brings the model to what the store has, where that cannot be told change by change.
   *
   * @param lost whether others have done what was not told, or the store has lost what it had
   * @throws {StoreError}
   */
  async reconcile(lost: "told" | "stored"): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reconciling = promise;
    try {
      const { model, store, recovered } = this.#context;
      const { shared } = store();
      // Where another gateway came while this one was taken for dead, the number may be that one's now.
      if (shared !== undefined && shared.number !== model.gateway) fleet.numberTasks(model, shared.number);
      if (lost === "stored") await shared?.offer(fleet.snapshot(model));
      const told = await this.#compare();
      if (this.#isAway) recovered();
      this.#isAway = false;
      this.#context.soon(told);
    } finally {
      this.#reconciling = undefined;
      if (!this.#isAway) this.#sendUnsent();
      resolve();
    }
  }

  /** @returns what the store is to be told */
  async #compare(): Promise<readonly Change[]> {
    const work = longWork(this.#context.timers);
    const reconciler = new fleet.Reconciler(this.#context.model);
    for await (const piece of this.#context.store().load()) {
      this.others(reconciler.changesOf(piece));
      reconciler.followed(piece);
      if (work.due) await work.letOthersPass();
    }
    const { ended, told } = reconciler.finish();
    this.others(ended);
    reconciler.recount();
    return told;
  }

  #follow(changes: readonly Change[]): void {
    const { model, now, soon } = this.#context;
    if (changes.length > 0) soon(fleet.follow(model, changes, now()));
  }

  #sendUnsent(): void {
    const changes = this.#unsent;
    this.#unsent = [];
    if (changes.length === 0) return;
    this.#context.store().commit(changes, "soon").then(
      (committed) => this.#context.settle(changes, committed),
      (error) => {
        asStoreError(error);
        this.#unsent.unshift(...changes);
      },
    );
  }
}
