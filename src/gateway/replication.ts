import * as fleet from "../fleet/mod.ts";
import type {
  Address,
  Change,
  ConnectInput,
  Explanation,
  Member,
  Milliseconds,
  Model,
} from "../fleet/mod.ts";
import type { Committed, SharedStore, Store } from "../store/port.ts";
import { slices } from "./slices.ts";
import { asStoreError, orNothing, succeeds } from "./store_error.ts";
import { longWork, type Timers } from "./timers.ts";

/** So old may be what was last heard of the other gateways. */
const FRESH: Milliseconds = 1000;

/** While the store cannot be reached, clients of known rooms are let in for so long. */
const SERVE_CUT_OFF: Milliseconds = 600_000;

/** After the store could not be reached, other gateways for which the same holds are back within this time. */
const RETURN: Milliseconds = 2000;

/** While the store cannot be reached, so many changes are kept for it. */
const MOST_UNSENT = 100_000;

/** What keeps the model with the other gateways works with. */
export interface ReplicationContext {
  readonly model: Model;
  readonly timers: Timers;
  readonly now: () => Milliseconds;
  /** Changes that no answer depends on. */
  soon(changes: readonly Change[]): void;
  /** The store has put the changes into its order. */
  settle(changes: readonly Change[], committed: Committed): void;
  /** The store can be reached again, and the model is what it has. */
  recovered(): void;
  /** The model has been compared with the store, and is what it has. */
  caughtUp(): void;
  /** The store had lost something, and has what the model knows again. */
  restored(): void;
}

/**
 * Keeps the model with what other gateways do that share the store: follows their changes, holds back those that its own
 * make void, keeps what the store is to have while it cannot be reached, and compares the model with it afterwards.
 */
export class Replication {
  readonly #context: ReplicationContext;
  #store: Store;
  #shared: SharedStore;
  /** What the store has not put into the order yet. */
  readonly #predictions = new fleet.Predictions();
  /** Changes that the store has not taken, or was not given meanwhile. */
  #unsent: Change[] = [];
  #isAway = false;
  #reconciling: Promise<void> | undefined;
  /** When the model was compared with the store last. */
  #compared: Milliseconds = -Infinity;

  constructor(context: ReplicationContext, store: Store, shared: SharedStore) {
    this.#context = context;
    this.#store = store;
    this.#shared = shared;
  }

  /** From now on it is this one, opened anew. */
  use(store: Store, shared: SharedStore): void {
    this.#store = store;
    this.#shared = shared;
  }

  /** What several gateways do with the store beside committing. */
  get shared(): SharedStore {
    return this.#shared;
  }

  /** Whether what other gateways do is not known now. */
  get isCutOff(): boolean {
    return this.#isAway || !this.isFresh;
  }

  /** Resolves when everything is in the model that any gateway had done before the call. @returns whether it is */
  async catchUp(): Promise<boolean> {
    await this.#reconciling;
    return await succeeds(this.#shared.catchUp());
  }

  /** Whether the model has what other gateways did until a moment ago. */
  get isFresh(): boolean {
    return this.#shared.silence < FRESH;
  }

  /**
   * Brings the model up to date. While that takes long, as everything is loaded, the store is asked about this client. Where the
   * store cannot be reached, clients of rooms that are known are let in all the same, for a time; what is new needs the
   * store anyway.
   *
   * @returns whether the client may be let in by what the model has
   */
  async freshen({ namespace, rooms, user }: ConnectInput): Promise<boolean> {
    if (this.#reconciling === undefined && await succeeds(this.#shared.catchUp())) return true;
    const stored = await orNothing(this.#shared.lookUp(namespace, rooms, user));
    if (stored === undefined) return this.#shared.silence < SERVE_CUT_OFF;
    const known = fleet.holder(this.#context.model, namespace, rooms[0]!);
    return !stored.banned && stored.server !== undefined && stored.server === known;
  }

  /** Whether this gateway has the right to hand tasks over to the server, by an answer of that number. */
  async mayHandOver(server: Address, id: number): Promise<boolean> {
    const { model, now } = this.#context;
    // Others that were away as well tell first what has become of what they had handed over; they count as dead until then.
    if (now() - this.#compared < RETURN && fleet.hasOthersHandOvers(model, server)) return false;
    // Tasks of its own may not have their places in the order yet.
    if (!this.#isAway) await succeeds(this.#store.commit([], "process"));
    return await orNothing(this.#shared.claimHandOver(server, id)) ?? false; // they wait for its next report
  }

  /** All gateways that share the store; nobody is known while it cannot be asked. */
  async gateways(): Promise<readonly Member[]> {
    return await orNothing(this.#shared.gateways()) ?? [];
  }

  /** Why the group is on the server, as far as that is kept; nobody knows while the store cannot be asked. */
  async explanation(namespace: string, group: string, server: Address): Promise<Explanation | undefined> {
    const explanation = await orNothing(this.#shared.explanation(namespace, group));
    return explanation?.server === server ? explanation : undefined;
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
    for (const change of lasting) this.#unsent.push(change);
    fleet.markUntold(this.#context.model, passing);
    const excess = this.#unsent.splice(0, Math.max(0, this.#unsent.length - MOST_UNSENT));
    if (excess.length > 0) this.drop(excess);
  }

  /** The store has not taken changes that no answer depends on; of several, the newest are refused first. */
  refused(changes: readonly Change[]): void {
    const { lasting, passing } = fleet.unsent(changes);
    this.#unsent = [...lasting, ...this.#unsent];
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
      const { model, recovered, caughtUp, restored } = this.#context;
      // Where another gateway came while this one was taken for dead, the number may be that one's now.
      if (this.#shared.number !== model.gateway) fleet.numberTasks(model, this.#shared.number);
      if (lost === "stored") await this.#shared.offer(fleet.snapshot(model));
      const told = await this.#compare();
      this.#compared = this.#context.now();
      caughtUp();
      if (this.#isAway) recovered();
      this.#isAway = false;
      if (lost === "stored") restored();
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
    for await (const piece of this.#store.load()) {
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
    for (const slice of slices(changes)) {
      this.#store.commit(slice, "soon").then(
        (committed) => this.#context.settle(slice, committed),
        (error) => {
          asStoreError(error);
          this.#unsent = [...slice, ...this.#unsent];
        },
      );
    }
  }
}
