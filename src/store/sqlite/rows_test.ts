import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../../sim/program.ts";
import type { Address, Change } from "../../fleet/mod.ts";
import { MIGRATIONS } from "./schema.ts";
import { SqliteStore } from "./store.ts";
import { OPTIONS } from "./testing.ts";
import { loaded } from "../testing.ts";

const A = "a:1" as Address;
const NAMES = ["\0x", "lobby\0mine", "a\\b", "\\0", "end\0", "\u{10ffff}"];

Deno.test("every well-formed name comes back as it went in", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  await store.commit([
    { type: "server-appeared", server: A, pool: "eu", version: "1" },
    ...NAMES.flatMap((name): Change[] => [
      { type: "group-placed", namespace: name, group: name, server: A },
      { type: "room-opened", room: [name, name], customer: name, server: A, listed: true },
      { type: "banned", ban: { room: [name, name], user: name, until: 1e15, customer: name, by: name } },
    ]),
  ], "power");
  await store.close();
  const again = await SqliteStore.open(folder.path, OPTIONS);
  const { placements, rooms, bans } = await loaded(again);
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
  await (await SqliteStore.open(folder.path, OPTIONS)).close();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  database.exec(
    `INSERT INTO task (sequence, server, json, expires) VALUES (1, 'a:1', 'no JSON', 1), (2, 'a:1',
    '{"task":"RoomClose","id":["n","r"],"ban_time":{"secs":0,"nanos":0}}', 1)`,
  );
  database.close();
  const named: string[] = [];
  const store = await SqliteStore.open(folder.path, { ...OPTIONS, damaged: (what) => named.push(what) });
  assert.deepEqual((await loaded(store)).tasks.map(({ task }) => task.sequence), [2]);
  assert.match(named.join(), /a row of table task is left out/);
  await store.close();
});

const broken = {
  server: `INSERT INTO server (address, pool, version, enabled, load, clients, usage, first_seen)
    VALUES ('a:1', 'eu', '1', 1, 0, 0, '{}', 0), ('b:1', 'eu', '1', 1, 0, 0, '[]', 0)`,
  task: `INSERT INTO task (sequence, server, json, expires, customer)
    VALUES (1, 'a:1', '{"task":"RoomClose"}', 1, 'c'), (2, 'a:1', '{"task":"RoomClose","id":["n","r"]}', 1, 'c')`,
  kind: `INSERT INTO kind VALUES ('n', 'a', '{}', 1), ('n', 'b', '{"bins":[],"fill":[0,0]}', 1)`,
};

for (const [table, sql] of Object.entries(broken)) {
  Deno.test(`a row of table ${table} that is no ${table} is left out and named`, async () => {
    using folder = new TemporaryFolder();
    await (await SqliteStore.open(folder.path, OPTIONS)).close();
    const database = new DatabaseSync(join(folder.path, "gateway.db"));
    database.exec(sql);
    database.close();
    const named: string[] = [];
    const store = await SqliteStore.open(folder.path, { ...OPTIONS, damaged: (what) => named.push(what) });
    const { servers, tasks, kinds } = await loaded(store);
    assert.equal([...servers, ...tasks, ...kinds].length, 1);
    assert.equal(named.length, 1);
    assert.match(named[0]!, new RegExp(`a row of table ${table} is left out`));
    await store.close();
  });
}

Deno.test("names with a backslash come through the schema version that escapes them", async () => {
  using folder = new TemporaryFolder();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  for (const migration of MIGRATIONS.slice(0, 3)) database.exec(migration);
  database.exec(String.raw`PRAGMA user_version = 3;
    INSERT INTO server (address, pool, version, enabled, load, clients, usage, first_seen)
      VALUES ('a:1', 'e\p', '1\0', 1, 0.5, 3, '[]', 0);
    INSERT INTO placement VALUES ('n\s', 'g\0', 'a:1');
    INSERT INTO room (namespace, name, customer) VALUES ('n\s', 'g\0', 'c\d');
    INSERT INTO ban VALUES ('n\s', 'g\0', 'i\j', 1000000);
    INSERT INTO kind VALUES ('n\s', 't\#', '{"bins":[],"fill":[0,0]}', 0);`);
  database.close();
  const store = await SqliteStore.open(folder.path, { ...OPTIONS, unixTime: () => 0 });
  const { servers, placements, rooms, bans, kinds } = await loaded(store);
  assert.deepEqual([...servers].map(({ pool, version }) => [pool, version]), [["e\\p", "1\\0"]]);
  assert.deepEqual([...placements].map(({ namespace, group }) => [namespace, group]), [["n\\s", "g\\0"]]);
  assert.deepEqual(
    [...rooms].map(({ namespace, name, customer }) => [namespace, name, customer]),
    [["n\\s", "g\\0", "c\\d"]],
  );
  assert.deepEqual([...bans].map(({ room, user }) => [...room, user]), [["n\\s", "g\\0", "i\\j"]]);
  assert.deepEqual([...kinds].map(({ namespace, template }) => [namespace, template]), [["n\\s", "t\\#"]]);
  await store.close();
});
