import assert from "node:assert/strict";
import { excuseSilence, tick } from "../mod.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

Deno.test("a pause does not use up the time in which servers are waited for", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  model.startWaitUntil = 5000;
  excuseSilence(model, 10_000, 12_000); // it ran for two seconds
  for (const [now, reason] of [[14_999, "learning"], [15_000, undefined]] as const) {
    hear(model, "a", [], now);
    const outcome = ask(model, "r", "u", now);
    assert.equal(outcome.granted ? undefined : outcome.reason, reason);
  }
});

Deno.test("a pause that comes after servers were waited for makes nobody wait again", () => {
  const model = testModel();
  model.startWaitUntil = 5000;
  excuseSilence(model, 10_000, 60_000);
  hear(model, "a", [], 60_000);
  assert.ok(ask(model, "r", "u", 60_000).granted);
});

Deno.test("a pause brings the removal of a silent server neither nearer nor further than it lasted", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  tick(model, 7500);
  excuseSilence(model, 50_000, 60_000);
  excuseSilence(model, 50_000, 120_000);
  tick(model, 699_999);
  assert.equal(model.servers.size, 1);
  tick(model, 700_000);
  assert.equal(model.servers.size, 0);
});

Deno.test("a server that is removed takes along the rooms that it never listed", () => {
  const model = testModel({ removeTimeout: 60_000 });
  hear(model, "a", [["r", 1, 5]], 0);
  place(model, "granted", "u", 5000);
  const changes = tick(model, 60_000);
  assert.equal(model.rooms, 0);
  const closed = changes.flatMap((change) => change.type === "room-closed" ? [change.room[1]] : []);
  assert.deepEqual(closed.sort(), ["granted", "r"]);
  checkConsistency(model);
});

Deno.test("a server that is removed takes along the tasks for rooms that it does not hold", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  const queued = hear(model, "b", [["r", 1, 1]], 1000).filter(({ type }) => type === "task-queued");
  assert.equal(queued.length, 1);
  hear(model, "a", [["r", 1, 700]], 600_000);
  const changes = tick(model, 601_000);
  assert.deepEqual([...model.servers].map((server) => server.address), [address("a")]);
  assert.equal(changes.filter(({ type }) => type === "task-ended").length, 1);
  assert.equal(model.taskBytes.total, 0);
});
