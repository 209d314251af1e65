import assert from "node:assert/strict";
import type { Change } from "../../fleet/mod.ts";
import { seededRandom } from "../../fleet/testing.ts";
import { Tables } from "../rules.ts";
import { anyChange, loaded } from "../testing.ts";
import { RedisStore } from "./store.ts";
import { NO_REDIS, OPTIONS, RedisServer } from "./testing.ts";

const SEEDS = 12;
const BATCHES = 60;

/** Without members that are undefined, which JSON has not; times to the second, as each gateway measures Redis's time. */
function plain(value: unknown): unknown {
  const times = ["until", "expires", "at", "deadline"];
  return JSON.parse(
    JSON.stringify(value, (key, its) => times.includes(key) && its !== null ? Math.round(its / 1000) : its),
  );
}

function sorted(rows: Iterable<object>): string[] {
  return Array.from(rows, (row) => {
    const { firstSeen: _, ...others } = row as { readonly firstSeen?: number };
    return JSON.stringify(plain(Object.entries(others).toSorted()));
  }).sort();
}

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test({
    name: `Redis decides as the rules do (seed ${seed})`,
    ignore: NO_REDIS,
    async fn() {
      await using server = await RedisServer.start();
      const told: Change[] = [];
      const one = await RedisStore.open(server.settings, OPTIONS);
      const other = await RedisStore.open(server.settings, {
        ...OPTIONS,
        others: (changes) => told.push(...changes),
      });
      await loaded(one);
      await loaded(other);
      const tables = new Tables();
      const expected: Change[] = [];
      const random = seededRandom(seed);
      for (let batch = 0; batch < BATCHES; batch++) {
        const commits = Array.from(
          { length: 1 + Math.floor(random() * 3) },
          () => Array.from({ length: Math.floor(random() * 8) }, () => anyChange(random)),
        );
        const committed = await Promise.all(commits.map((changes) => one.commit(changes, "process")));
        commits.forEach((changes, i) => {
          const { order = NaN, instead } = committed[i]!;
          const applied = tables.apply(changes, order, 0);
          assert.deepEqual(plain(instead), plain(applied.instead), JSON.stringify(changes));
          expected.push(...applied.accepted);
        });
      }
      await other.catchUp();
      assert.deepEqual(plain(told), plain(expected));
      const stored = await loaded(one);
      const kept = tables.snapshot();
      for (const kind of ["servers", "placements", "rooms", "bans", "tasks", "kinds", "names"] as const) {
        assert.deepEqual(sorted(stored[kind]), sorted(kept[kind]), kind);
      }
      const byServer = Object.groupBy(stored.handOvers, ({ server }) => server);
      assert.deepEqual(byServer, Object.groupBy(tables.handOvers, ({ server }) => server));
      for (const { namespace, group } of [...kept.placements, { namespace: "no", group: "where" }]) {
        const explanation = await other.explanation(namespace, group);
        assert.deepEqual(plain(explanation ?? null), plain(tables.explanation(namespace, group) ?? null));
      }
      await one.close();
      await other.close();
    },
  });
}
