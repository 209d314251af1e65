import { Inconsistency } from "./inconsistency.ts";
import type { Figures } from "./measurement.ts";
import type { Job } from "./simulation.ts";
import type { Outcome } from "./worker.ts";

/** Runs jobs on every core, each in order of asking. */
export class Runners implements Disposable {
  readonly #idle: Worker[];
  readonly #all: readonly Worker[];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  constructor(count = navigator.hardwareConcurrency) {
    const url = new URL("./worker.ts", import.meta.url);
    this.#all = Array.from({ length: count }, () => new Worker(url, { type: "module" }));
    this.#idle = [...this.#all];
  }

  /** @throws {Inconsistency} */
  async run(job: Job): Promise<Figures> {
    const worker = this.#idle.pop() ?? await new Promise<Worker>((resolve) => this.#waiting.push(resolve));
    try {
      return await new Promise<Figures>((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
          if ("figures" in data) resolve(data.figures);
          else reject(new Inconsistency(data.inconsistency));
        };
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
        worker.postMessage(job);
      });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  [Symbol.dispose](): void {
    for (const worker of this.#all) worker.terminate();
  }
}
