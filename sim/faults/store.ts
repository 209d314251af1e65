import type { Change, Milliseconds, Snapshot } from "../../src/fleet/mod.ts";
import type { Timers } from "../../src/gateway/gateway.ts";
import { type Store, StoreError, type StoreOptions } from "../../src/store/port.ts";
import { type Disk, shifted } from "./disk.ts";

/** How a simulated store behaves now. */
export interface StoreMood {
  /** Whether what is to be written is refused. */
  readonly fails: () => boolean;
  /** How long a transaction, or an fsync, takes. */
  readonly latency: () => Milliseconds;
}

/** Changes that are only to be durable soon are written after so long. */
const WRITE_AFTER: Milliseconds = 100;

interface Waiting {
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** A store on a simulated disk: late, refused or cut off whenever the simulation wants it. */
export class SimulatedStore implements Store {
  readonly #disk: Disk;
  readonly #options: StoreOptions;
  readonly #timers: Timers;
  readonly #mood: StoreMood;
  #changes: Change[] = [];
  #waiting: Waiting[] = [];
  #scheduled = false;
  #writing: (() => void) | undefined;
  /** After the end of its process nothing happens any more. */
  #dead = false;

  constructor(disk: Disk, options: StoreOptions, timers: Timers, mood: StoreMood) {
    this.#disk = disk;
    this.#options = options;
    this.#timers = timers;
    this.#mood = mood;
  }

  /** The process ends here and now. */
  kill(): void {
    this.#dead = true;
  }

  load(): Snapshot {
    return shifted(this.#disk.load(), -this.#offset());
  }

  commit(changes: readonly Change[], sync: boolean): Promise<void> {
    this.#changes.push(...changes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ sync, resolve, reject });
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#later(this.#mood.latency(), () => this.#flush());
    }
    return promise;
  }

  write(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#changes.push(...changes);
    this.#writing ??= this.#timers.after(WRITE_AFTER, () => this.#flush());
  }

  replace(snapshot: Snapshot): void {
    if (this.#mood.fails()) throw new StoreError("the simulated disk is full");
    this.#changes = [];
    this.#disk.write({ all: shifted(snapshot, this.#offset()) });
    this.#disk.sync();
  }

  value(name: string): string | undefined {
    return this.#disk.values.get(name);
  }

  setValue(name: string, value: string): void {
    this.#disk.values.set(name, value);
  }

  close(): Promise<void> {
    if (!this.#dead) this.#flush();
    return Promise.resolve();
  }

  #offset(): Milliseconds {
    return this.#options.unixTime() - this.#options.now();
  }

  #later(wait: Milliseconds, act: () => void): void {
    this.#timers.after(wait, () => {
      if (!this.#dead) act();
    });
  }

  #flush(): void {
    this.#writing?.();
    this.#writing = undefined;
    this.#scheduled = false;
    if (this.#dead) return;
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = [];
    this.#waiting = [];
    if (changes.length > 0 && this.#mood.fails()) return this.#fail(waiting);
    if (changes.length > 0) {
      const now = this.#options.unixTime();
      const overruled = this.#disk.write({ changes, offset: this.#offset(), now });
      if (overruled.length > 0) this.#options.overruled(overruled);
    }
    this.#options.stored(changes);
    const written = this.#disk.written;
    const toSync = waiting.filter(({ sync }) => sync);
    for (const { sync, resolve } of waiting) if (!sync) resolve();
    if (toSync.length === 0) return;
    this.#later(this.#mood.latency(), () => {
      this.#disk.sync(written);
      for (const { resolve } of toSync) resolve();
    });
  }

  #fail(waiting: readonly Waiting[]): void {
    const error = new StoreError("the simulated disk is full");
    const all = [...waiting, ...this.#waiting];
    this.#waiting = [];
    this.#changes = [];
    for (const { reject } of all) reject(error);
    this.#options.failed(error, "waiting");
  }
}
