import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../../sim/program.ts";
import type { Address, Change, StoredServer } from "../../fleet/mod.ts";
import { type StoreUnderTest, testStore, testStoreOfOne } from "../contract.ts";
import { MIGRATIONS } from "./schema.ts";
import { SqliteStore } from "./store.ts";
import { followed, OPTIONS, someTurns } from "./testing.ts";
import { loaded } from "../testing.ts";

function inFolder(): StoreUnderTest {
  const folder = new TemporaryFolder();
  return {
    open: (options) => SqliteStore.open(folder.path, options),
    dispose: () => folder[Symbol.dispose](),
  };
}
testStore("SQLite", inFolder);
testStoreOfOne("SQLite", inFolder);

for (const version of [1, 2]) {
  Deno.test(`a database of schema version ${version} is brought to the current one, with what it holds`, async () => {
    using folder = new TemporaryFolder();
    const database = new DatabaseSync(join(folder.path, "gateway.db"));
    for (const migration of MIGRATIONS.slice(0, version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${version};
      INSERT INTO server VALUES ('a:1', 'eu', '1', 1, 0.5, 3, '[]', 0);
      INSERT INTO placement VALUES ('ns', 'r', 'a:1');
      INSERT INTO room (namespace, name, customer) VALUES ('ns', 'r', 'acme');`);
    database.close();
    const store = await SqliteStore.open(folder.path, OPTIONS);
    const { rooms, servers } = await loaded(store);
    assert.deepEqual([...rooms].map((row) => ({ ...row })), [
      { namespace: "ns", name: "r", customer: "acme", listed: true },
    ]);
    const [{ address, load, cost, weight, draining }] = [...servers] as [StoredServer];
    assert.deepEqual({ address, load, cost, weight, draining }, {
      address: "a:1",
      load: 0.5,
      cost: [0, 0, 0, 0, 0],
      weight: 1,
      draining: undefined,
    });
    await store.close();
  });
}

Deno.test("a database of a later version is left alone", async () => {
  using folder = new TemporaryFolder();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  await assert.rejects(() => SqliteStore.open(folder.path, OPTIONS), {
    name: "StoreError",
    message: /gateway\.db cannot be used: it has schema version 99/,
  });
});

for (const [what, bytes] of [["no database at all", 5000], ["damaged in the middle", 0]] as const) {
  Deno.test(`a file that is ${what} is named`, async () => {
    using folder = new TemporaryFolder();
    const file = join(folder.path, "gateway.db");
    if (bytes > 0) Deno.writeFileSync(file, new Uint8Array(bytes).fill(7));
    else {
      await (await SqliteStore.open(folder.path, OPTIONS)).close();
      const content = Deno.readFileSync(file);
      content.fill(7, 4096, 8192);
      Deno.writeFileSync(file, content);
    }
    await assert.rejects(() => SqliteStore.open(folder.path, OPTIONS), {
      name: "StoreError",
      message: /gateway\.db cannot be used/,
    });
  });
}

Deno.test("a large file that is damaged is named, and others get their turn while it is looked at", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "gateway.db");
  const store = await SqliteStore.open(folder.path, OPTIONS);
  await store.setValue("large", "x".repeat(20_000_000));
  await store.close();
  let turns = 0;
  const turning = setInterval(() => turns++);
  await (await SqliteStore.open(folder.path, OPTIONS)).close();
  clearInterval(turning);
  assert.ok(turns > 0);
  using opened = Deno.openSync(file, { write: true });
  opened.seekSync(10_000_000, Deno.SeekMode.Start);
  opened.writeSync(new Uint8Array(8192).fill(7));
  await assert.rejects(() => SqliteStore.open(folder.path, OPTIONS), {
    name: "StoreError",
    message: /gateway\.db cannot be used/,
  });
});

const A = "a:1" as Address;
Deno.test("a lock that somebody else holds on the database delays a commit, and does not refuse it", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  const other = new DatabaseSync(join(folder.path, "gateway.db"));
  other.exec("BEGIN IMMEDIATE");
  let durable = false;
  const commit = store.commit([{ type: "server-appeared", server: A, pool: "eu", version: "1" }], "power");
  commit.then(() => durable = true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(durable, false);
  other.exec("COMMIT");
  await commit;
  other.close();
  await store.close();
});

Deno.test("a ban that a wrong wall clock takes for ended is in force again with the right one", async () => {
  using folder = new TemporaryFolder();
  const start = 1_700_000_000_000;
  const open = (unix: number) => SqliteStore.open(folder.path, { ...OPTIONS, unixTime: () => unix });
  const store = await open(start);
  await store.commit([{ type: "banned", ban: { room: ["n", "r"], until: 60_000 } }], "power");
  await store.close();
  await (await open(start + 3_600_000)).close();
  const right = await open(start);
  assert.deepEqual((await loaded(right)).bans.map(({ until }) => until), [60_000]);
  await right.close();
});

Deno.test("a ban that a wrong wall clock takes for ended outlives a snapshot, and is forgotten after a day", async () => {
  using folder = new TemporaryFolder();
  const start = 1_700_000_000_000;
  const afterADay: (() => void)[] = [];
  const { setTimeout: original } = globalThis;
  globalThis.setTimeout = ((run: () => void, delay: number) => {
    if (delay === 24 * 3_600_000) afterADay.push(run);
    return original(run, delay);
  }) as typeof setTimeout;
  try {
    const open = (unix: number) => SqliteStore.open(folder.path, { ...OPTIONS, unixTime: () => unix });
    const rooms = async (store: SqliteStore) => (await loaded(store)).bans.map(({ room }) => room[1]).sort();
    const store = await open(start);
    await store.commit([
      { type: "banned", ban: { room: ["n", "short"], until: 60_000 } },
      { type: "banned", ban: { room: ["n", "long"], until: 1e9 } },
    ], "power");
    await store.close();
    const wrong = await open(start + 3_600_000);
    await wrong.replace({ ...await loaded(wrong), bans: [{ room: ["n", "new"], until: 1e9 }] });
    assert.deepEqual(await rooms(wrong), ["new", "short"], "the one that is not in the snapshot was lifted");
    afterADay.at(-1)!();
    assert.deepEqual(await rooms(wrong), ["new"]);
    await wrong.close();
  } finally {
    globalThis.setTimeout = original;
  }
});

Deno.test("a commit with a change that cannot be written is refused as a whole, and stands in no other's way", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  const appeared = (server: Address): Change => ({
    type: "server-appeared",
    server,
    pool: "eu",
    version: "1",
  });
  const unwritable: Change = {
    type: "server-reported",
    server: A,
    report: "1",
    pool: "eu",
    version: "1",
    load: NaN, // a column that must have a number
    clients: 0,
    cost: [0, 0, 0, 0, 0],
    usage: [],
  };
  await assert.rejects(store.commit([appeared(A), unwritable], "power"), { name: "StoreError" });
  assert.deepEqual((await loaded(store)).servers, []);
  await store.commit([appeared("b:1" as Address)], "power");
  assert.deepEqual((await loaded(store)).servers.map(({ address }) => address), ["b:1"]);
  await store.close();
});

Deno.test("commits that fail together are refused from the newest on", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  const unwritable: Change = { type: "kind-learned", kind: kindLearnedAt(NaN) };
  const refused: number[] = [];
  const commits = [[], [unwritable], []].map((changes, i) =>
    store.commit(changes, i === 0 ? "process" : "power").catch(() => refused.push(i))
  );
  await Promise.all(commits);
  assert.deepEqual(refused, [2, 1, 0]);
  await store.close();
});

Deno.test("a lock that somebody else keeps on the database refuses commits after five seconds", async () => {
  using folder = new TemporaryFolder();
  const failures: string[] = [];
  const store = await SqliteStore.open(folder.path, {
    ...OPTIONS,
    failed: ({ message }) => failures.push(message),
  });
  const other = new DatabaseSync(join(folder.path, "gateway.db"));
  other.exec("BEGIN IMMEDIATE");
  const { now } = performance;
  try {
    const commit = followed(
      store.commit([{ type: "server-appeared", server: A, pool: "eu", version: "1" }], "power"),
    );
    await someTurns();
    performance.now = () => now.call(performance) + 4000;
    await someTurns();
    assert.equal(commit.outcome, "waits");
    performance.now = () => now.call(performance) + 5100;
    await someTurns();
    await someTurns();
    assert.equal(commit.outcome, "refused");
    assert.deepEqual(failures, ["database is locked"]);
  } finally {
    performance.now = now;
    other.exec("COMMIT");
    other.close();
    await store.close();
  }
});

function kindLearnedAt(at: number) {
  return { namespace: "n", template: "t", sizes: { bins: [], fill: [0, 0], at } } as const;
}
