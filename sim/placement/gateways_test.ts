import assert from "node:assert/strict";
import { fleetSettings } from "../../src/config/fleet_settings.ts";
import { readConfig } from "../../src/config/load.ts";
import { contenders } from "./contenders.ts";
import { generate } from "./generate.ts";
import { scenarios } from "./scenarios.ts";
import { World } from "./world.ts";

const SETTINGS = fleetSettings(readConfig({}).settings);

Deno.test("three gateways place rooms as well as one, though each knows 50 ms later what the others do", () => {
  const run = (gateways: number) => {
    const contender = contenders.find(({ name }) => name === "expected")!;
    const runs = [1, 2, 3, 4, 5, 6].map((seed) =>
      new World(generate(scenarios.kinds, 0.6, seed), contender, SETTINGS, seed, gateways).run()
    );
    const mean = (figure: "peakToMean" | "overloaded") =>
      runs.reduce((sum, its) => sum + its[figure], 0) / runs.length;
    return { peakToMean: mean("peakToMean"), overloaded: mean("overloaded") };
  };
  const [one, three] = [run(1), run(3)]; // of a single seed they differ by up to three points, either way
  assert.ok(three.peakToMean <= 1.05 * one.peakToMean, `${three.peakToMean}, ${one.peakToMean}`);
  assert.ok(three.overloaded <= one.overloaded + 0.005, `${three.overloaded}, ${one.overloaded}`);
});
