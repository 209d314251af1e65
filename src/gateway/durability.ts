import * as fleet from "../fleet/mod.ts";
import type { Change, Milliseconds, Model, Undo } from "../fleet/mod.ts";
import { type Committed, type OpenStore, type Safety, type Store, StoreError } from "../store/port.ts";
import type { Observers } from "./observers.ts";
import { Replication } from "./replication.ts";
import { slices } from "./slices.ts";
import { asStoreError } from "./store_error.ts";
import { clockOffset, type Clocks, longWork, type Timers } from "./timers.ts";

/** Retry interval while the store cannot be written; longer where an attempt takes long. */
const STORE_RETRY: Milliseconds = 1000;
const RETRY_SHARE = 5;

/** Grants that other gateways are to hear of gather for so long: what one costs by itself is shared by all of them. */
const GRANTS_GATHER: Milliseconds = 40;

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
  /** Where several gateways share the store. */
  #replication: Replication | undefined;
  /** What other gateways are to hear of clients that were let in, and the store was not given yet. */
  #grants: Change[] = [];

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
    return this.#retry === undefined && this.#replication?.isAway !== true;
  }

  get store(): Store {
    return this.#store;
  }

  /** What is done together with the other gateways that share the store; nothing where there are none. */
  get replication(): Replication | undefined {
    return this.#replication;
  }

  /** Changes that no answer depends on: they are durable soon. */
  soon(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.soonUntold(changes);
    this.tell(changes);
  }

  /** The same of what takes back changes that nobody but the store was told of. */
  soonUntold(changes: readonly Change[]): void {
    this.giveGrants();
    this.#give(changes);
  }

  /** What other gateways are to hear of a client that was let in: like {@link soon}, together with that of others. */
  soonWithOthers(grants: readonly Change[]): void {
    if (this.#grants.length === 0) this.#timers.after(GRANTS_GATHER, () => this.giveGrants());
    this.#grants.push(...grants);
    this.tell(grants);
  }

  /**
   * Hands over what was gathered by {@link soonWithOthers}: before all that comes after it, before the store is asked for
   * it, and before the model follows others, as a grant may be over by that.
   */
  giveGrants(): void {
    if (this.#grants.length === 0) return;
    const grants = this.#grants;
    this.#grants = [];
    this.#give(grants);
  }

  /**
   * Makes the changes of a call durable, and all before them; where that fails, takes back what they are of. Where several
   * gateways share the store, changes may hold that would not survive loss of power.
   *
   * @returns the groups that were lost meanwhile; nothing where the changes are not as durable as they are to be
   */
  commit(
    changes: readonly Change[],
    undo: Undo,
    safety: Safety,
  ): Promise<readonly LostGroup[] | undefined> {
    this.giveGrants();
    if (!this.storable) {
      undo(this.#clocks.now());
      return Promise.resolve(undefined);
    }
    const lost: LostGroup[] = [];
    let unsafe: Committed["unsafe"];
    const ended = this.#offered(changes, safety).then((committed) => {
      if (safety === "power") unsafe = committed.unsafe;
      this.#settle(changes, committed);
      this.#inFlight.delete(call);
      return lost;
    }, (error) => {
      // The store refuses the newest first, so that each finds what it has left.
      undo(this.#clocks.now());
      this.#replication?.drop(changes);
      this.#inFlight.delete(call);
      if (error instanceof StoreError) return undefined;
      throw error;
    });
    const call: InFlight = { changes, lost, ended };
    this.#inFlight.add(call);
    return ended.then(async (lost) => {
      const reason = await unsafe;
      if (reason === undefined) return lost;
      this.#observers.tell("heldUnsafe", reason);
      return undefined;
    });
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
    if (
      this.#replication !== undefined || Math.abs(set) < CLOCK_SET || this.#retry !== undefined ||
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
    this.giveGrants();
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
    const taken = this.#replication?.reconcile("told") ?? this.#storeAnew();
    await taken.catch((error) => this.#failed(asStoreError(error)));
  }

  async #open(): Promise<void> {
    this.#store = await this.#openStore({
      ...this.#clocks,
      others: (changes) => {
        this.giveGrants();
        this.#replication?.others(changes);
        for (const change of changes) this.#observers.tell("followed", change);
      },
      failed: (error) => this.#failed(error),
      failsStill: (error) => this.#observers.tell("storeFailsStill", error),
      astray: (lost) => {
        this.giveGrants();
        return this.#replication?.reconcile(lost) ?? Promise.resolve();
      },
    });
    const { shared } = this.#store;
    if (shared === undefined) return;
    if (this.#replication !== undefined) return this.#replication.use(this.#store, shared);
    const context = {
      model: this.#model,
      timers: this.#timers,
      now: this.#clocks.now,
      soon: (changes: readonly Change[]) => this.soon(changes),
      settle: (changes: readonly Change[], committed: Committed) => this.#settle(changes, committed),
      recovered: () => this.#observers.tell("storeRecovered"),
      caughtUp: () => this.#observers.tell("caughtUp"),
      restored: () => this.#observers.tell("storeLost"),
    };
    this.#replication = new Replication(context, this.#store, shared);
  }

  /** Gives the store what it is to have soon, or keeps it where the store cannot be told now. */
  #give(changes: readonly Change[]): void {
    if (this.#replication?.keeps) this.#replication.keep(changes);
    else if (this.#since !== undefined) { for (const change of changes) this.#since.push(change); }
    else if (this.storable) this.#write(changes);
  }

  #write(changes: readonly Change[]): void {
    for (const slice of slices(changes)) {
      this.#offered(slice, "soon").then(
        (committed) => this.#settle(slice, committed),
        (error) => {
          asStoreError(error); // the store tells of its failure by `failed`
          this.#replication?.refused(slice);
        },
      );
    }
  }

  /** The changes are on their way into the store. */
  #offered(changes: readonly Change[], safety: Safety): Promise<Committed> {
    this.#replication?.begin(changes);
    return this.#store.commit(changes, safety);
  }

  #settle(changes: readonly Change[], { instead, order }: Committed): void {
    if (instead.length > 0) this.giveGrants();
    fleet.settle(this.#model, changes, order);
    for (const change of instead) {
      if (change.type !== "group-placed" && change.type !== "group-released") continue;
      for (const call of this.#inFlight) call.lost.push(change);
    }
    if (this.#replication !== undefined) this.#replication.end(changes, instead);
    else this.soon(fleet.follow(this.#model, instead, this.#clocks.now()));
  }

  #failed(error: StoreError): void {
    if (!this.storable) return;
    this.#observers.tell("storeFailed", error);
    if (this.#replication === undefined) this.#retryLater(STORE_RETRY);
    else this.#replication.failed();
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
