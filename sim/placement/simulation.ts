import { fleetSettings } from "../../src/config/fleet_settings.ts";
import { readConfig } from "../../src/config/load.ts";
import { type Contender, contenders } from "./contenders.ts";
import { Inconsistency } from "./inconsistency.ts";
import { generate } from "./generate.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { readTrace } from "./trace.ts";
import type { Workload } from "./workload.ts";
import type { Figures } from "./measurement.ts";
import { World } from "./world.ts";

/** One run: what happens, how full the fleet is, and who places the rooms. */
export interface Job {
  /** A scenario, or the file of a trace. */
  readonly workload:
    | { readonly scenario: ScenarioName; readonly load: number; readonly cold: boolean }
    | { readonly trace: string };
  readonly seed: number;
  readonly contender: string;
}

/** A gateway's without any configuration. */
const SETTINGS = fleetSettings(readConfig({}).settings);

let latest: { readonly key: string; readonly workload: Workload } | undefined;

/**
 * The same job gives the same figures.
 *
 * @throws {Inconsistency} where the model does not agree with itself, with the command that shows it again
 */
export function simulate({ workload, seed, contender }: Job): Figures {
  const key = JSON.stringify([workload, seed]);
  if (latest?.key !== key) latest = { key, workload: workloadOf(workload, seed) };
  try {
    return new World(latest.workload, contenderOf(contender), SETTINGS, seed).run();
  } catch (error) {
    if (!(error instanceof Inconsistency)) throw error;
    const what = "trace" in workload
      ? `--trace ${workload.trace}`
      : `${workload.scenario} --load ${workload.load}${workload.cold ? " --cold" : ""} --seeds ${seed}`;
    const again = `deno task simulate ${what} --strategy ${contender}`;
    throw new Inconsistency(`seed ${seed}: ${error.message}\n  ${again}`, { cause: error });
  }
}

function workloadOf(workload: Job["workload"], seed: number): Workload {
  if ("trace" in workload) return readTrace(Deno.readTextFileSync(workload.trace));
  return generate(scenarios[workload.scenario], workload.load, seed, workload.cold);
}

function contenderOf(name: string): Contender {
  return contenders.find((contender) => contender.name === name)!;
}
