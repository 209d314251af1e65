import assert from "node:assert/strict";
import { defaultFleetSettings, type Model, strategies } from "../../src/fleet/mod.ts";
import type { Contender } from "./contenders.ts";
import { Inconsistency } from "./inconsistency.ts";
import { linear, type Workload } from "./workload.ts";
import { World } from "./world.ts";

const MINUTE = 60_000;

/** One server, and a room that somebody joins every minute. */
const workload: Workload = {
  servers: [{ address: "s:1", capacity: 100, phase: 0 }],
  rooms: [{
    namespace: "acme",
    name: "r",
    joins: Array.from({ length: 12 }, (_, minute) => (minute + 0.5) * MINUTE),
    leaves: new Array(12).fill(13 * MINUTE),
    ends: 13 * MINUTE,
  }],
  incidents: [],
  warmUp: 0,
  work: linear,
  end: 12 * MINUTE,
  reportInterval: 5000,
  loadNoise: 0,
  lostReports: 0,
  staleReports: 0,
};

/** A contender, and what it does to the model with each grant. */
function contender(spoil: (model: Model, now: number) => void): Contender {
  return {
    name: "test",
    about: "",
    placement: () => ({ choose: strategies.expected }),
    granted: ({ model, now }) => spoil(model, now),
  };
}

const run = (spoil: (model: Model, now: number) => void) =>
  new World(workload, contender(spoil), defaultFleetSettings(), 1).run();

Deno.test("a simulation of placement ends with an error once the model does not agree with itself", () => {
  assert.equal(run(() => {}).refused, 0);
  assert.throws(
    () => run((model, now) => now > 6 * MINUTE && model.rooms++),
    (error) =>
      error instanceof Inconsistency && /^after 10\.0 simulated minutes the model/.test(error.message),
  );
});

Deno.test("what goes wrong after the last comparison of a simulation is seen at its end", () => {
  assert.throws(
    () => run((model, now) => now > 11 * MINUTE && model.rooms++),
    (error) => error instanceof Inconsistency && error.message.startsWith("after 12.0"),
  );
});
