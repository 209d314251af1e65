import assert from "node:assert/strict";
import { seededRandom } from "../../fleet/testing.ts";
import { anyChange } from "../testing.ts";
import { readChanges, writeChange } from "./changes.ts";

const CLOCK = { toUnixTime: (time: number) => time, fromUnixTime: (time: number) => time };

const VERSIONS: readonly (readonly [string, (members: unknown[]) => unknown[]])[] = [
  ["a later version, which has further members", (members) => [...members, 7]],
  ["an earlier version, which has none of the optional members at the end", (members) => {
    const last = members.findLastIndex((member) => member !== null);
    return members.slice(0, last + 1);
  }],
];

for (const [whose, changed] of VERSIONS) {
  Deno.test(`changes of ${whose}, are read as those of this one`, () => {
    const random = seededRandom(1);
    let differ = 0;
    for (let i = 0; i < 3000; i++) {
      const text = writeChange(anyChange(random), CLOCK);
      if (text === undefined) continue;
      const its = JSON.stringify(changed(JSON.parse(text)));
      if (its !== text) differ++;
      const read = readChanges(`[${its}]`, CLOCK);
      assert.deepEqual(read, readChanges(`[${text}]`, CLOCK), its);
      assert.equal(read.changes.length, 1, its);
    }
    assert.ok(differ > 100);
  });
}
