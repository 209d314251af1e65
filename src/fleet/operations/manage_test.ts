import assert from "node:assert/strict";
import { endHandOver, handOverTasks, manage, tick } from "../mod.ts";
import { address, checkConsistency, hear, testModel } from "../testing.ts";

Deno.test("the lift of a ban also goes to the server that was told of the ban, wherever the room is then", () => {
  const model = testModel({ tokenLifetime: 1000 });
  hear(model, "a", [["r", 1, 1]], 0);
  hear(model, "b", [], 0);
  const ban = (secs: number, now: number) =>
    manage(model, {
      task: { task: "RoomBanClient", id: ["acme", "r"], user_id: "bob", ban_time: { secs, nanos: 0 } },
      banTime: secs * 1000,
    }, now);
  ban(3600, 0);
  const told = handOverTasks(model, address("a"), 0);
  endHandOver(model, address("a"), told.handOver!, "read", 0);
  hear(model, "a", [], 5000);
  hear(model, "b", [], 5000);
  tick(model, 7000);
  assert.equal(model.groups.room(["acme", "r"]), undefined);
  const { undo } = ban(0, 7000);
  undo!(7000);
  assert.deepEqual(handOverTasks(model, address("a"), 7000).tasks, []);
  ban(0, 7000);
  assert.equal(handOverTasks(model, address("a"), 7000).tasks.length, 1);
  checkConsistency(model);
});
