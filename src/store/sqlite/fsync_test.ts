import assert from "node:assert/strict";
import { TemporaryFolder } from "../../../sim/program.ts";
import { SqliteStore } from "./store.ts";
import { followed, HeldSyncs, OPTIONS, someTurns } from "./testing.ts";
import { loaded } from "../testing.ts";

Deno.test("a commit is answered after its fsync if it asks for one, and those that come meanwhile share the next", async () => {
  using folder = new TemporaryFolder();
  using syncs = new HeldSyncs();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  const first = followed(store.commit([], "power"));
  await someTurns();
  const [second, third] = [followed(store.commit([], "power")), followed(store.commit([], "power"))];
  const unsynced = followed(store.commit([], "process"));
  await someTurns();
  const outcomes = () => [first, second, third, unsynced].map(({ outcome }) => outcome);
  assert.deepEqual(outcomes(), ["waits", "waits", "waits", "answered"]);
  assert.equal(syncs.running.length, 1);
  syncs.running[0]!.resolve();
  await someTurns();
  assert.deepEqual(outcomes(), ["answered", "waits", "waits", "answered"]);
  assert.equal(syncs.running.length, 2);
  syncs.running[1]!.resolve();
  await someTurns();
  assert.deepEqual(outcomes(), ["answered", "answered", "answered", "answered"]);
  await store.close();
});

Deno.test("an fsync that fails refuses all that wait, and is told", async () => {
  using folder = new TemporaryFolder();
  using syncs = new HeldSyncs();
  const failures: string[] = [];
  const store = await SqliteStore.open(folder.path, {
    ...OPTIONS,
    failed: ({ message }) => failures.push(message),
  });
  const first = followed(store.commit([], "power"));
  await someTurns();
  const second = followed(store.commit([], "power"));
  await someTurns();
  syncs.running[0]!.reject(new Error("input/output error"));
  await someTurns();
  assert.deepEqual([first.outcome, second.outcome], ["refused", "refused"]);
  assert.deepEqual(failures, ["input/output error"]);
  const later = followed(store.commit([], "power"));
  await someTurns();
  syncs.running[1]!.resolve();
  await someTurns();
  assert.equal(later.outcome, "answered");
  await store.close();
});

Deno.test("a snapshot that is not safe from loss of power is refused", async () => {
  using folder = new TemporaryFolder();
  const store = await SqliteStore.open(folder.path, OPTIONS);
  const { syncDataSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncDataSync = () => {
    throw new Error("input/output error");
  };
  try {
    await assert.rejects(store.replace(await loaded(store)), {
      name: "StoreError",
      message: "input/output error",
    });
  } finally {
    Deno.FsFile.prototype.syncDataSync = syncDataSync;
  }
  await store.close();
});

Deno.test("a commit whose fsync runs is answered, though a later one cannot be written", async () => {
  using folder = new TemporaryFolder();
  using syncs = new HeldSyncs();
  let failures = 0;
  const store = await SqliteStore.open(folder.path, { ...OPTIONS, failed: () => void failures++ });
  const first = followed(store.commit([], "power"));
  await someTurns();
  const unwritable = { namespace: "n", template: "t", sizes: { bins: [], fill: [0, 0], at: NaN } } as const;
  const second = followed(store.commit([{ type: "kind-learned", kind: unwritable }], "power"));
  await someTurns();
  assert.deepEqual([first.outcome, second.outcome, failures], ["waits", "refused", 1]);
  syncs.running[0]!.resolve();
  await someTurns();
  assert.equal(first.outcome, "answered");
  await store.close();
});
