import { basename, dirname, join } from "node:path";

/** When a file is put aside, and how many of those are kept. */
export interface Rotation {
  /** Size in bytes that it does not exceed, but for a single line that is longer. */
  readonly maxSize: number;
  /** Time that it is written to, in milliseconds. */
  readonly maxAge: number;
  /** Files that are kept besides the one that is written; the oldest are removed. */
  readonly keep: number;
}

/** Nobody else may read it. */
const MODE = 0o600;

const LINE_FEED = 10;

/**
 * A file of lines that is put aside when it is large or old enough, as `<file>.<time>`. Nothing waits for the disk: all
 * that touches it is asynchronous, and a step that fails is tried again with the next write; the removal of old files,
 * with the next rotation.
 */
export class RotatedFile {
  #file: Deno.FsFile | undefined;
  #size = 0;
  #since = 0;
  #inode: number | null = null;
  /** Whether the last byte that was written ends a line: only there may the next file begin. */
  #atLineEnd = true;

  /** @param notRemoved told when old files cannot be removed, which keeps no line from being written */
  constructor(
    readonly path: string,
    readonly rotation: Rotation,
    readonly notRemoved: (error: unknown) => void,
    readonly unixTime: () => number = Date.now,
  ) {}

  /** Opens it, or makes it. @throws where that cannot be done */
  async open(): Promise<void> {
    const file = await Deno.open(this.path, { create: true, append: true, mode: MODE });
    try {
      const { size, birthtime, mtime, mode, ino } = await file.stat();
      if (mode !== null && (mode & 0o077) !== 0) await Deno.chmod(this.path, MODE);
      this.#size = size;
      this.#since = size === 0 ? this.unixTime() : (birthtime ?? mtime)?.getTime() ?? this.unixTime();
      this.#inode = ino;
      this.#file = file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Writes lines at its end. Where fewer bytes than all are written the rest is to follow with the next call, and goes into
   * the same file.
   *
   * @returns bytes that were written
   * @throws where nothing could be written
   */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#file !== undefined && await this.#isGone()) this.close();
    if (this.#file === undefined) await this.open();
    const isFull = this.#size + bytes.length > this.rotation.maxSize || this.#isOld();
    if (this.#size > 0 && this.#atLineEnd && isFull) await this.#putAside();
    const written = await this.#file!.write(bytes);
    this.#size += written;
    if (written > 0) this.#atLineEnd = bytes[written - 1] === LINE_FEED;
    return written;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #isOld(): boolean {
    return this.unixTime() - this.#since >= this.rotation.maxAge;
  }

  /** Somebody has moved or removed it: what is written belongs into a new one. */
  async #isGone(): Promise<boolean> {
    try {
      return (await Deno.stat(this.path)).ino !== this.#inode;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw error;
    }
  }

  async #putAside(): Promise<void> {
    const time = new Date(this.unixTime()).toISOString().replaceAll(/[:.]/g, "-");
    let name = `${this.path}.${time}`;
    for (let n = 1; await exists(name); n++) name = `${this.path}.${time}-${n}`;
    await Deno.rename(this.path, name);
    this.close();
    await this.open();
    await this.#removeOldest().catch(this.notRemoved);
  }

  async #removeOldest(): Promise<void> {
    const folder = dirname(this.path);
    const prefix = `${basename(this.path)}.`;
    const names: string[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.startsWith(prefix) && /^\d{4}-\d\d-\d\dT/.test(name.slice(prefix.length))) {
        names.push(name);
      }
    }
    for (const name of names.sort().toReversed().slice(this.rotation.keep)) {
      await Deno.remove(join(folder, name));
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
