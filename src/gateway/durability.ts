import * as fleet from "../fleet/mod.ts";
import type { Change, Milliseconds, Model, Placement, Undo } from "../fleet/mod.ts";
import { SlicedWork } from "../sliced_work.ts";
import { type Committed, type OpenStore, type Safety, type Store, StoreError } from "../store/port.ts";
import type { Observers } from "./observers.ts";
import { clockOffset, type Clocks, type Timers } from "./timers.ts";

/** Retry interval while the store cannot be written; longer where an attempt takes long. */
const STORE_RETRY: Milliseconds = 1000;
const RETRY_SHARE = 5;

/** The wall clock was set if it differs by so much from what it was against the monotonic one. */
const CLOCK_SET: Milliseconds = 1000;

/** A call whose changes are on their way into the store. */
interface InFlight {
  readonly changes: readonly Change[];
  /** Claims that were lost since the call began, its own or one that it relies on. */
  readonly lost: Placement[];
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
      fleet.numberTasks(model, await gatewayNumber(durability.#store, random));
      await restore(model, durability.#store, clocks);
      return durability;
    } catch (error) {
      await durability.#store.close();
      throw error;
    }
  }

  /** Whether the store can be written, as far as is known. */
  get storable(): boolean {
    return this.#retry === undefined;
  }

  get store(): Store {
    return this.#store;
  }

  /** Changes that no answer depends on: they are durable soon. */
  soon(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    if (this.#since !== undefined) this.#since.push(...changes);
    else if (this.#retry === undefined) this.#write(changes);
    this.tell(changes);
  }

  /**
   * Makes the changes of a call durable, and all before them; where that fails, takes back what they are of.
   *
   * @returns the claims that were lost meanwhile, to whom; nothing where the changes are not durable
   */
  commit(
    changes: readonly Change[],
    undo: Undo,
    safety: Safety,
  ): Promise<readonly Placement[] | undefined> {
    if (this.#retry !== undefined) {
      undo(this.#clocks.now());
      return Promise.resolve(undefined);
    }
    const lost: Placement[] = [];
    const ended = this.#store.commit(changes, safety).then((committed) => {
      this.#settle(changes, committed);
      this.#inFlight.delete(call);
      return lost;
    }, (error) => {
      // The store refuses the newest first, so that each finds what it has left.
      undo(this.#clocks.now());
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

  /** Resolves when none of the calls that are on their way now may still be refused. */
  async settled(): Promise<void> {
    if (this.#inFlight.size > 0) await Promise.all(Array.from(this.#inFlight, ({ ended }) => ended));
  }

  /** The store keeps unix time: where the wall clock has been set, all that is stored is written anew. */
  followClock(): void {
    const set = clockOffset(this.#clocks) - this.#offset;
    // Not amid calls that may still be refused: they would be stored with the rest.
    if (Math.abs(set) < CLOCK_SET || this.#retry !== undefined || this.#inFlight.size > 0) return;
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
    await this.#storeAnew().catch((error) => this.#failed(asStoreError(error)));
  }

  async #open(): Promise<void> {
    this.#store = await this.#openStore({
      ...this.#clocks,
      others: (changes) => this.#follow(changes),
      failed: (error) => this.#failed(error),
    });
  }

  #write(changes: readonly Change[]): void {
    this.#store.commit(changes, "soon").then(
      (committed) => this.#settle(changes, committed),
      asStoreError, // the store tells of its failure by `failed`
    );
  }

  #settle(changes: readonly Change[], { lost }: Committed): void {
    for (const placement of lost) fleet.acceptOverride(this.#model, placement);
    fleet.settle(this.#model, changes);
    if (lost.length === 0) return;
    for (const call of this.#inFlight) call.lost.push(...lost);
  }

  #follow(changes: readonly Change[]): void {
    fleet.follow(this.#model, changes, this.#clocks.now());
    this.tell(changes);
  }

  #failed(error: StoreError): void {
    if (this.#retry !== undefined) return;
    this.#observers.tell("storeFailed", error);
    this.#retryLater(STORE_RETRY);
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
async function restore(model: Model, store: Store, clocks: Clocks): Promise<void> {
  const work = new SlicedWork();
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
