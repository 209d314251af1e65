import { setImmediate } from "node:timers";
import type { Milliseconds } from "../../fleet/mod.ts";
import { StoreError, type StoreOptions } from "../port.ts";
import { Attempts } from "./attempts.ts";
import { type ReadChanges, readChanges } from "./changes.ts";
import type { Clock } from "./codec.ts";
import { type Connection, DEADLINE } from "./connection.ts";
import { afterAll } from "./deadline.ts";
import { Fault } from "./fault.ts";
import type { Batch } from "./outgoing.ts";
import { Pause } from "./pause.ts";
import { type Placed, Recent } from "./recent.ts";
import { listOf, textOf, textsOf } from "./replies.ts";

/** For how long Redis holds a request that has nothing to tell, and until when it must have answered, in milliseconds. */
const HOLD = 250;
const SILENT = 2000;

/** Entries that are read at once, and changes that are told before others have their turn. */
const ENTRIES = 100;
const CHANGES = 1000;

/** Retry interval while the log cannot be read: at least half of it, in milliseconds. */
const RETRY = 500;

/** How far one has been told. */
export interface Position {
  readonly epoch: string;
  /** Of the entry in the stream. */
  readonly id: string;
  /** Place of its last change. */
  readonly last: number;
  /** What asked for it. */
  readonly request: string;
}

/** What a follower needs. */
export interface FollowerOptions {
  /** Opens a connection of its own. @throws {StoreError} */
  open(): Promise<Connection>;
  readonly prefix: string;
  readonly clock: Clock;
  /** A batch of this gateway, where its commits wait for it. */
  batch(request: string): Batch | undefined;
  answer(batch: Batch): void;
  others: StoreOptions["others"];
  damaged(what: string): void;
  /** A change that only a later version knows is passed over. */
  unknown(change: string): void;
  /** Nothing is told from now on until everything is loaded. */
  hold(): void;
  release(): void;
  /** Loads, and offers, what it has to; until then nothing is told. */
  astray(lost: "told" | "stored"): Promise<void>;
  /** Redis has lost these changes. Called before `astray`. @throws {StoreError} */
  lost(changes: readonly Placed[]): Promise<void>;
  /** @throws {StoreError} where Redis cannot be called now */
  mustBeUp(): void;
  up(): void;
  down(error: StoreError): void;
}

/** Waits until everything up to a place has been told. */
interface Waiter {
  readonly place: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * Reads the log from a position on, and tells it in order.
 *
 * A commit of this gateway is answered exactly at its place: its promise is resolved there, and a turn of the event loop
 * passes before the next entry is told, so that whatever waits for it, however many promises deep, has run by then. The same
 * where it was rejected.
 */
export class Follower {
  readonly #options: FollowerOptions;
  #position: Position;
  #connection: Connection | undefined;
  /** What is to be looked into before anything more is told. */
  #suspicion: "position" | "told" | undefined;
  /** Nothing is told before everything was loaded. */
  #loaded = false;
  #astray = false;
  #held: Promise<void> | undefined;
  /** When the log was asked, of which everything has been told since. */
  #heard = performance.now();
  #answered = performance.now();
  #waiters: Waiter[] = [];
  #closed = false;
  #running: Promise<void> | undefined;
  readonly #pause = new Pause();
  readonly #opening = new Attempts();
  readonly #recent = new Recent();

  constructor(options: FollowerOptions, position: Position) {
    this.#options = options;
    this.#position = position;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Up to where everything has been told. */
  get position(): Position {
    return this.#position;
  }

  /** Whether everything has to be loaded before anything more is told. */
  get isAstray(): boolean {
    return this.#astray;
  }

  get silence(): Milliseconds {
    return performance.now() - this.#heard;
  }

  /** Whether the log comes, however far behind it is. */
  get isTelling(): boolean {
    return performance.now() - this.#answered < DEADLINE;
  }

  /** Something has happened that may have a part of the log lost, or `told`: this gateway was taken for dead. */
  suspect(suspicion: "position" | "told"): void {
    if (this.#suspicion !== "told") this.#suspicion = suspicion;
  }

  /** Resolves when the log can be read, or it is known that it cannot be now. */
  async tried(): Promise<void> {
    if (this.#connection?.open === true) return;
    await this.#opening.made(() => this.#pause.end());
  }

  /** Resolves when everything up to a place has been told. @throws {StoreError} where that takes too long */
  upTo(place: number): Promise<void> {
    if (place <= this.#position.last && !this.#astray) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { place, resolve, reject };
    this.#waiters.push(waiter);
    const calledOff = afterAll(DEADLINE, () => {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
      reject(new StoreError(`what others changed has not been told within ${DEADLINE} ms`));
    });
    return promise.finally(calledOff);
  }

  /**
   * Everything is about to be loaded. At first, and where it has gone astray, telling goes on from a position that is noted
   * now; else what is loaded is only newer than what has been told.
   *
   * @returns undefined where the position stays; else to be called when that has ended, with the position if all was loaded
   */
  beginLoading(): ((position?: Position) => void) | undefined {
    if (this.#loaded && !this.#astray) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#loaded) this.#held = promise;
    return (position) => {
      if (position !== undefined) {
        this.#position = position;
        this.#loaded = true;
      }
      this.#held = undefined;
      resolve();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
    this.#pause.end();
    await this.#running;
    for (const { reject } of this.#waiters) reject(new StoreError("the store was closed"));
    this.#waiters = [];
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await this.#opening.make(() => this.#open());
        while (!this.#closed) {
          if (this.#suspicion !== undefined) await this.#lookInto(connection);
          await this.#read(connection);
        }
      } catch (error) {
        if (this.#closed) break;
        const message = error instanceof Error ? error.message : String(error);
        this.#options.down(
          error instanceof StoreError ? error : new Fault("refused", message, { cause: error }),
        );
        if (error instanceof Fault && error.kind === "outdated") break;
        await this.#pause.wait(RETRY * (0.5 + Math.random() / 2));
      } finally {
        this.#connection?.close();
      }
    }
  }

  async #open(): Promise<Connection> {
    this.#connection = await this.#options.open();
    this.suspect("position");
    await this.#lookInto(this.#connection);
    return this.#connection;
  }

  /** Finds out whether telling can go on from the position. Where it cannot, everything is loaded before it goes on. */
  async #lookInto(connection: Connection): Promise<void> {
    const suspicion = this.#suspicion;
    this.#suspicion = undefined;
    const { prefix, up, mustBeUp, astray, lost, hold, release } = this.#options;
    try {
      const before = this.#position;
      const { epoch, id, last, request } = before;
      const found = textOf(await connection.run("resume", prefix, [epoch, id, String(last), request]));
      if (found === "ok" && suspicion === "position") return up();
      mustBeUp();
      const end = positionOf(await connection.run("tail", prefix, []));
      up();
      if (this.#loaded) {
        this.#astray = true;
        hold();
        if (found === "stored") {
          const missing = await connection.run("missing", prefix, this.#recent.entries.flat());
          await lost(this.#recent.newest(Number(missing)));
        }
        await astray(found === "stored" ? "stored" : "told");
        if (this.#position === before) this.#position = end; // it has loaded nothing
      } else this.#position = end;
    } catch (error) {
      this.suspect("told");
      throw error;
    } finally {
      if (this.#astray) release();
      this.#astray = false;
    }
    this.#tellWaiters(Infinity);
  }

  async #read(connection: Connection): Promise<void> {
    await this.#held;
    const { prefix } = this.#options;
    const command = ["XREAD", "COUNT", String(ENTRIES), "BLOCK", String(HOLD), "STREAMS", `${prefix}log`];
    const asked = performance.now();
    const reply = await connection.call([...command, this.#position.id], SILENT);
    this.#answered = performance.now();
    const [stream] = reply === null ? [] : listOf(reply);
    const entries = stream === undefined ? [] : listOf(listOf(stream)[1]);
    let told = 0;
    for (const entry of entries) {
      await this.#held;
      if (this.#closed || this.#suspicion !== undefined) return;
      const changes = await this.#take(entry);
      told += changes;
      if (told >= CHANGES) {
        await turn();
        told = 0;
      }
    }
    // An answer may have waited for as long as this process did not run; and where it is full there is more.
    if (entries.length < ENTRIES) this.#heard = asked;
  }

  /** @returns how many changes were told */
  async #take(entry: unknown): Promise<number> {
    const [id, fields] = listOf(entry);
    const [, first, , count, , , , request = "", , changes = ""] = textsOf(fields);
    const last = Number(first) + Number(count) - 1;
    if (last <= this.#position.last) return 0; // what was loaded has it
    if (Number(first) !== this.#position.last + 1) {
      this.suspect("told");
      return 0;
    }
    const batch = this.#options.batch(request);
    const own = batch !== undefined && await batch.accepted;
    if (batch !== undefined && !own) await turn(); // it has just been rejected
    const read = own || !this.#loaded ? undefined : readChanges(changes, this.#options.clock);
    this.#recent.note(
      { id: textOf(id), request, place: last },
      changes,
      () => (read ?? readChanges(changes, this.#options.clock)).changes,
    );
    this.#position = { epoch: this.#position.epoch, id: textOf(id), last, request };
    if (own) this.#options.answer(batch);
    else if (read !== undefined) this.#tell(read);
    this.#tellWaiters(last);
    if (own) await turn();
    return Number(count);
  }

  #tell({ changes, damaged, unknown }: ReadChanges): void {
    for (const what of damaged) this.#options.damaged(what);
    for (const change of unknown) this.#options.unknown(change);
    if (changes.length > 0) this.#options.others(changes);
  }

  #tellWaiters(place: number): void {
    const ready = this.#waiters.filter((waiter) => waiter.place <= place);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.place > place);
    for (const { resolve } of ready) resolve();
  }
}

/** From the answer of the function `tail`. */
export function positionOf(reply: unknown): Position {
  const [epoch = "", id = "", last = "", request = ""] = textsOf(reply);
  return { epoch, id, last: Number(last), request };
}

/** Everything that waits for a promise which is resolved has run after it, and what has arrived meanwhile. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
