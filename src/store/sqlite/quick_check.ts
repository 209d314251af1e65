import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../port.ts";

/** A larger database is checked beside the event loop, in bytes: to start a thread takes as long as to check this much. */
const LARGE = 10_000_000;

const CHECK = "PRAGMA quick_check(1)";

/**
 * Checks the database of a path, and tells what came of it: as a text, since a worker of a bundled program has no file. A
 * web worker, because the event loop stands still for 8 ms while one starts, and for 45 ms with one of `node:worker_threads`
 * (Deno 2.9.6).
 */
const CHECKER = `
  import { DatabaseSync } from "node:sqlite";
  onmessage = ({ data: { path, check } }) => {
    try {
      const database = new DatabaseSync(path);
      try {
        postMessage(database.prepare(check).get().quick_check);
      } finally {
        database.close();
      }
    } catch (error) {
      postMessage(error.message);
    }
  };
`;

/** Whether a database that is open is whole, as far as SQLite's quick check tells. @throws {StoreError} where it is not */
export function quickCheck(database: DatabaseSync): void {
  throwUnlessOk(database.prepare(CHECK).get()?.quick_check);
}

/** As {@link quickCheck}, and lets others pass meanwhile where that takes long. */
export async function quickCheckBeside(path: string, database: DatabaseSync): Promise<void> {
  if (Deno.statSync(path).size < LARGE) return quickCheck(database);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(CHECKER)}`, { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new StoreError(`its check ended early: ${event.message}`));
  };
  worker.postMessage({ path, check: CHECK });
  try {
    throwUnlessOk(await promise);
  } finally {
    worker.terminate();
  }
}

function throwUnlessOk(result: unknown): void {
  if (result !== "ok") throw new StoreError(String(result).replaceAll("\n", " "));
}
