/**
 * `deno task simulate`, but for `faults`: strategies of placement side by side, in simulated time, on the gateway's own model.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../../src/command_line/command.ts";
import { unwritable } from "../../src/config/load.ts";
import { StartError } from "../../src/start_error.ts";
import { contenders } from "./contenders.ts";
import { page } from "./page.ts";
import { Runners } from "./runners.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { carryOut, type Result, type Study } from "./study.ts";
import { table } from "./table.ts";
import { readTrace, TraceError } from "./trace.ts";

interface Options {
  readonly load: readonly number[];
  readonly seeds: number;
  readonly strategy: readonly string[];
  readonly cold: boolean;
  readonly capacity: boolean;
  readonly json: boolean;
  readonly html?: string;
  readonly trace?: string;
}

const SCENARIOS = Object.keys(scenarios) as ScenarioName[];
const STRATEGIES = contenders.map(({ name }) => name);

/** More take days, and tell nothing new. */
const MOST_SEEDS = 1000;

const NOTES = `
Scenarios:
${SCENARIOS.map((name) => `  ${name.padEnd(11)} ${scenarios[name].about}`).join("\n")}

Strategies:
${contenders.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n")}`;

function parseArguments(args: readonly string[]): { studies: Study[]; options: Options } | undefined {
  const command = new Command("deno task simulate")
    .description(
      "Places the rooms of simulated fleets by several strategies, and shows what becomes of the servers.",
    )
    .addHelpText("after", NOTES)
    .argument(
      "[scenarios...]",
      "which scenarios, or all of them (default: standard)",
      (text, before?: string[]) => {
        const names = text === "all" ? SCENARIOS : [oneOf(SCENARIOS, text)];
        return [...before ?? [], ...names];
      },
    )
    .option("--load <shares>", "mean loads of the fleet, between 0 and 1", loads, [0.6, 0.75])
    .option("--seeds <number>", "runs of each, with other clients", seedCount, 3)
    .option(
      "--strategy <names>",
      "which strategies",
      (text) => text.split(",").map((name) => oneOf(STRATEGIES, name)),
    )
    .option("--cold", "count from the beginning, while nothing is learned", false)
    .option("--capacity", "look for how full the fleet can be run, too: takes four times as long", false)
    .option("--trace <file>", "replay what a gateway recorded (start --record) instead of a scenario")
    .option("--json", "print the figures as JSON", false)
    .option("--html <file>", "write a page with plots");
  const print = parseCommand(command, args);
  if (print !== undefined) {
    console.log(print);
    return undefined;
  }
  const options = command.opts<Options>();
  const { load, seeds, cold, capacity, trace, html } = options;
  if (html !== undefined) makeFile(html);
  const common = {
    contenders: options.strategy ?? STRATEGIES,
    loads: load,
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    capacity,
  };
  const asked = command.processedArgs[0] as ScenarioName[];
  const names: ScenarioName[] = asked.length > 0 ? asked : ["standard"];
  const studies: Study[] = trace === undefined
    ? names.map((scenario) => ({ workload: { scenario, cold }, ...common }))
    : [{ workload: { trace: checked(trace) }, ...common }];
  return { studies, options };
}

function oneOf<Name extends string>(known: readonly Name[], text: string): Name {
  const name = known.find((each) => each === text);
  if (name === undefined) throw new InvalidArgumentError(`expected ${known.join(", ")}.`);
  return name;
}

function loads(text: string): number[] {
  const its = text.split(",").map(Number);
  if (!its.every((load) => load > 0 && load < 1)) {
    throw new InvalidArgumentError("expected numbers between 0 and 1, with commas.");
  }
  return its;
}

function seedCount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MOST_SEEDS) {
    throw new InvalidArgumentError(`expected a whole number from 1 to ${MOST_SEEDS}.`);
  }
  return number;
}

/** Makes sure, before everything is simulated, that the page can be written; one that is there stays until then. */
function makeFile(file: string): void {
  try {
    Deno.openSync(file, { write: true, create: true }).close();
  } catch (error) {
    throw unwritable("--html", file, error);
  }
}

/** A trace that can be read. */
function checked(file: string): string {
  try {
    readTrace(Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof TraceError) throw new StartError(`${file}: ${error.message}`);
    if (error instanceof Deno.errors.NotFound) throw new StartError(`${file}: no such file`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`${file} cannot be read: ${reason}`, { cause: error });
  }
  return file;
}

function showProgress(done: number, asked: number): void {
  if (!Deno.stderr.isTerminal()) return;
  const text = done < asked ? `${done} of ${asked} runs` : "";
  Deno.stderr.writeSync(new TextEncoder().encode(`\r${text.padEnd(30)}\r`));
}

/** @throws {StartError} naming the option that is wrong */
export async function simulatePlacement(args: readonly string[]): Promise<void> {
  const parsed = parseArguments(args);
  if (parsed === undefined) return;
  const { studies, options } = parsed;
  using runners = new Runners();
  const results: Result[] = [];
  for (const study of studies) {
    const result = await carryOut(study, runners, showProgress);
    results.push(result);
    if (!options.json) console.log(`${result.name}: ${result.about}\n\n${table(result)}\n`);
  }
  const figures = results.map(({ contenders, ...result }) => ({
    ...result,
    contenders: contenders.map(({ loadsOverTime: _, ...standing }) => standing),
  }));
  if (options.json) console.log(JSON.stringify(figures, null, 2));
  else {
    console.log(
      `Overloaded: share of client time on servers above 85 % load. Excess: load above 85 % of its server ÷ all load. ${
        studies[0]!.capacity ? "Fullest: mean load at which that comes to 0.1 %. " : ""
      }${
        results[0]!.seeds > 1
          ? `± is half of the 95 % confidence interval, over ${results[0]!.seeds} seeds.`
          : ""
      }`,
    );
  }
  if (options.html !== undefined) Deno.writeTextFileSync(options.html, page(results));
}
