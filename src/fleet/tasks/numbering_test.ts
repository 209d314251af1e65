import assert from "node:assert/strict";
import { manage } from "../mod.ts";
import { follow } from "../replication/follow.ts";
import { restore } from "../replication/restore.ts";
import { snapshot } from "../replication/snapshot.ts";
import { address, hear, testModel } from "../testing.ts";
import { GATEWAYS, numberTasks } from "./numbering.ts";

const A = address("a");

/** A fleet of one gateway, and the numbers of the tasks that wait. */
function fleetOf(gateway: number) {
  const model = testModel();
  numberTasks(model, gateway);
  hear(model, "a", [["r", 1, 1]], 0);
  const update = () => manage(model, { task: { task: "RoomUpdate", id: ["acme", "r"], user_data: [] } }, 0);
  const numbers = () => Array.from(model.servers.get(A)!.tasks, ({ sequence }) => sequence);
  return { model, update, numbers };
}

Deno.test("two gateways never give one number to two tasks, and follow each other without losing any", () => {
  const [one, two] = [fleetOf(1), fleetOf(2)];
  const changes = [one.update(), two.update(), one.update()].map(({ changes }) => changes);
  follow(one.model, changes[1]!, 0);
  follow(two.model, [...changes[0]!, ...changes[2]!], 0);
  assert.equal(one.numbers().length, 3);
  assert.deepEqual(one.numbers(), two.numbers());
  one.update();
  assert.equal(new Set([...one.numbers(), ...two.numbers()]).size, 4);
});

Deno.test("after a restart a gateway goes on numbering where it was, whatever others have numbered", () => {
  const { model, update } = fleetOf(3);
  update();
  follow(model, fleetOf(GATEWAYS - 1).update().changes, 0);
  const again = testModel();
  numberTasks(again, 3);
  restore(again, snapshot(model), 0);
  manage(again, { task: { task: "RoomUpdate", id: ["acme", "r"], user_data: [] } }, 0);
  const numbers = Array.from(again.servers.get(A)!.tasks, ({ sequence }) => sequence);
  assert.equal(new Set(numbers).size, 3);
  assert.equal(numbers[1]! - numbers[0]!, 1);
  assert.ok(numbers.every(Number.isSafeInteger));
});
