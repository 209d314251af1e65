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

Deno.test("after a pause, who was on the way counts until reports can show it", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  ask(model, "r", "u", 1000);
  excuseSilence(model, 20_000, 22_000);
  tick(model, 22_000);
  assert.equal(model.usage.get("acme")?.granted.peers, 1);
  hear(model, "a", [["r", 1, 20]], 22_100);
  assert.equal(model.usage.get("acme")?.peers, 1);
  ask(model, "r", "v", 23_000);
  tick(model, 38_000);
  assert.equal(model.usage.get("acme")?.granted.peers, 0, "a later grant ends as ever");
  checkConsistency(model);
});

Deno.test("after a pause longer than tokens are valid, a room that was granted before it keeps its place", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  ask(model, "never listed", "u", 1000);
  ask(model, "listed before", "u", 1000);
  hear(model, "a", [["listed before", 1, 1]], 5000);
  const woken = 500_000;
  excuseSilence(model, woken - 6000, woken);
  tick(model, woken);
  hear(model, "a", [], woken); // a report that waited all the time: who has come since is not in it
  for (const name of ["never listed", "listed before"]) {
    assert.equal(model.groups.room(["acme", name])?.group.server.address, address("a"), name);
  }
  for (let now = woken; now <= woken + 310_000; now += 5000) {
    hear(model, "a", [], now);
    tick(model, now);
  }
  assert.equal(model.rooms, 0, "and not for ever");
  checkConsistency(model);
});

Deno.test("spans in which the gateway did not read follow each other as one", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 0]], 0);
  ask(model, "r", "u", 1000);
  for (let now = 1250; now <= 400_000; now += 250) excuseSilence(model, 250, now);
  hear(model, "a", [], 400_000);
  assert.ok(model.groups.room(["acme", "r"]));
});
