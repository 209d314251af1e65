import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../sim/program.ts";
import { parseAddress } from "../fleet/mod.ts";
import { offerHandOver } from "../hand_over/offer.ts";
import { MIGRATIONS } from "../store/sqlite/schema.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import { OPTIONS } from "../store/sqlite/testing.ts";
import { loaded } from "../store/testing.ts";
import { DataFolder } from "./data_folder.ts";

const A = parseAddress("a:1")!;

/** Takes over from a process that has the folder; what that one was asked, and what is loaded. */
async function takenOver(folder: string) {
  const asked: string[] = [];
  const stop = await offerHandOver(join(folder, "take-over.sock"), {
    prepare: () => Promise.resolve(void asked.push("prepare")),
    forget: () => {},
    release: () => {
      asked.push("release");
      return Promise.resolve({ released: { main: 7000 }, changed: [["servers", A]] });
    },
    resume: () => Promise.resolve(),
    leave: () => {},
  });
  const its = await DataFolder.open(folder, "1");
  const store = await its.openStore(OPTIONS, () => false);
  const { servers } = await loaded(store);
  assert.deepEqual(its.ports, { main: 7000 });
  await store.close();
  its.ready();
  its.close();
  stop();
  return { asked, servers };
}

Deno.test("a database is read while the process before still has it", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  await store.commit([{ type: "server-appeared", server: A, pool: "eu", version: "1" }], "power");
  await store.close();
  const { asked, servers } = await takenOver(folder.path);
  assert.deepEqual(asked, ["prepare", "release"]);
  assert.equal(servers.length, 2, "once before, and once again since it has changed");
});

Deno.test("a database of an earlier version is left as it is until the process before has given it up", async () => {
  using folder = new TemporaryFolder();
  const database = new DatabaseSync(join(folder.path, "gateway.db"));
  for (const migration of MIGRATIONS.slice(0, -1)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length - 1};
    INSERT INTO server (address, pool, version, enabled, load, clients, usage, first_seen)
      VALUES ('a:1', 'eu', '1', 1, 0.5, 3, '[]', 0);`);
  database.close();
  const { asked, servers } = await takenOver(folder.path);
  assert.deepEqual(asked, ["release"]);
  assert.equal(servers.length, 1);
});
