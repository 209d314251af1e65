import assert from "node:assert/strict";
import { join } from "node:path";
import { TemporaryFolder } from "../../../sim/program.ts";
import { FolderLock } from "./lock.ts";
import { SqliteStore } from "./store.ts";
import { followed, HeldSyncs, OPTIONS, someTurns } from "./testing.ts";
import { loaded } from "../testing.ts";

/** What is to come within seconds; else the test fails instead of waiting for ever. */
function soon<Result>(promise: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<Result>();
  const timer = setTimeout(() => reject(new Error("nothing has been noticed")), 5000);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

Deno.test("a store whose files vanish refuses all that wait, whatever becomes of the fsync that runs", async () => {
  using folder = new TemporaryFolder();
  using syncs = new HeldSyncs();
  const failed = Promise.withResolvers<Error>();
  const store = await SqliteStore.open(folder.path, { ...OPTIONS, failed: failed.resolve });
  const syncing = followed(store.commit([], "power"));
  await someTurns();
  const next = followed(store.commit([], "power"));
  await someTurns();
  Deno.removeSync(join(folder.path, "gateway.db"));
  await soon(failed.promise);
  await someTurns();
  assert.deepEqual([syncing.outcome, next.outcome], ["refused", "refused"]);
  syncs.running[0]!.resolve();
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
    const store = await SqliteStore.open(folder.path, { ...OPTIONS, failed: failed.resolve }, lock);
    await store.setValue("customers", "kept");
    if (how === "shortened") await new Promise((resolve) => setTimeout(resolve, 1200)); // its length is looked at each second
    harm(join(folder.path, file));
    assert.match((await soon(failed.promise)).message, /removed, replaced or cut/);
    await assert.rejects(store.commit([], "power"), { name: "StoreError" });
    await store.replace({
      servers: [],
      placements: [],
      rooms: [],
      bans: [{ room: ["n", "r"], until: 1e15 }],
      tasks: [],
      kinds: [],
      names: [],
    });
    await store.commit([], "power");
    assert.throws(() => new FolderLock(folder.path), /another gateway uses/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await store.commit([], "power"); // it stays healed
    await store.close();
    lock.release();
    const again = await SqliteStore.open(folder.path, OPTIONS);
    assert.equal((await loaded(again)).bans.length, 1);
    assert.equal(await again.value("customers"), "kept");
    await again.close();
  });
}
