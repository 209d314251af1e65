import type {
  Address,
  Change,
  Count,
  Explanation,
  Licence,
  Member,
  Milliseconds,
  Snapshot,
  SnapshotPiece,
} from "../../fleet/mod.ts";
import {
  type Committed,
  type Edition,
  type Safety,
  type SharedStore,
  type Store,
  type StoredPlace,
  StoreError,
  type StoreOptions,
} from "../port.ts";
import { inPieces } from "../pieces.ts";
import { shifted, shiftedChange } from "../shifted.ts";
import type { Entry, SharedLog } from "./shared_log.ts";

/** How a store in memory behaves, whenever a simulation or a test wants it otherwise. */
export interface Manner {
  /** Whether the store cannot be reached now. */
  readonly isAway: () => boolean;
  /** How long it takes until a gateway is told what has been written. */
  readonly lag: () => Milliseconds;
  /** Does it later. @returns to be called to call it off */
  readonly after: (wait: Milliseconds, act: () => void) => () => void;
  /** For how long a gateway that hands tasks over has the right to. */
  readonly handOverFor: Milliseconds;
}

/** How often a gateway says that it lives, and whether the store can be reached again is looked at. */
const BEAT: Milliseconds = 250;

/** Changes that are only to be durable soon are written after so long. */
const WRITE_AFTER: Milliseconds = 20;

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: StoreError) => void;
}

/** Something to be told in its turn. */
interface Coming {
  readonly tell: () => void;
  /** Everything is loaded instead. */
  readonly drop: () => void;
}

/** One of several gateways' ways into a log in memory. Nothing survives the process. */
export class MemoryStore implements Store, SharedStore {
  readonly #log: SharedLog;
  readonly #options: StoreOptions;
  readonly #manner: Manner;
  #number: number;
  #missing: number;
  #waiting: Waiting[] = [];
  #writing: (() => void) | undefined;
  /** Own commits that are in the order, and their gateway has not been told. */
  #written: Waiting[] = [];
  /** What is in the order and has not been told yet, oldest first. */
  #coming: Coming[] = [];
  #answered: Milliseconds;
  #failed = false;
  /** When it last began to come back, or had come back, on the caller's clock. */
  returned: Milliseconds = -Infinity;
  #astray = false;
  #closed = false;

  constructor(log: SharedLog, options: StoreOptions, manner: Manner) {
    this.#log = log;
    this.#options = options;
    this.#manner = manner;
    this.#missing = log.missing;
    this.#number = this.#join();
    this.#answered = options.now();
    this.#beat();
  }

  get shared(): SharedStore {
    return this;
  }

  get missing(): number {
    return this.#missing;
  }

  get number(): number {
    return this.#number;
  }

  get silence(): Milliseconds {
    return this.#options.now() - this.#answered;
  }

  /** The process ends here and now. */
  kill(): void {
    this.#closed = true;
    this.#log.leave(this.#number);
  }

  async *load(): AsyncIterable<SnapshotPiece> {
    this.#dropAll();
    yield* inPieces(shifted(this.#log.tables.snapshot(), -this.#offset()));
    yield { handOvers: this.#log.tables.handOvers };
  }

  commit(changes: readonly Change[], safety: Safety): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    this.#waiting.push({ changes, resolve, reject });
    if (safety === "soon") this.#writing ??= this.#later(WRITE_AFTER, () => this.#flush());
    else {
      this.#writing?.();
      this.#writing = this.#later(0, () => this.#flush());
    }
    return promise;
  }

  replace(): Promise<void> {
    return Promise.reject(new StoreError("several gateways share it: none of them replaces it"));
  }

  value(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#log.values.get(name)?.text);
  }

  setValue(name: string, value: string): Promise<void> {
    this.#log.values.set(name, { text: value, made: 0 });
    return Promise.resolve();
  }

  get unixTime(): Milliseconds {
    return this.#log.now();
  }

  get clockDifference(): Milliseconds {
    return this.#options.unixTime() - this.unixTime;
  }

  newest(name: string, than: Milliseconds): Promise<Edition | undefined> {
    if (this.#manner.isAway()) return Promise.reject(away());
    const kept = this.#log.values.get(name);
    return Promise.resolve(kept !== undefined && kept.made > than ? kept : undefined);
  }

  keepNewest(name: string, edition: Edition): Promise<"put in" | "there" | "outdated"> {
    if (this.#manner.isAway()) return Promise.reject(away());
    const kept = this.#log.values.get(name)?.made ?? -1;
    if (kept >= edition.made) return Promise.resolve(kept > edition.made ? "outdated" : "there");
    this.#log.values.set(name, edition);
    return Promise.resolve("put in");
  }

  close(): Promise<void> {
    if (!this.#closed) this.#flush();
    this.#dropAll();
    this.kill();
    return Promise.resolve();
  }

  catchUp(): Promise<void> {
    if (this.#manner.isAway() || this.#astray) return Promise.reject(away());
    this.#beatNow();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#tellLater({ tell: resolve, drop: () => reject(away()) });
    return promise;
  }

  lookUp(namespace: string, rooms: readonly string[], user: string): Promise<StoredPlace> {
    if (this.#manner.isAway()) return Promise.reject(away());
    const now = this.#options.now() + this.#offset();
    return Promise.resolve(this.#log.tables.lookUp(namespace, rooms, user, now));
  }

  offer(snapshot: Snapshot): Promise<void> {
    if (this.#manner.isAway()) return Promise.reject(away());
    this.#log.offer(shifted(snapshot, this.#offset()));
    return Promise.resolve();
  }

  claimHandOver(server: Address, id: number): Promise<boolean> {
    if (this.#manner.isAway()) return Promise.reject(away());
    return Promise.resolve(this.#log.claimHandOver(server, this.#number, id, this.#manner.handOverFor));
  }

  async share(
    customer: string,
    wanted: Readonly<Count>,
    licence: Licence,
    reported: () => Readonly<Count>,
    lifetime: Milliseconds,
  ): Promise<Count> {
    if (this.#waiting.length > 0) this.#flush();
    await this.catchUp(); // so that what others gave back is in what is reported
    return this.#log.share(customer, this.#number, wanted, licence, reported(), lifetime);
  }

  lead(name: string, lifetime: Milliseconds, takes: boolean): Promise<boolean> {
    if (this.#manner.isAway()) return Promise.reject(away());
    return Promise.resolve(this.#log.lead(name, this.#number, lifetime, takes));
  }

  resign(name: string): Promise<void> {
    if (this.#manner.isAway()) return Promise.reject(away());
    this.#log.resign(name, this.#number);
    return Promise.resolve();
  }

  explanation(namespace: string, group: string): Promise<Explanation | undefined> {
    if (this.#waiting.length > 0) this.#flush();
    if (this.#manner.isAway()) return Promise.reject(away());
    const explanation = this.#log.tables.explanation(namespace, group);
    return Promise.resolve(explanation && { ...explanation, at: explanation.at - this.#offset() });
  }

  gateways(): Promise<readonly Member[]> {
    if (this.#manner.isAway()) return Promise.reject(away());
    this.#missing = this.#log.missing;
    return Promise.resolve(
      this.#log.living.map((number) => ({
        ...{ number, version: "", position: 0, lag: 0 },
        self: number === this.#number,
      })),
    );
  }

  #join(): number {
    return this.#log.join((entry, isOwn) => this.#read(entry, isOwn));
  }

  #read(entry: Entry, isOwn: boolean): void {
    const { accepted, instead, order } = entry;
    const moved = (changes: readonly Change[]) => changes.map((each) => shiftedChange(each, -this.#offset()));
    const own = isOwn ? this.#written.shift() : undefined;
    if (own !== undefined) {
      const tell = () => own.resolve({ instead: moved(instead), order });
      this.#tellLater({ tell, drop: tell }); // it is in what is loaded
    } else if (accepted.length > 0) {
      this.#tellLater({ tell: () => this.#options.others(moved(accepted)), drop: () => {} });
    }
  }

  #tellLater(coming: Coming): void {
    this.#coming.push(coming);
    // Whichever wait is over first, the oldest comes: order holds.
    this.#later(this.#manner.lag(), () => {
      if (!this.#astray) this.#tellNext();
    });
  }

  #tellNext(): void {
    this.#answered = this.#options.now();
    this.#coming.shift()?.tell();
  }

  #dropAll(): void {
    for (const { drop } of this.#coming.splice(0)) drop();
  }

  #flush(): void {
    this.#writing?.();
    this.#writing = undefined;
    if (this.#closed) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#manner.isAway()) return this.#fail(waiting);
    if (!this.#log.lives(this.#number)) {
      refuse(waiting, new StoreError("this gateway was taken for dead"));
      void this.#return();
      return;
    }
    for (const each of waiting) {
      this.#written.push(each);
      this.#log.append(each.changes.map((change) => shiftedChange(change, this.#offset())), this.#number);
    }
  }

  #fail(waiting: readonly Waiting[]): void {
    refuse(waiting, away());
    if (this.#failed) return;
    this.#failed = true;
    this.#options.failed(away());
  }

  #beat(): void {
    if (this.#closed) return;
    this.#beatNow();
    this.#later(BEAT, () => this.#beat());
  }

  #beatNow(): void {
    if (this.#manner.isAway()) return;
    if (this.#failed || !this.#log.lives(this.#number)) void this.#return();
    else if (!this.#astray) this.#answered = this.#options.now();
    this.#log.beat(this.#number);
  }

  /** The store can be reached again, or had taken this gateway for dead. */
  async #return(): Promise<void> {
    if (this.#astray) return;
    this.#astray = true;
    this.returned = this.#options.now();
    this.#dropAll();
    this.#log.leave(this.#number);
    this.#number = this.#join();
    try {
      await this.#options.astray?.("told");
      this.#failed = false;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#failed = true;
    } finally {
      this.#astray = false;
      this.returned = this.#options.now();
    }
    const missed = this.#coming.length; // while nothing could be told
    for (let i = 0; i < missed; i++) this.#later(0, () => this.#tellNext());
  }

  #offset(): Milliseconds {
    return this.#log.now() - this.#options.now();
  }

  #later(wait: Milliseconds, act: () => void): () => void {
    return this.#manner.after(wait, () => {
      if (!this.#closed) act();
    });
  }
}

function away(): StoreError {
  return new StoreError("the store in memory cannot be reached");
}

/** The newest first, as the port has it. */
function refuse(commits: readonly Waiting[], error: StoreError): void {
  for (const { reject } of commits.toReversed()) reject(error);
}
