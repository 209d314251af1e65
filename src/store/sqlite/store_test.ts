import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../../sim/program.ts";
import type { Address, Change, StoredServer } from "../../fleet/mod.ts";
import { FolderLock } from "./lock.ts";
import { testStore } from "../contract.ts";
import { MIGRATIONS } from "./schema.ts";
import { SqliteStore } from "./store.ts";
import type { StoreOptions } from "../store.ts";

testStore("SQLite", () => {
  const folder = new TemporaryFolder();
  return {
    open: (options) => new SqliteStore(folder.path, options),
    dispose: () => folder[Symbol.dispose](),
  };
});

const OPTIONS: StoreOptions = {
  now: () => 0,
  unixTime: Date.now,
  stored: () => {},
  overruled: () => {},
  others: () => {},
  failed: () => {},
};

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
    const store = new SqliteStore(folder.path, OPTIONS);
    const { rooms, servers } = store.load();
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

Deno.test("a database of a later version is left alone", () => {
  using folder = new TemporaryFolder();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  assert.throws(() => new SqliteStore(folder.path, OPTIONS), {
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
      await new SqliteStore(folder.path, OPTIONS).close();
      const content = Deno.readFileSync(file);
      content.fill(7, 4096, 8192);
      Deno.writeFileSync(file, content);
    }
    assert.throws(() => new SqliteStore(folder.path, OPTIONS), {
      name: "StoreError",
      message: /gateway\.db cannot be used/,
    });
  });
}

const A = "a:1" as Address;
const NAMES = ["\0x", "lobby\0mine", "a\\b", "\\0", "end\0", "\u{10ffff}"];

Deno.test("every well-formed name comes back as it went in", async () => {
  using folder = new TemporaryFolder();
  const store = new SqliteStore(folder.path, OPTIONS);
  await store.commit([
    { type: "server-appeared", server: A, pool: "eu", version: "1" },
    ...NAMES.flatMap((name): Change[] => [
      { type: "group-placed", namespace: name, group: name, server: A },
      { type: "room-opened", room: [name, name], customer: name, server: A, listed: true },
      { type: "banned", ban: { room: [name, name], user: name, until: 1e15, customer: name, by: name } },
    ]),
  ], true);
  await store.close();
  const again = new SqliteStore(folder.path, OPTIONS);
  const { placements, rooms, bans } = again.load();
  const sorted = (names: Iterable<string>) => [...names].sort();
  assert.deepEqual(sorted([...placements].map(({ namespace }) => namespace)), sorted(NAMES));
  assert.deepEqual(sorted([...placements].map(({ group }) => group)), sorted(NAMES));
  assert.deepEqual(
    sorted([...rooms].map(({ name, customer }) => name === customer ? name : "?")),
    sorted(NAMES),
  );
  for (const { room, user, customer, by } of bans) {
    assert.deepEqual(new Set([...room, user, customer, by]).size, 1);
  }
  await again.close();
});

Deno.test("a broken row is left out and named; the others load", async () => {
  using folder = new TemporaryFolder();
  await new SqliteStore(folder.path, OPTIONS).close();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  database.exec(
    `INSERT INTO task (sequence, server, json, expires) VALUES (1, 'a:1', 'no JSON', 1), (2, 'a:1',
    '{"task":"RoomClose","id":["n","r"],"ban_time":{"secs":0,"nanos":0}}', 1)`,
  );
  database.close();
  const named: string[] = [];
  const store = new SqliteStore(folder.path, { ...OPTIONS, damaged: (what) => named.push(what) });
  assert.deepEqual([...store.load().tasks].map(({ task }) => task.sequence), [2]);
  assert.match(named.join(), /a row of table task is left out/);
  await store.close();
});

const HARM: Record<string, (path: string) => void> = {
  removed: (path) => Deno.removeSync(path),
  replaced: (path) => {
    Deno.copyFileSync(path, `${path}.copy`);
    Deno.renameSync(`${path}.copy`, path);
  },
  truncated: (path) => Deno.truncateSync(path),
  "truncated, and grown again": (path) => {
    const { size } = Deno.statSync(path);
    Deno.truncateSync(path);
    Deno.truncateSync(path, size + 4096);
  },
  shortened: (path) => Deno.truncateSync(path, Deno.statSync(path).size - 100),
};
const HARMED = ["gateway.db", "gateway.db-wal", "lock.db"].flatMap((file) =>
  Object.entries(HARM).filter(([how]) => file !== "lock.db" || how === "removed" || how === "replaced")
    .map(([how, harm]) => ({ file, how, harm }))
);

for (const { file, how, harm } of HARMED) {
  Deno.test(`${file} is ${how} under the running gateway: that is noticed, and everything written anew`, async () => {
    using folder = new TemporaryFolder();
    const failed = Promise.withResolvers<Error>();
    const lock = new FolderLock(folder.path);
    const store = new SqliteStore(folder.path, { ...OPTIONS, failed: failed.resolve }, lock);
    store.setValue("customers", "kept");
    if (how === "shortened") await new Promise((resolve) => setTimeout(resolve, 1200)); // its length is looked at each second
    harm(join(folder.path, file));
    assert.match((await failed.promise).message, /removed, replaced or cut/);
    await assert.rejects(store.commit([], true), { name: "StoreError" });
    store.replace({
      servers: [],
      placements: [],
      rooms: [],
      bans: [{ room: ["n", "r"], until: 1e15 }],
      tasks: [],
      kinds: [],
    });
    await store.commit([], true);
    assert.throws(() => new FolderLock(folder.path), /another gateway uses/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await store.commit([], true); // it stays healed
    await store.close();
    lock.release();
    const again = new SqliteStore(folder.path, OPTIONS);
    assert.equal([...again.load().bans].length, 1);
    assert.equal(again.value("customers"), "kept");
    await again.close();
  });
}

Deno.test("a lock that somebody else holds on the database delays a commit, and does not refuse it", async () => {
  using folder = new TemporaryFolder();
  const store = new SqliteStore(folder.path, OPTIONS);
  const other = new DatabaseSync(join(folder.path, "gateway.db"));
  other.exec("BEGIN IMMEDIATE");
  let durable = false;
  const commit = store.commit([{ type: "server-appeared", server: A, pool: "eu", version: "1" }], true);
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
  const open = (unix: number) => new SqliteStore(folder.path, { ...OPTIONS, unixTime: () => unix });
  const store = open(start);
  await store.commit([{ type: "banned", ban: { room: ["n", "r"], until: 60_000 } }], true);
  await store.close();
  await open(start + 3_600_000).close();
  const right = open(start);
  assert.deepEqual([...right.load().bans].map(({ until }) => until), [60_000]);
  await right.close();
});
