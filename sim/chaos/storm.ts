import { configSource, type Listening, Program, type ProgramOptions } from "../program.ts";
import { sleep } from "../sleep.ts";
import { Load, NOWHERE } from "./load.ts";

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
  readonly #programOptions: ProgramOptions;
  /** The latest. */
  #program: Listening | undefined;

  constructor(folder: string, readonly options: StormOptions) {
    this.#load = new Load({
      next: () => this.#url(),
      sound: () => [this.#url()],
      hasFailed: () => false,
      mayExceedBy: () => Infinity,
      mayComeAgain: () => false,
    }, true);
    this.#programOptions = { config: configSource(this.#load.config), folder };
  }

  /** So many kills, then a calm in which everything that waits must arrive. */
  async run(cycles: number): Promise<Outcome> {
    let program = await this.#start();
    await this.#load.start();
    const { faults, counts } = this.#load.ledger;
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await sleep(100 + Math.random() * 700);
      if (cycle % this.options.suspendEvery === 0) await suspend(program);
      await program.stop("SIGKILL");
      program = await this.#start();
      await this.#load.tryBans();
      if (cycle % 10 === 0) this.options.told(`${cycle} of ${cycles} kills, ${faults.length} faults`);
    }
    await this.#load.end();
    await program.stop();
    return { cycles, faults, counts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.abandon();
    await this.#program?.stop("SIGKILL");
  }

  #url(): string {
    return this.#program?.url ?? NOWHERE;
  }

  async #start(): Promise<Listening> {
    return this.#program = await Program.start(this.#programOptions);
  }
}

/** As a machine that is suspended. */
async function suspend(program: Program): Promise<void> {
  program.kill("SIGSTOP");
  await sleep(SUSPENDED);
  program.kill("SIGCONT");
  await sleep(1000);
}
