import * as fleet from "../fleet/mod.ts";
import type { Change, Member, Milliseconds, Model, Undo } from "../fleet/mod.ts";
import {
  type Committed,
  type OpenStore,
  type Safety,
  type SharedStore,
  type Store,
  StoreError,
} from "../store/port.ts";
import type { Observers } from "./observers.ts";
import { clockOffset, type Clocks, longWork, type Timers } from "./timers.ts";

/** Retry interval while the store cannot be written; longer where an attempt takes long. */
const STORE_RETRY: Milliseconds = 1000;
const RETRY_SHARE = 5;

/** While a shared store cannot be reached, so many changes are kept for it. */
const MOST_UNSENT = 100_000;

/** The wall clock was set if it differs by so much from what it was against the monotonic one. */
const CLOCK_SET: Milliseconds = 1000;

/** A group whose place is not what a call took it for: another gateway was first. */
export interface LostGroup {
  readonly namespace: string;
  readonly group: string;
}

/** A call whose changes are on their way into the store. */
interface InFlight {
  readonly changes: readonly Change[];
  /** What was lost since the call began, its own or what it relies on. */
  readonly lost: LostGroup[];
  /** Resolves when the changes are durable, or have been taken back. */
  readonly ended: Promise<unknown>;
}

/**
 * Makes the model's changes last. A call whose changes cannot be made durable is taken back; from then on nothing is
 * written, until the store takes everything as it is by then.
 */
export class Durability {
  readonly #model: Model;
  readonly #clocks: Clocks;
  readonly #timers: Timers;
  readonly #observers: Observers;
  readonly #inFlight = new Set<InFlight>();
  readonly #openStore: OpenStore;
  #store!: Store;
  /** What makes unix time of a time in the model, as what is stored has it. */
  #offset: Milliseconds;
  /** While the store cannot be written: calls off the next attempt. */
  #retry: (() => void) | undefined;
  /** While the store is offered everything: what was changed since, which it does not have. */
  #since: Change[] | undefined;
  /** Where several gateways share the store: what the store has not put into their order yet. */
  readonly #predictions = new fleet.Predictions();
  /** Whether that store cannot be reached: it says itself when it can again. */
  #away = false;
  /** Changes that it has not taken, or was not given meanwhile. */
  #unsent: Change[] = [];
  /** While the model is brought to what the store has: until then it may lack what others did. */
  #reconciling: Promise<void> | undefined;

  private constructor(
    model: Model,
    openStore: OpenStore,
    clocks: Clocks,
    timers: Timers,
    observers: Observers,
  ) {
    this.#model = model;
    this.#openStore = openStore;
    this.#clocks = clocks;
    this.#timers = timers;
    this.#observers = observers;
    this.#offset = clockOffset(clocks);
  }

  /**
   * Opens the store and takes what it has into the model.
   *
   * @throws {StoreError} where it cannot be opened or read
   */
  static async open(
    model: Model,
    openStore: OpenStore,
    clocks: Clocks,
    timers: Timers,
    observers: Observers,
    random: () => number,
  ): Promise<Durability> {
    const durability = new Durability(model, openStore, clocks, timers, observers);
    await durability.#open();
    try {
      const { shared } = durability.#store;
      model.shared = shared !== undefined;
      fleet.numberTasks(model, shared?.number ?? await gatewayNumber(durability.#store, random));
      await restore(model, durability.#store, timers, clocks);
      return durability;
    } catch (error) {
      await durability.#store.close();
      throw error;
    }
  }

  /** Whether the store can be written, as far as is known. */
  get storable(): boolean {
    return this.#retry === undefined && !this.#away;
  }

  get store(): Store {
    return this.#store;
  }

  /** The store, where other gateways share it. */
  get shared(): SharedStore | undefined {
    return this.#store.shared;
  }

  /** All gateways that share the store; of those that cannot be asked for, this one alone. */
  async gateways(): Promise<readonly Member[] | undefined> {
    const { shared } = this;
    try {
      return await shared?.gateways();
    } catch (error) {
      asStoreError(error);
      return [];
    }
  }

  /** Resolves when everything is in the model that any gateway had done before the call. @returns whether it is */
  async catchUp(): Promise<boolean> {
    await this.#reconciling;
    try {
      await this.shared?.catchUp();
      return true;
    } catch (error) {
      asStoreError(error);
      return false;
    }
  }

  /** Changes that no answer depends on: they are durable soon. */
  soon(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    if (this.shared !== undefined && (this.#away || this.#reconciling !== undefined)) this.#keep(changes);
    else if (this.#since !== undefined) this.#since.push(...changes);
    else if (this.storable) this.#write(changes);
    this.tell(changes);
  }

  /**
   * Makes the changes of a call durable, and all before them; where that fails, takes back what they are of.
   *
   * @returns the groups that were lost meanwhile; nothing where the changes are not durable
   */
  commit(
    changes: readonly Change[],
    undo: Undo,
    safety: Safety,
  ): Promise<readonly LostGroup[] | undefined> {
    if (!this.storable) {
      undo(this.#clocks.now());
      return Promise.resolve(undefined);
    }
    const lost: LostGroup[] = [];
    const ended = this.#offered(changes, safety).then((committed) => {
      this.#settle(changes, committed);
      this.#inFlight.delete(call);
      return lost;
    }, (error) => {
      // The store refuses the newest first, so that each finds what it has left.
      undo(this.#clocks.now());
      this.#dropped(changes);
      this.#inFlight.delete(call);
      if (error instanceof StoreError) return undefined;
      throw error;
    });
    const call: InFlight = { changes, lost, ended };
    this.#inFlight.add(call);
    return ended;
  }

  /** Calls that may still be refused, the oldest first. */
  get inFlight(): Iterable<Pick<InFlight, "changes" | "ended">> {
    return this.#inFlight;
  }

  /** Resolves when all changes so far are in the store, or cannot be now. */
  async written(): Promise<void> {
    if (this.storable) await this.#store.commit([], "process").catch(asStoreError);
  }

  /** Resolves when none of the calls that are on their way now may still be refused. */
  async settled(): Promise<void> {
    if (this.#inFlight.size > 0) await Promise.all(Array.from(this.#inFlight, ({ ended }) => ended));
  }

  /** The store keeps unix time: where the wall clock has been set, all that is stored is written anew. */
  followClock(): void {
    const set = clockOffset(this.#clocks) - this.#offset;
    // Not amid calls that may still be refused: they would be stored with the rest.
    if (
      this.shared !== undefined || Math.abs(set) < CLOCK_SET || this.#retry !== undefined ||
      this.#inFlight.size > 0
    ) return;
    this.#observers.tell("clockSet", set);
    this.#storeAnew().catch((error) => this.#failed(asStoreError(error)));
  }

  tell(changes: readonly Change[]): void {
    for (const change of changes) this.#observers.tell("changed", change);
  }

  async close(): Promise<void> {
    this.#retry?.();
    await this.#store.close();
  }

  /**
   * Opens the store again after it was closed, and stores everything as it is: nothing has changed since, here.
   *
   * @throws {StoreError} where another process has it
   */
  async reopen(): Promise<void> {
    await this.#open();
    this.#retry = undefined;
    const taken = this.shared === undefined ? this.#storeAnew() : this.#reconcile("told");
    await taken.catch((error) => this.#failed(asStoreError(error)));
  }

  async #open(): Promise<void> {
    this.#store = await this.#openStore({
      ...this.#clocks,
      others: (changes) => this.#others(changes),
      failed: (error) => this.#failed(error),
      astray: (lost) => this.#reconcile(lost),
    });
  }

  #write(changes: readonly Change[]): void {
    this.#offered(changes, "soon").then(
      (committed) => this.#settle(changes, committed),
      (error) => {
        asStoreError(error); // the store tells of its failure by `failed`
        if (this.shared === undefined) return;
        const { lasting, passing } = fleet.unsent(changes);
        this.#unsent.unshift(...lasting); // the newest is refused first
        this.#dropped(passing);
        if (this.#away) fleet.markUntold(this.#model, passing);
      },
    );
  }

  /** The shared store cannot be told now. */
  #keep(changes: readonly Change[]): void {
    // What changes while the model is compared with the store is told afterwards; before that, the comparison shows it.
    const { lasting, passing } = this.#reconciling === undefined
      ? fleet.unsent(changes)
      : { lasting: changes, passing: [] };
    this.#predictions.begin(lasting);
    this.#unsent.push(...lasting);
    fleet.markUntold(this.#model, passing);
    const excess = this.#unsent.splice(0, Math.max(0, this.#unsent.length - MOST_UNSENT));
    if (excess.length > 0) this.#dropped(excess);
  }

  #sendKept(): void {
    const changes = this.#unsent;
    this.#unsent = [];
    if (changes.length === 0) return;
    this.#store.commit(changes, "soon").then(
      (committed) => this.#settle(changes, committed),
      (error) => {
        asStoreError(error);
        this.#unsent.unshift(...changes);
      },
    );
  }

  /** The changes are on their way into the store. */
  #offered(changes: readonly Change[], safety: Safety): Promise<Committed> {
    if (this.shared !== undefined) this.#predictions.begin(changes);
    return this.#store.commit(changes, safety);
  }

  #settle(changes: readonly Change[], { instead, order }: Committed): void {
    fleet.settle(this.#model, changes, order);
    for (const change of instead) {
      if (change.type !== "group-placed" && change.type !== "group-released") continue;
      for (const call of this.#inFlight) call.lost.push(change);
    }
    this.#follow(this.shared === undefined ? instead : this.#predictions.end(changes, instead));
  }

  /** The store has not taken the changes. */
  #dropped(changes: readonly Change[]): void {
    if (this.shared !== undefined) this.#follow(this.#predictions.drop(changes));
  }

  #others(changes: readonly Change[]): void {
    this.#follow(this.#predictions.others(changes));
    for (const change of changes) this.#observers.tell("followed", change);
  }

  #follow(changes: readonly Change[]): void {
    if (changes.length > 0) this.soon(fleet.follow(this.#model, changes, this.#clocks.now()));
  }

  /**
   * Brings the model to what the store has, where that cannot be told change by change.
   *
   * @param lost whether others have done what was not told, or the store has lost what it had
   * @throws {StoreError}
   */
  async #reconcile(lost: "told" | "stored"): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reconciling = promise;
    try {
      const { shared } = this.#store;
      // Where another gateway came while this one was taken for dead, the number may be that one's now.
      if (shared !== undefined && shared.number !== this.#model.gateway) {
        fleet.numberTasks(this.#model, shared.number);
      }
      if (lost === "stored") await this.shared?.offer(fleet.snapshot(this.#model));
      const work = longWork(this.#timers);
      const reconciler = new fleet.Reconciler(this.#model);
      for await (const piece of this.#store.load()) {
        this.#follow(this.#predictions.others(reconciler.changesOf(piece)));
        reconciler.followed(piece);
        if (work.due) await work.letOthersPass();
      }
      const { ended, told } = reconciler.finish();
      this.#follow(this.#predictions.others(ended));
      reconciler.recount();
      if (this.#away) this.#observers.tell("storeRecovered");
      this.#away = false;
      this.soon(told);
    } finally {
      this.#reconciling = undefined;
      if (!this.#away) this.#sendKept();
      resolve();
    }
  }

  #failed(error: StoreError): void {
    if (!this.storable) return;
    this.#observers.tell("storeFailed", error);
    if (this.shared === undefined) this.#retryLater(STORE_RETRY);
    else this.#away = true;
  }

  #retryLater(wait: Milliseconds): void {
    this.#retry = this.#timers.after(wait, () => this.#recover());
  }

  async #recover(): Promise<void> {
    const start = this.#clocks.now();
    const since: Change[] = this.#since = [];
    try {
      await this.#storeAnew();
    } catch (error) {
      asStoreError(error);
      this.#retryLater(Math.max(STORE_RETRY, RETRY_SHARE * (this.#clocks.now() - start)));
      return;
    } finally {
      this.#since = undefined;
    }
    this.#retry = undefined;
    if (since.length > 0) this.#write(since);
    this.#observers.tell("storeRecovered");
  }

  /**
   * Stores everything as it is now, by the wall clock as it is now.
   *
   * @throws {StoreError}
   */
  async #storeAnew(): Promise<void> {
    const offset = clockOffset(this.#clocks);
    const settle = fleet.settleAll(this.#model);
    await this.#store.replace(fleet.snapshot(this.#model));
    settle();
    this.#offset = offset;
  }
}

/** Takes what the store has into the model, and lets others pass meanwhile, however much it is. */
async function restore(model: Model, store: Store, timers: Timers, clocks: Clocks): Promise<void> {
  const work = longWork(timers);
  const restorer = new fleet.Restorer(model, clocks.now());
  for await (const piece of store.load()) {
    restorer.take(piece);
    if (work.due) await work.letOthersPass();
  }
  for (const _ of restorer.finish(clocks.now())) if (work.due) await work.letOthersPass();
}

/** Name of the gateway's number in the store. */
const NUMBER = "gateway-number";

/** The number by which this gateway's tasks differ from those of others; made at its first start. */
async function gatewayNumber(store: Store, random: () => number): Promise<number> {
  const kept = Number(await store.value(NUMBER) ?? NaN);
  if (Number.isInteger(kept) && kept >= 0 && kept < fleet.GATEWAYS) return kept;
  const number = 1 + Math.floor(random() * (fleet.GATEWAYS - 1)); // 0 is that of the tasks before there were numbers
  await store.setValue(NUMBER, String(number)).catch(asStoreError); // it is made anew at the next start then
  return number;
}

/** @throws what is no failure of the store, but a fault in it */
function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
