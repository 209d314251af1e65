import assert from "node:assert/strict";
import { Storm } from "../sim/chaos/storm.ts";
import { TemporaryFolder } from "../sim/program.ts";

/** `deno task chaos` does the same for longer. */
const KILLS = 12;

Deno.test(`killed ${KILLS} times, by servers that do not always read its answers, the gateway keeps its promises`, async () => {
  using folder = new TemporaryFolder();
  await using storm = new Storm(folder.path, { suspendEvery: 6, told: () => {} });
  const { faults, counts } = await storm.run(KILLS);
  assert.deepEqual(faults, []);
  const { connects, acknowledged, bans, reads, again } = counts;
  assert.ok(Math.min(connects, acknowledged, bans, reads, again) > KILLS, JSON.stringify(counts));
});
