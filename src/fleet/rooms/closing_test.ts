import assert from "node:assert/strict";
import {
  type Change,
  endHandOver,
  handOverTasks,
  manage,
  type Model,
  report,
  type Task,
  tick,
} from "../mod.ts";
import { address, hear, testModel } from "../testing.ts";

const CLOSE: Task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 0, nanos: 0 } };
const UPDATE: Task = { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] };

/** Hands over what waits for a server, and has it read; which sorts of tasks. */
function handOver(model: Model, server: string, now: number): Task["task"][] {
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return tasks.map(({ task }) => task);
}

/** A report of room `r` by a server that does not tell ages. */
function hearWithoutAge(model: Model, server: string, now: number): Change[] {
  const rooms = [{ id: ["acme", "r"] as const, customer: "acme", peers: 1 }];
  const input = { address: address(server), pool: "default", version: "1", load: 0, clients: 1, rooms };
  return report(model, input, now).changes;
}

Deno.test("a collision that comes again is told again", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  for (let now = 1000; now < 60_000; now += 10_000) {
    hear(model, "b", [["r", 1, 1]], now);
    assert.deepEqual(handOver(model, "b", now), ["RoomClose"], `at ${now}`);
    hear(model, "b", [], now + 5000);
  }
});

Deno.test("a collision that ends by itself leaves nothing to be closed", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  hear(model, "b", [["r", 1, 1]], 1000);
  hear(model, "b", [], 6000);
  assert.deepEqual(handOver(model, "b", 6000), []);
});

Deno.test("a RoomClose that is ignored while no answer gets through waits once, not once a report", () => {
  const model = testModel();
  hearWithoutAge(model, "a", 0);
  manage(model, { task: CLOSE }, 0);
  assert.deepEqual(handOver(model, "a", 0), ["RoomClose"]);
  for (let now = 5000; now <= 50_000; now += 5000) hearWithoutAge(model, "a", now);
  assert.deepEqual(handOver(model, "a", 50_000), ["RoomClose"]);
});

Deno.test("a server that comes to hold the room it was to close keeps the room's other tasks", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  manage(model, { task: UPDATE }, 0);
  hear(model, "b", [["r", 1, 1]], 0);
  tick(model, 7500); // both are silent; b comes back first
  hear(model, "b", [["r", 1, 9]], 8000);
  assert.deepEqual(handOver(model, "b", 8000), ["RoomUpdate"]);
});

Deno.test("a RoomClose whose room ended before its answer was known to be read closes no later room of that name", () => {
  const model = testModel();
  hearWithoutAge(model, "a", 0);
  manage(model, { task: CLOSE }, 0);
  const { handOver: id } = handOverTasks(model, address("a"), 1000);
  hear(model, "a", [], 2000);
  endHandOver(model, address("a"), id!, "read", 2500);
  for (let now = 5000; now <= 30_000; now += 5000) {
    const changes = hearWithoutAge(model, "a", now);
    assert.equal(changes.some(({ type }) => type === "close-ignored"), false);
    assert.deepEqual(handOver(model, "a", now), []);
  }
});

Deno.test("a RoomClose that no server has been given waits for its room to come back", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  model.groups.room(["acme", "r"])!.granted = 0; // so that the place outlives the room
  manage(model, { task: CLOSE }, 0);
  hear(model, "a", [], 5000);
  assert.deepEqual(handOver(model, "a", 5000), ["RoomClose"]);
});
