import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../sim/program.ts";
import type { StoredServer } from "../fleet/mod.ts";
import { testStore } from "./contract.ts";
import { MIGRATIONS } from "./schema.ts";
import { SqliteStore } from "./sqlite.ts";
import type { StoreOptions } from "./store.ts";

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
