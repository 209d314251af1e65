import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../port.ts";
import { migrate } from "./schema.ts";

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
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0;");
    migrate(database, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes all of it or nothing. @throws {StoreError} where it was nothing */
export function transaction(database: DatabaseSync, run: () => void): void {
  try {
    database.exec("BEGIN IMMEDIATE");
    run();
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw new StoreError(explain(error), { cause: error });
  }
}

export function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
