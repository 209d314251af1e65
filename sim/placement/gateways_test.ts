import assert from "node:assert/strict";
import { fleetSettings } from "../../src/config/fleet_settings.ts";
import { readConfig } from "../../src/config/load.ts";
import { contenders } from "./contenders.ts";
import { generate } from "./generate.ts";
import { scenarios } from "./scenarios.ts";
import { estimate } from "./statistics.ts";
import { World } from "./world.ts";

const SETTINGS = fleetSettings(readConfig({}).settings);
const SEEDS = 24;

Deno.test("three gateways place rooms as well as one, though each knows 50 ms later what the others do", () => {
  const contender = contenders.find(({ name }) => name === "expected")!;
  const runs = Array.from({ length: SEEDS }, (_, i) => {
    const workload = generate(scenarios.kinds, 0.6, i + 1);
    const [one, three] = [1, 3].map((gateways) =>
      new World(workload, contender, SETTINGS, i + 1, gateways).run()
    );
    return { one: one!, three: three! };
  });
  /** By how much three exceed one by more than a twentieth, over the seeds: of a single one that may be points, either way. */
  const excess = (figure: "peakToMean" | "overloaded") =>
    estimate(runs.map(({ one, three }) => three[figure] - 1.05 * one[figure]));
  const [peak, overloaded] = [excess("peakToMean"), excess("overloaded")];
  assert.ok(peak.mean + peak.margin < 0, `peak: ${peak.mean} ± ${peak.margin}`); // it is surely within a twentieth
  assert.ok(overloaded.mean < overloaded.margin, `overloaded: ${overloaded.mean} ± ${overloaded.margin}`); // and not surely beyond
});
