import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Cluster } from "../sim/cluster.ts";
import { configSource, Program } from "../sim/program.ts";
import { RedisProcess } from "../sim/redis_process.ts";
import { reportBody, sendReport } from "./fleet_report.ts";
import { mean, median } from "./statistics.ts";
import { wrk } from "./wrk.ts";

/** Clock ticks a second in `/proc/<pid>/stat`. */
const TICKS = 100;

export const CONNECTIONS = 64;

/** Rounds until the runtime has compiled what there is to compile: in the first second a Connect takes half as much again. */
const WARM_UP = 4;

/** A gateway whose Connects are measured; what else it needs ends with it. */
interface Measured extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** What is compared. */
export interface Compared {
  /** Starts a gateway with what is measured, with its files in a folder of its own. */
  readonly dear: (folder: string) => Promise<Measured>;
  /** Starts one without it. */
  readonly plain: (folder: string) => Promise<Measured>;
  /** A file of tokens for a round; both gateways are sent the same. */
  readonly tokens: (round: number) => string | Promise<string>;
  /** Whether the Connects come as a proxy passes them on. */
  readonly forwarded?: boolean;
}

export interface ConnectCost {
  /** Microseconds of processor time of a Connect, the median. */
  readonly dear: number;
  readonly plain: number;
  /** Plain ÷ dear: the mean of the pairs, of each the median of its rounds. */
  readonly ratio: number;
  /** Standard error of that. */
  readonly error: number;
}

/**
 * Processor time of a Connect in two gateways that take turns, because the machine drifts; with many processes of each,
 * because what the runtime's compiler happens to make of one stays with it: up to a tenth of what a Connect takes. Each of
 * the two has a processor of its own while it is measured: what else runs on it, other gateways say, empties its caches.
 */
export async function connectCost(
  folder: string,
  { dear, plain, tokens, forwarded = false }: Compared,
  { pairs, rounds, seconds }: { pairs: number; rounds: number; seconds: number },
): Promise<ConnectCost> {
  const cost = async ({ url, pid }: Measured, file: string) => {
    const before = await processorTime(pid);
    const { granted, refused } = await wrk(url, file, { seconds, connections: CONNECTIONS, forwarded });
    if (refused > 0) throw new Error(`${refused} Connects were refused`);
    return (await processorTime(pid) - before) / granted * 1e6;
  };
  const costs: { dear: number; plain: number }[] = [];
  const ratios: number[] = [];
  let turn = 0;
  await using _ = await Apart.keep();
  for (let pair = 0; pair < pairs; pair++) {
    await using one = await dear(newFolder(folder, `dear-${pair}`));
    await using other = await plain(newFolder(folder, `plain-${pair}`));
    for (const { url, pid } of [one, other]) {
      await Apart.put(pid);
      for (let server = 0; server < 10; server++) await sendReport(url, reportBody(server, 10));
    }
    const ratiosOfPair: number[] = [];
    for (let round = -WARM_UP; round < rounds; round++) {
      const file = await tokens(turn++);
      // The order changes from round to round, so that a drift of the machine falls on both.
      const first = round % 2 === 0 ? await cost(one, file) : undefined;
      const plain = await cost(other, file);
      const both = { dear: first ?? await cost(one, file), plain };
      if (round < 0) continue;
      costs.push(both);
      ratiosOfPair.push(both.plain / both.dear);
    }
    ratios.push(median(ratiosOfPair));
  }
  return {
    dear: median(costs.map(({ dear }) => dear)),
    plain: median(costs.map(({ plain }) => plain)),
    ...meanOf(ratios),
  };
}

/** The first processor, on which nothing runs but what is put there: nothing at all where there is only one. */
class Apart implements AsyncDisposable {
  static readonly #last = navigator.hardwareConcurrency - 1;

  /** From now on this process, and what it starts, runs on the others. */
  static async keep(): Promise<Apart> {
    if (Apart.#last > 0) await runOn(Deno.pid, `1-${Apart.#last}`);
    return new Apart();
  }

  static async put(pid: number): Promise<void> {
    if (Apart.#last > 0) await runOn(pid, "0");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (Apart.#last > 0) await runOn(Deno.pid, `0-${Apart.#last}`);
  }
}

async function runOn(pid: number, processors: string): Promise<void> {
  const args = ["--all-tasks", "--cpu-list", "--pid", processors, String(pid)];
  const { success, stderr } = await new Deno.Command("taskset", { args }).output();
  if (!success) throw new Error(`taskset failed: ${new TextDecoder().decode(stderr)}`);
}

function meanOf(ratios: readonly number[]): { ratio: number; error: number } {
  const ratio = mean(ratios);
  const variance = ratios.reduce((sum, each) => sum + (each - ratio) ** 2, 0) / (ratios.length - 1);
  return { ratio, error: Math.sqrt(variance / ratios.length) };
}

/** A gateway of its own. */
export function alone(config: object, args: readonly string[] = []): (folder: string) => Promise<Measured> {
  return (folder) => Program.start({ config: configSource(config), folder, args });
}

/** The first of several gateways that share a Redis. */
export function oneOf(gateways: number, config: object): (folder: string) => Promise<Measured> {
  return async (folder) => {
    await using started = new AsyncDisposableStack();
    const redis = await RedisProcess.start(folder);
    if (redis === undefined) throw new Error("the bench needs redis-server: apt-get install redis-server");
    started.use(redis);
    const cluster = await Cluster.start({
      gateways,
      config: configSource({
        ...config,
        operations: { port: 0 },
        masterKey: randomBytes(32).toString("base64"),
      }),
      folder,
      redis: () => redis.url,
    });
    started.use(cluster);
    const { url, pid } = cluster.at(0)!;
    const all = started.move();
    return { url, pid, [Symbol.asyncDispose]: () => all.disposeAsync() };
  };
}

function newFolder(...parts: readonly [string, string]): string {
  const folder = join(...parts);
  Deno.mkdirSync(folder, { recursive: true });
  return folder;
}

/** Seconds of processor time that a process has used. Read by `cat`: the runtime opens `/proc` only to who may do everything. */
async function processorTime(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  const stat = new TextDecoder().decode(stdout);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
