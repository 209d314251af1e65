import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../error_message.ts";
import { StoreError } from "../port.ts";
import { FileWatch } from "./file_watch.ts";
import { databaseConcern } from "./schema.ts";

/**
 * A lock on a data folder for this process, by an exclusive transaction on a file of its own: the operating system ends
 * it with the process, however that ends, and the database itself stays open to a backup.
 */
export class FolderLock {
  readonly #folder: string;
  #database: DatabaseSync;
  #watch: FileWatch;

  /** @throws {StoreError} where another process has it */
  constructor(folder: string) {
    this.#folder = folder;
    this.#database = lock(folder);
    this.#watch = new FileWatch(fileIn(folder));
  }

  /** Whether the locked file is still the one in the folder; else another process may have locked the new one. */
  get held(): boolean {
    return this.#watch.unchanged;
  }

  /**
   * Takes the lock again where its file has vanished or was replaced.
   *
   * @throws {StoreError} where another process has it now
   */
  renew(): void {
    if (this.held) return;
    const database = lock(this.#folder);
    this.#database.close();
    this.#database = database;
    this.#watch = new FileWatch(fileIn(this.#folder));
  }

  release(): void {
    this.#database.close();
  }
}

/** Whether a process has the lock on a folder now; found without making a file. */
export function isLocked(folder: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(fileIn(folder), { readOnly: true });
    database.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    return error instanceof Error && error.message === "database is locked";
  } finally {
    database?.close();
  }
}

/** What would keep every process from the lock, found without making or changing a file. */
export function lockConcern(folder: string): string | undefined {
  return databaseConcern(fileIn(folder));
}

function fileIn(folder: string): string {
  return join(folder, "lock.db");
}

function lock(folder: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(fileIn(folder));
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    return database;
  } catch (error) {
    database?.close();
    // Deno 2.9 leaves out SQLite's error code; this is its text for SQLITE_BUSY.
    const message = messageOf(error);
    if (message === "database is locked") {
      throw new StoreError(
        `another gateway uses the folder ${folder}; stop it, or choose another with --data`,
        { cause: error },
      );
    }
    throw new StoreError(`${fileIn(folder)} cannot be locked: ${message}`, { cause: error });
  }
}
