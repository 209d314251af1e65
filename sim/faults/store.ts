import type { Change, Milliseconds, Snapshot, SnapshotPiece } from "../../src/fleet/mod.ts";
import type { Timers } from "../../src/gateway/timers.ts";
import {
  type Committed,
  type Safety,
  type Store,
  StoreError,
  type StoreOptions,
} from "../../src/store/port.ts";
import { inPieces } from "../../src/store/pieces.ts";
import { shifted } from "../../src/store/shifted.ts";
import type { Disk } from "./disk.ts";

/** How a simulated store behaves now. */
export interface StoreMood {
  /** Whether what is to be written is refused. */
  readonly fails: () => boolean;
  /** How long a transaction, or an fsync, takes. */
  readonly latency: () => Milliseconds;
}

/** Changes that are only to be durable soon are written after so long. */
const WRITE_AFTER: Milliseconds = 100;

const COMMITTED: Committed = { instead: [] };

interface Waiting {
  readonly changes: readonly Change[];
  readonly safety: Safety;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: StoreError) => void;
}

/** A store on a simulated disk: late, refused or cut off whenever the simulation wants it. */
export class SimulatedStore implements Store {
  readonly #disk: Disk;
  readonly #options: StoreOptions;
  readonly #timers: Timers;
  readonly #mood: StoreMood;
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

  async *load(): AsyncGenerator<SnapshotPiece> {
    yield* inPieces(shifted(this.#disk.load(), -this.#offset()));
  }

  commit(changes: readonly Change[], safety: Safety): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    this.#waiting.push({ changes, safety, resolve, reject });
    if (safety === "soon") this.#writing ??= this.#timers.after(WRITE_AFTER, () => this.#flush());
    else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#later(this.#mood.latency(), () => this.#flush());
    }
    return promise;
  }

  replace(snapshot: Snapshot): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#mood.fails()) {
      const error = new StoreError("the simulated disk is full");
      refuse(waiting, error);
      return Promise.reject(error);
    }
    this.#disk.write({ all: shifted(snapshot, this.#offset()) });
    this.#disk.sync();
    for (const { resolve } of waiting) resolve(COMMITTED);
    return Promise.resolve();
  }

  value(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#disk.values.get(name));
  }

  setValue(name: string, value: string): Promise<void> {
    this.#disk.values.set(name, value);
    return Promise.resolve();
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
    const waiting = this.#waiting;
    this.#waiting = [];
    const changed = waiting.some(({ changes }) => changes.length > 0);
    if (changed && this.#mood.fails()) {
      const error = new StoreError("the simulated disk is full");
      refuse(waiting, error);
      this.#options.failed(error);
      return;
    }
    const now = this.#options.unixTime();
    const answers = waiting.map(({ changes, safety, resolve }) => {
      const instead = changes.length === 0 ? [] : this.#disk.write({ changes, offset: this.#offset(), now });
      return { safety, resolve: () => resolve({ instead }) };
    });
    const written = this.#disk.written;
    const toSync = answers.filter(({ safety }) => safety === "power");
    for (const { safety, resolve } of answers) if (safety !== "power") resolve();
    if (toSync.length === 0) return;
    this.#later(this.#mood.latency(), () => {
      this.#disk.sync(written);
      for (const { resolve } of toSync) resolve();
    });
  }
}

/** The newest first, as the port has it. */
function refuse(commits: readonly Waiting[], error: StoreError): void {
  for (const { reject } of commits.toReversed()) reject(error);
}
