import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../error_message.ts";
import { StoreError } from "../port.ts";
import { migrate } from "./schema.ts";

/** A lock that another process holds is waited for this long while the database is opened, in milliseconds. */
const BUSY_WHILE_OPENING = 1000;

/**
 * Opens a database of the data folder, or makes it: with a write-ahead log, and of the current schema. Whether it is whole is
 * for `quick_check.ts` to tell.
 *
 * @param migrations as of {@link migrate}
 * @throws {Error} where one of that cannot be; then it is closed again
 */
export function openDatabase(file: string, migrations?: readonly string[]): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    inOpening(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    migrate(database, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Runs statements while nobody relies on this process yet: another one that has the database open may be writing just now, and
 * is waited for, with everything.
 */
export function inOpening(database: DatabaseSync, statements: string): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_WHILE_OPENING}; ${statements} PRAGMA busy_timeout = 0;`);
}

/** Makes all of it or nothing. @throws {StoreError} where it was nothing */
export function transaction(database: DatabaseSync, run: () => void): void {
  try {
    database.exec("BEGIN IMMEDIATE");
    run();
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw new StoreError(messageOf(error), { cause: error });
  }
}
