import assert from "node:assert/strict";
import {
  connect,
  endHandOver,
  follow,
  handOverTasks,
  manage,
  type Model,
  settle,
  snapshot,
  type Task,
  tick,
} from "../mod.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

const UPDATE: Task = { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] };
const [A, B] = [address("a"), address("b")];

const call = (model: Model, rooms: readonly string[], now: number) =>
  connect(
    model,
    {
      customer: "acme",
      licence: { maxPeers: Infinity, maxRooms: Infinity },
      namespace: "acme",
      rooms,
      user: "u",
      pool: "default",
    },
    now,
    () => 0,
  );

const holderOf = (model: Model, group: string) => model.groups.get("acme", group)?.server.address;

/** A room that server `a` lists, and the store knows; `a` is silent, and `b` is not. */
function lost(): Model {
  const model = testModel();
  hear(model, "a", [["r", 2, 1000]], 0);
  model.groups.get("acme", "r")!.durable = true;
  hear(model, "b", [], 7000);
  tick(model, 7500);
  return model;
}

Deno.test("a Connect that is refused does not move a group from the server that has reported it meanwhile", () => {
  const model = lost();
  const { undo } = call(model, ["r"], 7600);
  hear(model, "b", [["r", 1, 0]], 7700);
  undo!(7800);
  assert.equal(holderOf(model, "r"), B);
  checkConsistency(model);
});

Deno.test("a Connect that is refused after the old server is gone leaves nothing of the group", () => {
  const model = lost();
  hear(model, "b", [], 599_000);
  const { undo } = call(model, ["r"], 599_900);
  tick(model, 600_000);
  undo!(600_100);
  assert.equal(holderOf(model, "r"), undefined);
  assert.deepEqual([...snapshot(model).placements], []);
  checkConsistency(model);
});

Deno.test("a group that is put back is as durable as it was: its next Connect waits for nothing", () => {
  const model = lost();
  const { undo } = call(model, ["r"], 7600);
  undo!(7700);
  assert.equal(holderOf(model, "r"), A);
  hear(model, "a", [["r", 2, 1008]], 8000);
  const { outcome, changes } = call(model, ["r"], 8100);
  assert.deepEqual(outcome, { granted: true, server: A, durable: true });
  assert.deepEqual(changes, []);
  checkConsistency(model);
});

Deno.test("a task whose call is refused is nowhere, though its room has moved meanwhile", () => {
  const model = lost();
  const { undo } = manage(model, { task: UPDATE }, 7550);
  assert.equal(place(model, "r", "u", 7600), B);
  undo!(7700);
  assert.deepEqual([...model.servers].map(({ tasks }) => tasks.size), [0, 0]);
  assert.equal(model.taskBytes.total, 0);
});

Deno.test("a refused Connect gives the room no longer life than it had", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 1000]], 0);
  const { undo } = call(model, ["r"], 1000);
  undo!(1100);
  hear(model, "a", [], 5000);
  assert.equal(holderOf(model, "r"), undefined, "nobody has a token for it");
});

Deno.test("while servers are waited for, a known room of a lost server is placed all the same", () => {
  const model = lost();
  model.startWaitUntil = 20_000;
  assert.equal(place(model, "r", "u", 7600), B);
  const unknown = ask(model, "unknown", "u", 7600);
  assert.ok(!unknown.granted && unknown.reason === "learning");
});

Deno.test("a place counts as durable only once the store has that place, not an older one", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  const first = call(model, ["r"], 0);
  hear(model, "b", [], 7000);
  tick(model, 7500);
  const second = call(model, ["r"], 7600);
  settle(model, first.changes);
  assert.equal(model.groups.get("acme", "r")!.durable, false);
  settle(model, second.changes);
  assert.equal(model.groups.get("acme", "r")!.durable, true);
});

Deno.test("a group that another gateway has placed first is there from then on, and needs no claim any more", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  hear(model, "b", [], 0);
  manage(model, { task: UPDATE, banTime: 0 }, 0);
  const own = place(model, "r", "u", 0);
  const other = own === A ? B : A;
  follow(model, [
    { type: "group-placed", namespace: "acme", group: "r", server: other },
    { type: "room-opened", room: ["acme", "r"], customer: "acme", server: other, listed: false },
  ], 50);
  const again = call(model, ["r"], 100);
  assert.deepEqual(again.outcome, { granted: true, server: other, durable: true });
  assert.equal(again.changes.some(({ type }) => type === "group-placed"), false);
  checkConsistency(model);
});

Deno.test("a task that has come back with its room is again handed over twice where nothing proves that it was read", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  manage(model, { task: UPDATE }, 0);
  const handOver = (server: typeof A, now: number) => {
    const { tasks, handOver: id } = handOverTasks(model, server, now);
    if (id !== undefined) endHandOver(model, server, id, "unknown", now);
    return tasks.length;
  };
  assert.equal(handOver(A, 0), 1);
  hear(model, "b", [], 7000);
  tick(model, 7500);
  assert.equal(place(model, "r", "u", 7600), B);
  hear(model, "a", [], 14_000);
  tick(model, 14_500);
  assert.equal(place(model, "r", "u", 14_600), A);
  assert.deepEqual([15_000, 20_000, 25_000].map((now) => handOver(A, now)), [1, 1, 0]);
});
