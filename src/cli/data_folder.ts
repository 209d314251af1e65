import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { openDataFolder } from "../config/master_key.ts";
import { notPermitted } from "../config/permission.ts";
import { StartError } from "../start_error.ts";
import { FolderLock, isLocked, lockConcern } from "../store/sqlite/lock.ts";
import { outboxConcern } from "../store/sqlite/outbox.ts";
import { isOfThisSchema, schemaConcern, STORE_FILE } from "../store/sqlite/schema.ts";
import type { Ports } from "../hand_over/lines.ts";
import { NoAnswer, RunningProcess } from "../hand_over/request.ts";
import { type Sockets, socketsIn } from "../hand_over/sockets.ts";
import { type Store, StoreError, type StoreOptions } from "../store/port.ts";
import { SqliteStore, type Taken } from "../store/sqlite/store.ts";
import { whyNotWritable } from "./writable.ts";

/** As data folder: keep nothing. */
export const MEMORY = ":memory:";

/** This process is not to take over any more: the other one goes on. */
export class Unwanted extends Error {
  override readonly name = "Unwanted";
}

/** The data folder, which is this process's alone, but while another one takes over from it. */
export class DataFolder {
  readonly sockets: Sockets | undefined;
  readonly #path: string;
  /** The process that this one replaces, if it does. */
  #before: RunningProcess | undefined;
  readonly #left = Promise.withResolvers<void>();
  #lock: FolderLock | undefined;
  #ports: Ports | undefined;

  private constructor(path: string, before: RunningProcess | undefined) {
    this.#path = path;
    this.#before = before;
    this.sockets = socketsIn(path);
  }

  /**
   * Makes sure that the folder is there, can be written, and is this process's alone, or another's that gives it up.
   *
   * @param takeOver version of this program, where it is to replace the process that has the folder, if one has
   * @throws {StartError} that says what to do
   */
  static async open(path: string, takeOver: string | undefined): Promise<DataFolder> {
    openDataFolder(path);
    const before = takeOver === undefined ? undefined : await findProcess(path, takeOver);
    const folder = new DataFolder(path, before);
    if (before === undefined) folder.#takeLock();
    return folder;
  }

  /**
   * Opens the store. Where another process has it, all that is there is read while that one goes on, and only then is it asked
   * to give up the folder.
   *
   * @param unwanted whether this process is not to take over any more
   * @throws {StoreError} where it cannot be used
   * @throws {StartError} where the other process does not give it up
   * @throws {Unwanted}
   */
  async openStore(options: StoreOptions, unwanted: () => boolean): Promise<Store> {
    const before = this.#before;
    if (this.#lock === undefined && before !== undefined) {
      if (isOfThisSchema(this.#path)) {
        await before.prepare();
        return await SqliteStore.open(this.#path, options, () => this.#takeOver(before, unwanted));
      }
      await this.#takeOver(before, unwanted);
    }
    return await SqliteStore.open(this.#path, options, this.#lock);
  }

  /**
   * Takes the place of another process whose store is not in the folder: this one has opened it beside that.
   *
   * @throws {StartError} where the other process does not give the folder up
   * @throws {Unwanted}
   */
  async takeOver(unwanted: () => boolean): Promise<void> {
    if (this.#lock === undefined && this.#before !== undefined) await this.#takeOver(this.#before, unwanted);
  }

  /**
   * Takes the folder as if there had been no other process, where that has ended instead of giving it up.
   *
   * @param error what asking it came to
   * @throws the error, where it has not
   */
  takeFromEnded(error: unknown): void {
    if (!(error instanceof NoAnswer)) throw error;
    try {
      this.#lock = new FolderLock(this.#path);
    } catch {
      throw error;
    }
    this.#before = undefined;
  }

  async #takeOver(before: RunningProcess, unwanted: () => boolean): Promise<Taken> {
    if (unwanted()) throw new Unwanted("another process goes on");
    const { released, changed } = await before.takeOver();
    this.#ports = released;
    return { lock: this.#takeLock(), changed };
  }

  #takeLock(): FolderLock {
    try {
      return this.#lock = new FolderLock(this.#path);
    } catch (error) {
      throw error instanceof StoreError ? new StartError(error.message, { cause: error }) : error;
    }
  }

  /** Ports of the process that was replaced. */
  get ports(): Ports | undefined {
    return this.#ports;
  }

  /** Whether a process was replaced. */
  get wasTakenOver(): boolean {
    return this.#ports !== undefined;
  }

  /** This process answers: the one before ends. */
  ready(): void {
    this.#before?.ready();
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** @throws {StoreError} where another process has it */
  take(): void {
    this.#lock ??= new FolderLock(this.#path);
  }

  left(): void {
    this.#left.resolve();
  }

  /** Resolves when another process has taken over, and nobody needs this one any more. */
  get hasLeft(): Promise<void> {
    return this.#left.promise;
  }

  /** Gives the folder up at the end; to the process before, where this one never answered. */
  close(): void {
    this.release();
    this.#before?.failed();
  }
}

/** @returns nothing where no gateway runs on the folder */
async function findProcess(path: string, version: string): Promise<RunningProcess | undefined> {
  const sockets = socketsIn(path);
  if (sockets === undefined) throw new StartError(pathTooLong(path));
  return await RunningProcess.find(sockets.control, version);
}

function pathTooLong(path: string): string {
  return `--take-over: the path of the data folder is too long for a socket in it: ${path}`;
}

/** Whether a gateway runs on the data folder now. */
export function isInUse(folder: string): boolean {
  return folder !== MEMORY && isLocked(folder);
}

/**
 * What would keep a start from using the data folder, found without making or changing a file.
 *
 * @param takeOver whether it is to replace the process that has the folder
 */
export function concernsAboutData(folder: string, takeOver: boolean): string[] {
  if (folder === MEMORY) return [];
  const concerns: string[] = [];
  const path = resolve(folder);
  if (takeOver && socketsIn(path) === undefined) concerns.push(pathTooLong(folder));
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name, path }).state !== "granted") {
      concerns.push(`the data folder: ${folder}: ${notPermitted(`--allow-${name}=${folder}`)}`);
    }
  }
  if (concerns.length > 0) return concerns;
  if (leadsNowhere(path)) return [`the data folder: ${folder}: it is a link to what is not there`];
  const present = nearest(path);
  const reason = whyNotWritable(present);
  if (reason !== undefined) {
    const where = present === path ? "" : `it is not there, and cannot be made in ${present}: `;
    return [`the data folder: ${folder}: ${where}${reason}`];
  }
  if (present !== path) return [];
  return [lockConcern(path), schemaConcern(join(path, STORE_FILE))]
    .flatMap((concern) => concern === undefined ? [] : [`the data folder: ${concern}`]);
}

/** What a gateway on Redis leaves lying that it had when it was alone. */
export function concernAboutUnused(folder: string): string | undefined {
  const file = join(resolve(folder), STORE_FILE);
  if (folder === MEMORY || !existsSync(file)) return undefined;
  return `${file} is of a gateway that was alone, and nothing of it is used on Redis, no place, ban or task: copy it by ` +
    "`deno task migrate-store --to redis`, and remove it once that is done";
}

/** What would keep a start from sending webhooks. */
export function concernAboutWebhooks(folder: string): string | undefined {
  const concern = folder === MEMORY ? undefined : outboxConcern(resolve(folder));
  return concern && `the data folder: ${concern}`;
}

/** Whether it is a symbolic link to what is not there, in whose place nothing can be made. */
function leadsNowhere(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink && nearest(path) !== path;
  } catch {
    return false;
  }
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
