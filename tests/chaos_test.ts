import assert from "node:assert/strict";
import { SeveralStorm } from "../sim/chaos/several.ts";
import { Storm } from "../sim/chaos/storm.ts";
import { TemporaryFolder } from "../sim/program.ts";
import { RedisProcess } from "../sim/redis_process.ts";
import { NO_REDIS } from "../src/store/redis/testing.ts";

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

Deno.test({
  name:
    "three gateways and their Redis, killed, stopped and cut off in every way there is, keep their promises",
  ignore: NO_REDIS,
  async fn() {
    using folder = new TemporaryFolder();
    await using redis = await RedisProcess.start(folder.path);
    assert.ok(redis !== undefined);
    const story: string[] = [];
    const told = (what: string) => void story.push(what);
    await using storm = new SeveralStorm(folder.path, redis, { gateways: 3, duration: 1, told });
    const { done, faults, counts } = await storm.run();
    assert.deepEqual(faults, [], story.join("\n"));
    assert.equal(Object.keys(done).length, 9);
    const { connects, acknowledged, bans, bansTried, reads, limited } = counts;
    assert.ok(Math.min(connects, acknowledged, bans, bansTried, reads, limited) > 20, JSON.stringify(counts));
  },
});
