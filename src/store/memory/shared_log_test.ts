import assert from "node:assert/strict";
import type { Address } from "../../fleet/mod.ts";
import { LEASE, SharedLog } from "./shared_log.ts";

const A = "a:1" as Address;
const STEP = 600_000;

/** What a gateway has for ten seconds, and whether another one could have it. */
const HELD: readonly (readonly [what: string, take: (log: SharedLog, by: number) => boolean])[] = [
  ["the right to hand tasks over", (log, by) => log.claimHandOver(A, by, by, 10_000)],
  ["the lead in something", (log, by) => log.lead("fetching", by, 10_000, false)],
  ["a share of a licence", (log, by) => {
    const none = { peers: 0, rooms: 0 };
    const licence = { maxPeers: 5, maxRooms: Infinity };
    return log.share("acme", by, { peers: 5, rooms: 0 }, licence, none, 10_000).peers === 5;
  }],
];

for (const [what, take] of HELD) {
  Deno.test(`in memory, ${what} lasts no longer where the clock is set back`, () => {
    let now = 1_000_000;
    const log = new SharedLog(() => now);
    const [one, other] = [log.join(() => {}), log.join(() => {})];
    assert.equal(take(log, one), true);
    now -= STEP;
    assert.equal(take(log, other), false);
    for (let waited = 0; waited < 10_000; waited += 500) {
      now += 500;
      log.beat(one); // it lives, and asks for nothing
    }
    assert.equal(take(log, other), true);
  });
}

Deno.test("in memory, a gateway lives no longer after its last beat where the clock is set back", () => {
  let now = 1_000_000;
  const log = new SharedLog(() => now);
  const number = log.join(() => {});
  now -= STEP;
  assert.deepEqual(log.living, [number]);
  now += LEASE;
  assert.deepEqual(log.living, [number]);
  now += 1;
  assert.deepEqual(log.living, []);
  assert.equal(log.missing, 1);
});
