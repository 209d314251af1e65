import assert from "node:assert/strict";
import { ClockWatch } from "./clock_watch.ts";

const LOOKS: readonly (readonly [what: string, differences: readonly number[], told: readonly string[]])[] = [
  ["clocks that agree are nothing to say", [0, 4000, -5000, 0], []],
  ["what differs from the start on is said at once, and once", [6000, 6000, 7000], ["6 s ahead of"]],
  ["a clock that is behind is told from one that is ahead", [-90_000], ["90 s behind"]],
  ["what begins later is said at the second look", [0, 6000, 6100], ["6 s ahead of"]],
  ["a moment is nothing to say", [0, 6000, 0, 6000, 0, 0], []],
  ["that it ends is said, and that it begins again", [6000, 0, 0, 8000, 8000, 0, 0], [
    "6 s ahead of",
    "agrees",
    "8 s ahead of",
    "agrees",
  ]],
  ["a moment in which they agree is nothing to say", [6000, 0, 6000, 0, 6000], ["6 s ahead of"]],
];

for (const [what, differences, expected] of LOOKS) {
  Deno.test(`of the clocks of a machine and of Redis's, ${what}`, () => {
    const told: string[] = [];
    let difference = 0;
    const watch = new ClockWatch(() => difference, {
      differs: (concern) => told.push(/\d+ s (ahead of|behind)/.exec(concern)?.[0] ?? concern),
      agrees: () => told.push("agrees"),
    });
    for (difference of differences) watch.look();
    assert.deepEqual(told, expected);
  });
}
