import assert from "node:assert/strict";
import { endHandOver, type FleetLimits, handOverTasks, manage, type Model, type Task, tick } from "../mod.ts";
import { address, hear, place, SETTINGS, testModel } from "../testing.ts";

const update = (room: string, byte: number): Task => ({
  task: "RoomUpdate",
  id: ["acme", room],
  user_data: [byte],
});

/** Hands over what waits for a server, and has it read. */
function handOver(model: Model, server: string, now: number): Task[] {
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return tasks;
}

const bounds: readonly (readonly [string, Partial<FleetLimits>])[] = [
  ["the tasks of a server", { tasksPerServer: 3 }],
  ["the bytes of a server's tasks", { taskBytesPerServer: 200 }],
  ["the bytes of the tasks of all servers", { taskBytes: 200 }],
];

for (const [what, limits] of bounds) {
  Deno.test(`where ${what} are bounded, what has been read makes room again`, () => {
    const model = testModel({ limits: { ...SETTINGS.limits, ...limits } });
    hear(model, "a", [["r", 1, 100]], 0);
    for (let round = 0; round < 20; round++) {
      let accepted = 0;
      while (manage(model, { task: update("r", accepted) }, 0).outcome === "accepted") accepted++;
      assert.equal(accepted, 3, `in round ${round}`);
      assert.equal(handOver(model, "a", 0).length, 3);
    }
  });
}

Deno.test("the bytes of tasks are bounded over all servers together", () => {
  const model = testModel({ limits: { ...SETTINGS.limits, taskBytes: 200 } });
  hear(model, "a", [["r", 1, 100]], 0);
  hear(model, "b", [["s", 1, 100]], 0);
  const outcomes = ["r", "s", "r", "s"].map((room) => manage(model, { task: update(room, 1) }, 0).outcome);
  assert.deepEqual(outcomes, ["accepted", "accepted", "accepted", "too-many-tasks"]);
});

Deno.test("tasks whose room has moved are handed over in the order in which they were asked for", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  hear(model, "b", [["s", 1, 100]], 0);
  const tasks = [update("r", 1), update("s", 2), update("r", 3), update("s", 4)];
  for (const task of tasks) manage(model, { task }, 0);
  hear(model, "b", [["s", 1, 107]], 7000);
  tick(model, 7500); // a is silent
  assert.equal(place(model, "r", "u", 7500), address("b"));
  assert.deepEqual(handOver(model, "b", 7600), tasks);
});
