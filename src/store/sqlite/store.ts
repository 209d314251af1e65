import { messageOf } from "../../error_message.ts";
import { removeIfThere } from "../../remove_if_there.ts";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";
import type { Change, Snapshot, SnapshotPiece, StoredKey } from "../../fleet/mod.ts";
import { type Committed, type Safety, type Store, StoreError, type StoreOptions } from "../port.ts";
import { inOpening, openDatabase, transaction } from "./database.ts";
import { FileWatch } from "./file_watch.ts";
import type { FolderLock } from "./lock.ts";
import { quickCheckBeside } from "./quick_check.ts";
import { load, loadAgain } from "./rows.ts";
import { STORE_FILE, userVersion } from "./schema.ts";
import { prepare, type Statements } from "./statements.ts";
import { RowWriter } from "./write.ts";

/** Changes that are only written wait this long for others, in milliseconds. */
const WRITE_AFTER = 50;

/** A lock that another process holds on the database is waited for this long, and tried this often, in milliseconds. */
const BUSY = { forAtMost: 5000, retry: 25 };

/** Interval at which it is made sure that the files are still there, in milliseconds. */
const WATCH_EVERY = 1000;

/**
 * Bans that the wall clock says had ended at the start are kept this long, in milliseconds: the clock may have been wrong,
 * and with the right one the next start finds them in force.
 */
const DOUBT = 24 * 3_600_000;

/** Retry interval of their end, where the database cannot be written then, in milliseconds. */
const DOUBT_RETRY = 60_000;

/** A commit that waits for its changes to be durable. */
interface Waiting {
  readonly changes: readonly Change[];
  readonly safety: Safety;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: StoreError) => void;
  /** What the transaction that has written them answers. */
  committed: Committed;
}

/** How much a failure takes: what waited to be written, or all that was not safe from loss of power. */
type Failed = "waiting" | "all";

/** What a process gets from the one that had the folder. */
export interface Taken {
  readonly lock: FolderLock;
  /** The rows that have changed since that process began to note them. */
  readonly changed: readonly StoredKey[];
}

const COMMITTED: Committed = { instead: [] };

/** The open database, with what belongs to it. */
interface Opened {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  readonly watches: readonly FileWatch[];
  /** The write-ahead log, to make it safe from loss of power. */
  readonly log: Deno.FsFile;
}

/**
 * The store in one SQLite file of the data folder. What is committed survives the process being killed at any moment
 * (WAL); what is committed with `sync` also survives loss of power. Commits that arrive in one turn of the event loop
 * share a transaction, and those that arrive during an fsync share the next one; it runs beside the event loop.
 */
export class SqliteStore implements Store {
  readonly #file: string;
  readonly #options: StoreOptions;
  #lock: FolderLock | undefined;
  /** While another process still has the folder: asks it to give that up. */
  #take: (() => Promise<Taken>) | undefined;
  #opened: Opened;
  #waiting: Waiting[] = [];
  /** Commits whose transaction has ended and that wait for an fsync. */
  #unsynced: Waiting[] = [];
  /** Those for which an fsync is running. */
  #beingSynced: Waiting[] = [];
  #syncing: Promise<void> | undefined;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busySince: number | undefined;
  /** The files are not those that were opened: nothing that is written would last. */
  #vanished = false;
  readonly #watching: ReturnType<typeof setInterval>;
  #doubting: ReturnType<typeof setTimeout>;

  /**
   * @param access the lock on the folder, renewed where its file has vanished; or how to get it from another process, which is
   *   asked once all has been loaded that was there before
   * @throws {StoreError} where the file cannot be opened, is damaged, or of a later version
   */
  static async open(
    folder: string,
    options: StoreOptions,
    access?: FolderLock | (() => Promise<Taken>),
  ): Promise<SqliteStore> {
    const file = join(folder, STORE_FILE);
    try {
      return new SqliteStore(file, await openWhole(file), options, access);
    } catch (error) {
      throw new StoreError(
        `${file} cannot be used: ${messageOf(error)}. Restore it from a backup, or move it away.`,
        { cause: error },
      );
    }
  }

  private constructor(
    file: string,
    opened: Opened,
    options: StoreOptions,
    access: FolderLock | (() => Promise<Taken>) | undefined,
  ) {
    this.#file = file;
    this.#opened = opened;
    this.#options = options;
    if (typeof access === "function") this.#take = access;
    else this.#lock = access;
    this.#watching = setInterval(() => this.#watch(), WATCH_EVERY);
    this.#doubting = this.#forgetBansLater(options.unixTime(), DOUBT);
  }

  async *load(): AsyncGenerator<SnapshotPiece> {
    const offset = this.#options.now() - this.#options.unixTime();
    const damaged = (what: string) => this.#options.damaged?.(what);
    yield* load(this.#opened.statements, offset, damaged);
    if (this.#take === undefined) return;
    const { lock, changed } = await this.#take();
    this.#take = undefined;
    this.#lock = lock;
    yield loadAgain(this.#opened.statements, changed, offset, damaged);
  }

  commit(changes: readonly Change[], safety: Safety): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    this.#waiting.push({ changes, safety, resolve, reject, committed: COMMITTED });
    if (safety === "soon") this.#timer ??= setTimeout(() => this.#flush(), WRITE_AFTER);
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  replace(snapshot: Snapshot): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      if (this.#vanished) this.#reopen();
      this.#transaction((rows) => rows.replace(snapshot));
      this.#sync();
    } catch (error) {
      if (error instanceof StoreError) refuse(waiting, error);
      return Promise.reject(error);
    }
    for (const { resolve } of waiting) resolve(COMMITTED); // the snapshot has it
    return Promise.resolve();
  }

  value(name: string): Promise<string | undefined> {
    return Promise.try(() => this.#opened.statements.value.get.get(name)?.value as string | undefined);
  }

  setValue(name: string, value: string): Promise<void> {
    return Promise.try(() => this.#setValue(name, value));
  }

  async close(): Promise<void> {
    clearInterval(this.#watching);
    clearTimeout(this.#doubting);
    this.#flush();
    while (this.#busySince !== undefined) await new Promise((resolve) => setTimeout(resolve, BUSY.retry));
    while (this.#syncing !== undefined) await this.#syncing;
    close(this.#opened);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scheduled = false;
    const waiting = this.#waiting;
    try {
      if (this.#vanished) throw new StoreError("its files were removed, replaced or cut");
      if (waiting.some(({ changes }) => changes.length > 0)) {
        this.#transaction((rows) => {
          for (const commit of waiting) commit.committed = { instead: rows.apply(commit.changes) };
        });
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!this.#waitForOthers(error)) this.#fail(error, this.#vanished ? "all" : "waiting");
      return;
    }
    this.#busySince = undefined;
    this.#waiting = [];
    for (const commit of waiting) {
      if (commit.safety === "power") this.#unsynced.push(commit);
      else commit.resolve(commit.committed);
    }
    if (this.#unsynced.length > 0) this.#syncing ??= this.#syncUnsynced();
  }

  /** Another process has locked the database, a backup perhaps: the changes wait, and nobody who needs none. */
  #waitForOthers({ message }: StoreError): boolean {
    if (message !== "database is locked") return false; // Deno 2.9 leaves out SQLite's error code
    const now = performance.now();
    this.#busySince ??= now;
    if (now - this.#busySince > BUSY.forAtMost) return false;
    this.#scheduled = true; // commits that come meanwhile need no turn of their own
    this.#timer = setTimeout(() => this.#flush(), BUSY.retry);
    return true;
  }

  #fail(error: StoreError, failed: Failed): void {
    const refused = failed === "all"
      ? [...this.#beingSynced, ...this.#unsynced, ...this.#waiting]
      : this.#waiting;
    this.#busySince = undefined;
    this.#waiting = [];
    if (failed === "all") this.#unsynced = this.#beingSynced = [];
    refuse(refused, error);
    this.#options.failed(error);
  }

  async #syncUnsynced(): Promise<void> {
    while (this.#unsynced.length > 0) {
      this.#beingSynced = this.#unsynced;
      this.#unsynced = [];
      try {
        await this.#opened.log.syncData();
      } catch (error) {
        this.#fail(new StoreError(messageOf(error), { cause: error }), "all");
        break;
      }
      // None is left where the store failed meanwhile: what was in the files by then counts for nothing.
      for (const { resolve, committed } of this.#beingSynced) resolve(committed);
      this.#beingSynced = [];
    }
    this.#syncing = undefined;
  }

  #sync(): void {
    try {
      this.#opened.log.syncDataSync();
    } catch (error) {
      throw new StoreError(messageOf(error), { cause: error });
    }
  }

  #transaction(run: (rows: RowWriter) => void): void {
    const { database, statements } = this.#opened;
    transaction(
      database,
      () => run(new RowWriter(statements, this.#options.unixTime(), this.#options.now())),
    );
  }

  /** Somebody may remove or replace the files of a running gateway; what is written to those that it has open is lost. */
  #watch(): void {
    if (this.#vanished) return;
    const changed = this.#opened.watches.find((watch) => !watch.unchanged);
    if (changed === undefined && this.#lock?.held !== false) return;
    this.#vanished = true;
    this.#fail(new StoreError(`${changed?.path ?? "its lock file"} was removed, replaced or cut`), "all");
  }

  #reopen(): void {
    try {
      Deno.mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      this.#lock?.renew();
      const values = this.#opened.database.prepare("SELECT name, value FROM value").all();
      // A log or an index without its database, or the other way round, would be read as damaged.
      for (const suffix of ["", "-wal", "-shm"]) removeIfThere(`${this.#file}${suffix}`);
      const opened = open(this.#file);
      close(this.#opened);
      this.#opened = opened;
      this.#vanished = false;
      for (const { name, value } of values) this.#setValue(String(name), String(value));
    } catch (error) {
      throw error instanceof StoreError ? error : new StoreError(messageOf(error), { cause: error });
    }
  }

  #setValue(name: string, value: string): void {
    this.#transaction(() => this.#opened.statements.value.set.run(name, value));
  }

  /** Forgets the bans that had ended before the start, once no doubt of the clock is left. */
  #forgetBansLater(start: number, wait: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      try {
        this.#transaction(() => this.#opened.statements.ban.forget.run(start));
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#doubting = this.#forgetBansLater(start, DOUBT_RETRY); // they harm nobody meanwhile
      }
    }, wait);
    timer.unref();
    return timer;
  }
}

/** The newest first, so that each caller can take its own back from what the next has left. */
function refuse(commits: readonly Waiting[], error: StoreError): void {
  for (const { reject } of commits.toReversed()) reject(error);
}

function open(file: string): Opened {
  const database = openDatabase(file);
  // The log is there from the first transaction on.
  inOpening(database, `BEGIN IMMEDIATE; PRAGMA user_version = ${userVersion(database)}; COMMIT;`);
  const log = Deno.openSync(`${file}-wal`, { read: true });
  log.syncDataSync();
  syncFolder(dirname(file));
  const watches = ["", "-wal"].map((suffix) => new FileWatch(`${file}${suffix}`));
  return { database, statements: prepare(database), watches, log };
}

/** As {@link open}, of a database that may have been damaged while nobody had it. */
async function openWhole(file: string): Promise<Opened> {
  const opened = open(file);
  try {
    await quickCheckBeside(file, opened.database);
    return opened;
  } catch (error) {
    close(opened);
    throw error;
  }
}

/** New files are in the folder for good only when the folder itself is safe. */
function syncFolder(folder: string): void {
  using directory = Deno.openSync(folder, { read: true });
  directory.syncSync();
}

function close({ database, log }: Opened): void {
  log.close();
  database.close();
}
