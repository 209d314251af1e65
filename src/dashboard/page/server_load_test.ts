import assert from "node:assert/strict";
import { type CandidateLoad, candidateParts } from "./server_load.ts";
import { expectedLoad } from "../../fleet/placement/expected_load.ts";

const server = { steadyLoad: 0.3, grants: 10, growth: 30, loadPerClient: 0.001, weight: 0.5 };

const candidates = [
  [{ ...server, work: undefined }, "each client costs the same"],
  [{ ...server, work: { exponent: 2, coming: 1300, load: 0.0001 } }, "rooms cost more than their clients"],
  [{ ...server, grants: 0, growth: 0, work: undefined }, "nobody is to come"],
] as const;

for (const [its, where] of candidates) {
  Deno.test(`the parts of a candidate's load add up to what is expected of it where ${where}`, () => {
    const candidate: CandidateLoad = { ...its, expectedLoad: expectedLoad(its, 20) };
    const [now, onItsWay, toGrow, room] = candidateParts(candidate).map(({ value }) => value);
    const alone = expectedLoad(
      { ...its, grants: 0, growth: 0, work: its.work && { ...its.work, coming: 0 } },
      20,
    );
    assert.equal(now, 0.3);
    assert.ok(Math.abs(room! - (alone * its.weight - 0.3)) < 1e-12, `the room has ${room}`);
    assert.ok(Math.abs(toGrow! - 3 * onItsWay!) < 1e-12);
    assert.ok(Math.abs(now! + onItsWay! + toGrow! + room! - candidate.expectedLoad * its.weight) < 1e-12);
  });
}
