import { configSource, Program, type ProgramOptions } from "../program.ts";
import { Load } from "./load.ts";

/** Milliseconds for which the gateway does not run at times: longer than servers may be silent. */
const SUSPENDED = 3750;

/** What a storm is besides its kills. */
export interface StormOptions {
  /** Before each so many-th kill, the gateway does not run for a while, as on a machine that is suspended. */
  readonly suspendEvery: number;
  /** Told now and then how far it is. */
  readonly told: (progress: string) => void;
}

/** What a storm has shown. */
export interface Outcome {
  readonly cycles: number;
  readonly faults: readonly string[];
  readonly counts: Load["ledger"]["counts"];
}

/**
 * A gateway under load that is killed, stopped and started again, cycle by cycle, with servers that do not always read its
 * answers; everything that it promises is noted, and held against what comes.
 */
export class Storm {
  readonly #load: Load;
  readonly #program: ProgramOptions;
  #running: (Program & { readonly url: string }) | undefined;
  #url = "http://127.0.0.1:9";

  constructor(folder: string, readonly options: StormOptions) {
    this.#load = new Load({
      next: () => this.#url,
      sound: () => [this.#url],
      hasFailed: () => false,
      mayBeStale: () => false,
      mayExceed: () => true,
      mayComeAgain: () => false,
    }, true);
    this.#program = { config: configSource(this.#load.config), folder };
  }

  /** So many kills, then a calm in which everything that waits must arrive. */
  async run(cycles: number): Promise<Outcome> {
    await this.#start();
    await this.#load.start();
    const { faults, counts } = this.#load.ledger;
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await sleep(100 + Math.random() * 700);
      if (cycle % this.options.suspendEvery === 0) await this.#suspend();
      await this.#running!.stop("SIGKILL");
      await this.#start();
      await this.#load.tryBans();
      if (cycle % 10 === 0) this.options.told(`${cycle} of ${cycles} kills, ${faults.length} faults`);
    }
    await this.#load.end();
    await this.#running!.stop();
    return { cycles, faults, counts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.abandon();
    await this.#running?.stop("SIGKILL");
  }

  async #start(): Promise<void> {
    this.#running = await Program.start(this.#program);
    this.#url = this.#running.url;
  }

  /** As a machine that is suspended. */
  async #suspend(): Promise<void> {
    this.#running!.kill("SIGSTOP");
    await sleep(SUSPENDED);
    this.#running!.kill("SIGCONT");
    await sleep(1000);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
