import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

Deno.test("what concerns one key happens one after the other, and what concerns another at once", async () => {
  const turns = new Turns<string>();
  const happened: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.take("a", async () => {
    await promise;
    happened.push("a1");
  });
  const second = turns.take("a", () => Promise.resolve(happened.push("a2")));
  await turns.take("b", () => Promise.resolve(happened.push("b")));
  resolve();
  await Promise.all([first, second]);
  assert.deepEqual(happened, ["b", "a1", "a2"]);
});

Deno.test("what fails is thrown to who asked for it, and keeps nobody from a turn", async () => {
  const turns = new Turns<string>();
  const failing = turns.take("a", () => Promise.reject(new Error("no")));
  const next = turns.take("a", () => Promise.resolve("yes"));
  await assert.rejects(failing, /no/);
  assert.equal(await next, "yes");
});
