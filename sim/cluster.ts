import { type Listening, Program } from "./program.ts";

/** How gateways are started that share a Redis. */
export interface ClusterOptions {
  readonly gateways: number;
  /** The source of their `config.ts`, in which they listen on free ports. */
  readonly config: string;
  /** Each has a folder of its own in it. */
  readonly folder: string;
  /** Where the one with this number finds Redis. */
  readonly redis: (gateway: number) => string;
}

/** Several gateways that share a Redis, each a process of its own. */
export class Cluster implements AsyncDisposable {
  readonly #running: (Listening | undefined)[];
  /** Options by which each gets the ports again that it had. */
  readonly #ports = new Map<number, readonly string[]>();

  private constructor(readonly options: ClusterOptions) {
    this.#running = Array.from({ length: options.gateways }, () => undefined);
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      for (let i = 0; i < options.gateways; i++) await cluster.start(i);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Starts one, also once more, and waits until it listens. */
  async start(gateway: number): Promise<void> {
    const { config, folder, redis } = this.options;
    const own = `${folder}/gateway-${gateway + 1}`;
    Deno.mkdirSync(own, { recursive: true });
    const ports = this.#ports.get(gateway) ?? [];
    const args = ["--store", redis(gateway), ...ports];
    const program = await Program.start({ config, folder: own, args });
    this.#running[gateway] = program;
    const operations = operationsOf(program);
    this.#ports.set(gateway, [
      ...["--port", new URL(program.url).port],
      ...operations === undefined ? [] : ["--operations", new URL(operations).host],
    ]);
  }

  /** Ends one without any warning. */
  async kill(gateway: number): Promise<void> {
    const program = this.#running[gateway];
    this.#running[gateway] = undefined;
    await program?.stop("SIGKILL");
  }

  /** One that runs; undefined between its end and its start. */
  at(gateway: number): Listening | undefined {
    return this.#running[gateway];
  }

  /** Where those that run listen. */
  get ports(): number[] {
    return this.#running.flatMap((program) =>
      program === undefined ? [] : [Number(new URL(program.url).port)]
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((program) => program?.stop()));
  }
}

/** Where a gateway listens for operators, if it does. */
export function operationsOf({ output }: Program): string | undefined {
  return /operations: .* (http:\S+)/.exec(output)?.[1];
}
