import { dirname, join, resolve } from "node:path";
import { openDataFolder } from "../config/master_key.ts";
import { notPermitted } from "../config/permission.ts";
import { StartError } from "../start_error.ts";
import { FolderLock, isLocked } from "../store/sqlite/lock.ts";
import { schemaConcern } from "../store/sqlite/schema.ts";
import { StoreError } from "../store/port.ts";
import { whyNotWritable } from "./writable.ts";

/** As data folder: keep nothing. */
export const MEMORY = ":memory:";

/**
 * Makes sure that the data folder is there, can be written, and is this process's alone.
 *
 * @throws {StartError} that says what to do
 */
export function openData(folder: string): FolderLock | undefined {
  if (folder === MEMORY) return undefined;
  openDataFolder(folder);
  try {
    return new FolderLock(folder);
  } catch (error) {
    throw error instanceof StoreError ? new StartError(error.message) : error;
  }
}

/** Whether a gateway runs on the data folder now. */
export function isInUse(folder: string): boolean {
  return folder !== MEMORY && isLocked(folder);
}

/** What would keep a start from using the data folder, found without making or changing a file. */
export function concernsAboutData(folder: string): string[] {
  if (folder === MEMORY) return [];
  const concerns: string[] = [];
  const path = resolve(folder);
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name, path }).state !== "granted") {
      concerns.push(`the data folder: ${folder}: ${notPermitted(`--allow-${name}=${folder}`)}`);
    }
  }
  if (concerns.length > 0) return concerns;
  const present = nearest(path);
  const reason = whyNotWritable(present);
  if (reason !== undefined) {
    const where = present === path ? "" : `it is not there, and cannot be made in ${present}: `;
    return [`the data folder: ${folder}: ${where}${reason}`];
  }
  if (present !== path) return [];
  const database = schemaConcern(join(path, "gateway.db"));
  return database === undefined ? [] : [`the data folder: ${database}`];
}

/** The path, or the nearest folder above it that is there. */
function nearest(path: string): string {
  try {
    Deno.statSync(path);
    return path;
  } catch {
    const above = dirname(path);
    return above === path ? path : nearest(above);
  }
}
