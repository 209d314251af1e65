import assert from "node:assert/strict";
import { type Shed, Shedding } from "./shedding.ts";

/** What is put off after looks that were so many milliseconds late, with a limit of a second; and what was told. */
function after(...late: number[]): { shed: Shed; told: Shed[] } {
  const told: Shed[] = [];
  const shedding = new Shedding(1000, (shed) => told.push(shed));
  let now = 0;
  for (const each of late) {
    now += 100 + each;
    shedding.look(now, now - each);
  }
  return { shed: shedding.shed, told };
}

const CASES: [number[], Shed, string][] = [
  [[], "nothing", "before the first look"],
  [[1000, 1000], "nothing", "at the limit"],
  [[60_000], "nothing", "a single pause of the process"],
  [[60_000, 10], "nothing", "a pause that is over"],
  [[1001, 5000], "connects", "above the limit, by the lesser of two looks"],
  [[2000, 2000], "connects", "at twice the limit"],
  [[2001, 2001], "connects and management", "above twice the limit"],
  [[5000, 5000, 1500, 1500], "connects", "when it gets less"],
  [[5000, 5000, 0], "nothing", "as soon as it is in time again"],
];
for (const [late, shed, why] of CASES) {
  Deno.test(`shedding after looks that were ${late.join(" and ") || "none"} ms late: ${shed} (${why})`, () => {
    assert.equal(after(...late).shed, shed);
  });
}

Deno.test("it is told when more is put off, not each time that it comes and goes, and once it is calm", () => {
  const once = [1500, 1500, 0, 1500, 1500, 5000, 5000, 0, 0];
  assert.deepEqual(after(...once).told, ["connects", "connects and management"]);
  const calm = new Array(60).fill(0);
  assert.deepEqual(after(...once, ...calm).told, ["connects", "connects and management", "nothing"]);
  assert.deepEqual(after(...once, ...calm, ...calm, 1500, 1500).told.slice(3), ["connects"]);
});

Deno.test("with a limit of Infinity nothing is ever put off", () => {
  const shedding = new Shedding(Infinity);
  for (let i = 0; i < 3; i++) shedding.look(1e6 * (i + 1), 0);
  assert.equal(shedding.shed, "nothing");
});
