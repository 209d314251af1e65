import { median } from "./statistics.ts";
import { wrk } from "./wrk.ts";

/** The program of `listener.ts`: a gateway behind one of two listeners. */
class ListenerProgram implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor(which: "own" | "runtime", entry: object) {
    const script = new URL("./listener.ts", import.meta.url).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        "--allow-read",
        script,
        which,
        JSON.stringify(entry),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#process.stdin.getWriter();
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("the gateway behind a listener ended");
    return value.trim();
  }

  /** Seconds of processor time that it has used. */
  async processorTime(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return Number(await this.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
    await this.#lines.cancel();
  }
}

/**
 * Processor time of a Connect behind our own listener and behind the runtime's, in microseconds: the median of each, and of
 * their ratios. The two take turns, because the machine drifts.
 */
export async function listenerCost(
  entry: object,
  tokens: string,
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: number },
): Promise<{ own: number; runtime: number; ratio: number }> {
  await using own = new ListenerProgram("own", entry);
  await using runtime = new ListenerProgram("runtime", entry);
  const urls = new Map([[own, await own.line()], [runtime, await runtime.line()]]);
  const cost = async (program: ListenerProgram) => {
    const before = await program.processorTime();
    const { granted, refused } = await wrk(urls.get(program)!, tokens, { seconds, connections });
    if (refused > 0) throw new Error(`${refused} Connects were refused`);
    return (await program.processorTime() - before) / granted * 1e6;
  };
  for (const program of urls.keys()) await cost(program);
  const costs: { own: number; runtime: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    costs.push({ own: await cost(own), runtime: await cost(runtime) });
  }
  return {
    own: median(costs.map(({ own }) => own)),
    runtime: median(costs.map(({ runtime }) => runtime)),
    ratio: median(costs.map(({ own, runtime }) => own / runtime)),
  };
}
