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
    const workload = generate(scenarios.kinds, 0.6, 1);
    const contender = contenders.find(({ name }) => name === "expected")!;
    return new World(workload, contender, SETTINGS, 1, gateways).run();
  };
  const [one, three] = [run(1), run(3)];
  assert.ok(three.peakToMean <= 1.05 * one.peakToMean, `${three.peakToMean}, ${one.peakToMean}`);
  assert.ok(three.overloaded <= 1.05 * one.overloaded + 0.001, `${three.overloaded}, ${one.overloaded}`);
});
