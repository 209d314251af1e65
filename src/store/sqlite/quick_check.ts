import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { StoreError } from "../port.ts";

/** A larger database is checked beside the event loop, in bytes: to start a thread takes as long as to check this much. */
const LARGE = 10_000_000;

const CHECK = "PRAGMA quick_check(1)";

/** Checks the database of a path, and tells what came of it: as a text, since a worker of a bundled program has no file. */
const CHECKER = `
  const { DatabaseSync } = require("node:sqlite");
  const { parentPort, workerData: { path, check } } = require("node:worker_threads");
  try {
    const database = new DatabaseSync(path);
    try {
      parentPort.postMessage(database.prepare(check).get().quick_check);
    } finally {
      database.close();
    }
  } catch (error) {
    parentPort.postMessage(error.message);
  }
`;

/** Whether a database that is open is whole, as far as SQLite's quick check tells. @throws {StoreError} where it is not */
export function quickCheck(database: DatabaseSync): void {
  throwUnlessOk(database.prepare(CHECK).get()?.quick_check);
}

/** As {@link quickCheck}, and lets others pass meanwhile where that takes long. */
export async function quickCheckBeside(path: string, database: DatabaseSync): Promise<void> {
  if (Deno.statSync(path).size < LARGE) return quickCheck(database);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const worker = new Worker(CHECKER, { eval: true, workerData: { path, check: CHECK } });
  worker.on("message", resolve);
  worker.on("error", reject);
  worker.on("exit", () => reject(new StoreError("its check ended early")));
  throwUnlessOk(await promise);
}

function throwUnlessOk(result: unknown): void {
  if (result !== "ok") throw new StoreError(String(result).replaceAll("\n", " "));
}
