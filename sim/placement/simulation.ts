import { type FleetSettings } from "../../src/fleet/mod.ts";
import { strategies } from "../../src/fleet/placement/mod.ts";
import { type Contender, contenders } from "./contenders.ts";
import { generate, type ScenarioName, scenarios } from "./scenarios.ts";
import { readTrace } from "./trace.ts";
import type { Workload } from "./workload.ts";
import { type Figures, World } from "./world.ts";

/** One run: what happens, how full the fleet is, and who places the rooms. */
export interface Job {
  /** A scenario, or the file of a trace. */
  readonly workload: { readonly scenario: ScenarioName; readonly load: number } | { readonly trace: string };
  readonly seed: number;
  readonly contender: string;
}

/** What a run came to, without the loads of servers unless they are wanted. */
export type Outcome = Figures;

/** The gateway's defaults; limits that no simulation is to reach. */
const SETTINGS: FleetSettings = {
  placement: {
    strategy: "expected",
    choose: strategies.expected,
    ceiling: 0.95,
    overload: "place",
    spill: new Map(),
    defaultSize: 10,
    growthWindow: 900_000,
  },
  updateInterval: 5000,
  disableTimeout: 7500,
  removeTimeout: 600_000,
  tokenLifetime: 300_000,
  grantTimeout: 15_000,
  taskLifetime: 86_400_000,
  limits: {
    bans: 0,
    tasksPerServer: 10_000,
    taskBytesPerServer: 16 * 1024 * 1024,
    unlistedRooms: 1_000_000,
    servers: 10_000,
    kinds: 10_000,
    explanations: 0,
  },
};

let latest: { readonly key: string; readonly workload: Workload } | undefined;

/** The same job gives the same outcome. */
export function simulate({ workload, seed, contender }: Job): Outcome {
  const key = JSON.stringify([workload, seed]);
  if (latest?.key !== key) latest = { key, workload: workloadOf(workload, seed) };
  return new World(latest.workload, contenderOf(contender), SETTINGS, seed).run();
}

function workloadOf(workload: Job["workload"], seed: number): Workload {
  if ("trace" in workload) return readTrace(Deno.readTextFileSync(workload.trace));
  return generate(scenarios[workload.scenario], workload.load, seed);
}

function contenderOf(name: string): Contender {
  return contenders.find((contender) => contender.name === name)!;
}
