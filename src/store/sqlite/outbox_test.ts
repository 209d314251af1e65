import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../../sim/program.ts";
import type { StoredMessage } from "../outbox.ts";
import { StoreError } from "../port.ts";
import { SqliteOutbox } from "./outbox.ts";

const SILENT = { failed: () => {}, recovered: () => {} };

function message(sequence: number, body = "{}"): StoredMessage {
  return {
    sequence,
    receiver: "https://r.example/",
    id: `id ${sequence}`,
    order: "a/b",
    body,
    created: 1e12 + sequence,
  };
}

/** What a file has. */
function kept(folder: string): number[] {
  const outbox = new SqliteOutbox(folder, SILENT);
  const sequences = outbox.load().map(({ sequence }) => sequence);
  outbox.close();
  return sequences;
}

Deno.test("what was added and not removed is there after a restart, in order, as it was", () => {
  using folder = new TemporaryFolder();
  const outbox = new SqliteOutbox(folder.path, SILENT);
  for (const each of [message(2), message(1, JSON.stringify("a\0b")), message(3)]) outbox.add(each);
  outbox.remove(2);
  outbox.close();
  const again = new SqliteOutbox(folder.path, SILENT);
  assert.deepEqual(again.load(), [message(1, JSON.stringify("a\0b")), message(3)]);
  again.remove(1);
  again.close();
  assert.deepEqual(kept(folder.path), [3]);
});

Deno.test("it is written within a moment, without being closed", async () => {
  using folder = new TemporaryFolder();
  const outbox = new SqliteOutbox(folder.path, SILENT);
  outbox.add(message(1));
  while (kept(folder.path).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  outbox.remove(1);
  outbox.close();
  assert.deepEqual(kept(folder.path), []);
});

Deno.test("while it cannot be written nobody is kept waiting; it is said once, and made good", async () => {
  using folder = new TemporaryFolder();
  const told: string[] = [];
  const recovered = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  const outbox = new SqliteOutbox(folder.path, {
    failed: ({ message }) => {
      told.push(message);
      failed.resolve();
    },
    recovered: recovered.resolve,
  });
  const other = new DatabaseSync(join(folder.path, "webhooks.db"));
  other.exec("BEGIN IMMEDIATE");
  outbox.add(message(1));
  outbox.add(message(2));
  await failed.promise;
  outbox.remove(2);
  other.exec("ROLLBACK");
  other.close();
  await recovered.promise;
  outbox.close();
  assert.deepEqual(told, ["database is locked"]);
  assert.deepEqual(kept(folder.path), [1]);
});

Deno.test("a file that is damaged where its messages are is named, and what to do about it", () => {
  using folder = new TemporaryFolder();
  const outbox = new SqliteOutbox(folder.path, SILENT);
  for (let sequence = 0; sequence < 100; sequence++) outbox.add(message(sequence, "x".repeat(500)));
  outbox.close();
  const path = join(folder.path, "webhooks.db");
  const page = 4096;
  const bytes = Deno.readFileSync(path);
  assert.ok(bytes.length > 4 * page, `${bytes.length} bytes`);
  Deno.writeFileSync(path, bytes.fill(0xff, page)); // all but the first page, which has the schema
  assert.throws(
    () => new SqliteOutbox(folder.path, SILENT),
    (error) =>
      error instanceof StoreError && /webhooks\.db cannot be used: .*Move it away/.test(error.message),
  );
});

Deno.test("messages that cannot be read are named as well", () => {
  using folder = new TemporaryFolder();
  const outbox = new SqliteOutbox(folder.path, SILENT);
  using other = new DatabaseSync(join(folder.path, "webhooks.db"));
  other.exec("DROP TABLE message");
  assert.throws(
    () => outbox.load(),
    (error) =>
      error instanceof StoreError && /webhooks\.db cannot be used: .*Move it away/.test(error.message),
  );
});

Deno.test("a file that is none of ours is named, and what to do about it", () => {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(join(folder.path, "webhooks.db"), "x".repeat(5000));
  assert.throws(() => new SqliteOutbox(folder.path, SILENT), /webhooks\.db cannot be used: .*Move it away/);
});
