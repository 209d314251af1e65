import { join } from "node:path";
import { configSource, Program } from "../sim/program.ts";
import { reportBody, sendReport } from "./fleet_report.ts";
import { median } from "./statistics.ts";
import { wrk } from "./wrk.ts";

/** Limits that are counted and never reached: those of the defaults are below what a load generator sends by one key. */
const ON = { perKey: 1_000_000, perCustomer: 1_000_000 };
const OFF = { perKey: "off", perCustomer: "off", perAddress: "off", concurrentPerAddress: "off" };

/** Clock ticks a second in `/proc/<pid>/stat`. */
const TICKS = 100;

/** Seconds of processor time that a process has used. Read by `cat`: the runtime opens `/proc` only to who may do everything. */
async function processorTime(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  const stat = new TextDecoder().decode(stdout);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Processor time of a Connect with metrics, all limits and a trusted proxy, and with none of it, in microseconds: the median of
 * each, and of their ratios. The two take turns, because the machine drifts.
 */
export async function limitsCost(
  config: object,
  folder: string,
  tokens: string,
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: number },
): Promise<{ limited: number; unlimited: number; ratio: number }> {
  const start = async (name: string, more: object) => {
    const its = join(folder, name);
    Deno.mkdirSync(its);
    const program = await Program.start({ config: configSource({ ...config, ...more }), folder: its });
    for (let server = 0; server < 10; server++) await sendReport(program.url, reportBody(server, 10));
    return program;
  };
  await using on = await start("limited", { rates: ON, trustedProxies: ["127.0.0.1"] });
  await using off = await start("unlimited", {
    rates: OFF,
    shedding: { delay: "off" },
    operations: { enabled: false },
  });
  const cost = async ({ url, pid }: Program & { readonly url: string }) => {
    const before = await processorTime(pid);
    const { granted, refused } = await wrk(url, tokens, { seconds, connections, forwarded: true });
    if (refused > 0) throw new Error(`${refused} Connects were refused`);
    return (await processorTime(pid) - before) / granted * 1e6;
  };
  for (const program of [on, off]) await cost(program);
  const costs: { limited: number; unlimited: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    // The order changes from round to round, so that a drift of the machine falls on both.
    const first = round % 2 === 0 ? await cost(on) : undefined;
    const unlimited = await cost(off);
    costs.push({ limited: first ?? await cost(on), unlimited });
  }
  return {
    limited: median(costs.map(({ limited }) => limited)),
    unlimited: median(costs.map(({ unlimited }) => unlimited)),
    ratio: median(costs.map(({ limited, unlimited }) => unlimited / limited)),
  };
}
