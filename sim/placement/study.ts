import { contenders } from "./contenders.ts";
import type { Figures } from "./measurement.ts";
import type { Runners } from "./runners.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import type { Job } from "./simulation.ts";
import { type Estimate, estimate } from "./statistics.ts";

/** What is to be found out. */
export interface Study {
  readonly workload:
    | { readonly scenario: ScenarioName; readonly cold: boolean }
    | { readonly trace: string };
  readonly contenders: readonly string[];
  /** Mean loads to run at; a trace has its own. */
  readonly loads: readonly number[];
  readonly seeds: readonly number[];
  /** Whether to look for how full the fleet can be run. */
  readonly capacity: boolean;
}

/** A contender's figures at one load. */
export interface Measured {
  readonly load: number;
  readonly overloaded: Estimate;
  readonly excess: Estimate;
  readonly peakToMean: Estimate;
  readonly roomsMoved: Estimate;
  readonly refused: Estimate;
}

/** What became of a contender. */
export interface Standing {
  readonly name: string;
  readonly about: string;
  readonly at: readonly Measured[];
  /** Mean load at which so much client time as {@link TOLERATED} is overloaded. */
  readonly fullest: Estimate | undefined;
  /** Load of each server over time in the run of the first seed at the highest load. */
  readonly loadsOverTime: Pick<Figures, "loads" | "interval">;
}

export interface Result {
  readonly name: string;
  readonly about: string;
  readonly loads: readonly number[];
  readonly seeds: number;
  readonly capacity: boolean;
  readonly contenders: readonly Standing[];
}

/** Share of client time that may be overloaded where it is asked how full a fleet can be run. */
const TOLERATED = 0.001;

/** How closely that is looked for. */
const LOOK = { from: 0.2, to: 0.98, steps: 6 };

/**
 * Runs everything that a study asks for.
 *
 * @param progress called with how many runs are done, of how many that are asked for so far
 */
export async function carryOut(
  study: Study,
  runners: Runners,
  progress: (done: number, asked: number) => void,
): Promise<Result> {
  const { workload } = study;
  const recorded = "trace" in workload;
  const loads = recorded ? [NaN] : study.loads;
  const seeds = recorded ? [1] : study.seeds;
  let [done, asked] = [0, 0];
  const run = async (contender: string, load: number, seed: number): Promise<Figures> => {
    const its: Job["workload"] = recorded ? workload : { ...workload, load };
    asked++;
    const outcome = await runners.run({ workload: its, seed, contender });
    progress(++done, asked);
    return outcome;
  };
  const standings = study.contenders.map(async (name): Promise<Standing> => {
    const outcomes = await Promise.all(
      loads.map((load) => Promise.all(seeds.map((seed) => run(name, load, seed)))),
    );
    const fullest = study.capacity && !recorded
      ? estimate(await Promise.all(seeds.map((seed) => fullestLoad((load) => run(name, load, seed)))))
      : undefined;
    return {
      name,
      about: contenders.find((contender) => contender.name === name)!.about,
      at: outcomes.map((its, i) => measured(recorded ? its[0]!.meanLoad : loads[i]!, its)),
      fullest,
      loadsOverTime: outcomes.at(-1)![0]!,
    };
  });
  const ended = await Promise.all(standings);
  return {
    name: recorded ? workload.trace : `${workload.scenario}${workload.cold ? ", cold" : ""}`,
    about: recorded ? "a recorded trace" : scenarios[workload.scenario].about,
    loads: ended[0]!.at.map(({ load }) => load),
    seeds: seeds.length,
    capacity: study.capacity && !recorded,
    contenders: ended,
  };
}

function measured(load: number, outcomes: readonly Figures[]): Measured {
  const of = (figure: (outcome: Figures) => number) => estimate(outcomes.map(figure));
  return {
    load,
    overloaded: of(({ overloaded }) => overloaded),
    excess: of(({ excess }) => excess),
    peakToMean: of(({ peakToMean }) => peakToMean),
    roomsMoved: of(({ roomsMoved }) => roomsMoved),
    refused: of(({ refused }) => refused),
  };
}

/** The highest mean load at which little enough is overloaded, by halving the interval. */
async function fullestLoad(run: (load: number) => Promise<Figures>): Promise<number> {
  let [low, high]: [number, number] = [LOOK.from, LOOK.to];
  for (let step = 0; step < LOOK.steps; step++) {
    const middle = (low + high) / 2;
    if ((await run(middle)).overloaded <= TOLERATED) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
