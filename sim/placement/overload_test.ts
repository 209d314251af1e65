import assert from "node:assert/strict";
import { fleetSettings } from "../../src/config/fleet_settings.ts";
import { readConfig } from "../../src/config/load.ts";
import { contenders } from "./contenders.ts";
import { generate } from "./generate.ts";
import type { Figures } from "./measurement.ts";
import { scenarios } from "./scenarios.ts";
import { World } from "./world.ts";

const SETTINGS = fleetSettings(readConfig({}).settings);

function run(scenario: "surge" | "small" | "kinds", load: number, contender: string, seed = 1): Figures {
  const workload = generate(scenarios[scenario], load, seed);
  return new World(workload, contenders.find(({ name }) => name === contender)!, SETTINGS, seed).run();
}

/** The mean of a figure over three seeds: a single one is a matter of luck. */
function mean(runs: readonly Figures[], figure: "excess" | "peakToMean"): number {
  return runs.reduce((sum, its) => sum + its[figure], 0) / runs.length;
}

/** The highest load of a server ÷ the mean, at the end of a run. */
function peakAtEnd({ loads }: Figures): number {
  const last = loads.map((its) => its.at(-1)!);
  return Math.max(...last) * last.length / last.reduce((sum, load) => sum + load, 0);
}

Deno.test("a fleet to which for half an hour comes twice what it can take does not run away, and recovers", () => {
  const ours = run("surge", 0.95, "expected");
  const mostAtOnce = Math.max(...ours.loads.flat());
  assert.ok(mostAtOnce > 1.3, "it is driven over its capacity");
  assert.ok(ours.peakToMean < 1.15, `${ours.peakToMean}`);
  assert.ok(peakAtEnd(ours) < 1.3, `${peakAtEnd(ours)}`);
  const simple = run("surge", 0.95, "least-load");
  assert.ok(ours.excess < simple.excess + 0.005, `${ours.excess}, ${simple.excess}`);
});

for (
  const [scenario, load, what] of [
    ["kinds", 1.5, "half as much again as it can take"],
    ["kinds", 0.9, "nearly all that it can take"],
    ["small", 0.9, "rooms larger than any server"],
  ] as const
) {
  Deno.test(`a fleet that gets ${what} is not behind one that only looks at loads`, () => {
    const [ours, simple] = ["expected", "least-load"].map((name) =>
      [1, 2, 3].map((seed) => run(scenario, load, name, seed))
    );
    for (const [figure, more] of [["excess", 0.005], ["peakToMean", 0.02]] as const) {
      const [its, other] = [mean(ours!, figure), mean(simple!, figure)];
      assert.ok(its <= other + more, `${figure} ${its}, ${other}`);
    }
  });
}
