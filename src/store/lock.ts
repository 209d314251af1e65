import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "./store.ts";

/**
 * Locks a data folder for this process, by an exclusive transaction on a file of its own: the operating system ends
 * it with the process, however that ends, and the database itself stays open to a backup.
 *
 * @returns what unlocks it
 * @throws {StoreError} where another process has it
 */
export function lockFolder(folder: string): () => void {
  const database = new DatabaseSync(join(folder, "lock.db"));
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
  } catch (error) {
    database.close();
    // Deno 2.9 leaves out SQLite's error code; this is its text for SQLITE_BUSY.
    if (!(error instanceof Error) || error.message !== "database is locked") throw error;
    throw new StoreError(`another gateway uses the folder ${folder}; stop it, or choose another with --data`);
  }
  return () => database.close();
}
