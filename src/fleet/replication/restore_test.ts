import assert from "node:assert/strict";
import { createModel, manage, report, Restorer, type Snapshot, snapshot } from "../mod.ts";
import { address, checkConsistency, SETTINGS, testModel } from "../testing.ts";
import type { SnapshotPiece } from "./snapshot.ts";

const ROOMS = ["r", "s", "{g}0", "{g}1"];

/** A server that lists four rooms of three peers each, with two bans and their tasks; and another one that is idle. */
function before(): Snapshot {
  const model = testModel();
  const rooms = ROOMS.map((name) => ({ id: ["acme", name] as const, customer: "acme", peers: 3 }));
  const common = { pool: "default", version: "1", load: 0.5 };
  report(model, { ...common, address: address("a"), clients: 12, rooms }, 0);
  report(model, { ...common, address: address("b"), clients: 0, rooms: [] }, 0);
  for (const user_id of ["x", "y"]) {
    const task = {
      task: "RoomBanClient",
      id: ["acme", "r"],
      user_id,
      ban_time: { secs: 60, nanos: 0 },
    } as const;
    manage(model, { task, banTime: 60_000 }, 0);
  }
  return snapshot(model);
}

/** What a model becomes whose snapshot has changed since by this much. */
function restored(piece: SnapshotPiece) {
  const model = createModel(SETTINGS);
  const restorer = new Restorer(model, 0);
  restorer.take(before());
  restorer.take(piece);
  for (const _ of restorer.finish(1000));
  checkConsistency(model);
  return model;
}

Deno.test("the rooms of a group that is on another server by now are there too, though they have not changed", () => {
  const usage = [{ customer: "acme", peers: 6, rooms: 2 }];
  const servers = Array.from(before().servers, (server) => ({ ...server, usage }));
  const model = restored({
    changed: [["placements", "acme", "g"], ["servers", address("a")], ["servers", address("b")]],
    servers,
    placements: [{ namespace: "acme", group: "g", server: address("b") }],
  });
  for (const name of ["{g}0", "{g}1"]) {
    assert.equal(model.groups.room(["acme", name])?.group.server.address, address("b"));
  }
  assert.equal(model.rooms, 4);
});

Deno.test("a room that has gone by now does not count any more", () => {
  const model = restored({ changed: [["rooms", "acme", "s"], ["placements", "acme", "s"]] });
  assert.equal(model.groups.room(["acme", "s"]), undefined);
  assert.deepEqual(model.usage.get("acme")?.reported, { peers: 9, rooms: 3 });
});

Deno.test("a room that is listed and not in the sums of the last report counts as one room, without peers", () => {
  const room = { namespace: "acme", name: "{g}2", customer: "acme", listed: true };
  const model = restored({ changed: [], rooms: [room] });
  assert.deepEqual(model.usage.get("acme")?.reported, { peers: 12, rooms: 5 });
});

Deno.test("a room that has changed is as it is now, and there once", () => {
  const room = { namespace: "acme", name: "{g}0", customer: "other", listed: false };
  const model = restored({ changed: [["rooms", "acme", "{g}0"]], rooms: [room] });
  assert.deepEqual(
    [...snapshot(model).rooms].filter(({ name }) => name === "{g}0"),
    [room],
  );
  assert.equal(model.rooms, 4);
});

Deno.test("tasks and bans that have ended are gone, and those that have changed are as they are now", () => {
  const [first, second] = before().tasks;
  const moved = { ...second!, server: address("b") };
  const model = restored({
    changed: [["tasks", first!.task.sequence], ["tasks", second!.task.sequence], ["bans", "acme", "r", "x"]],
    tasks: [moved],
  });
  const tasks = Array.from(snapshot(model).tasks, ({ server, task }) => [server, task.sequence]);
  assert.deepEqual(tasks, [[address("b"), second!.task.sequence]]);
  assert.deepEqual(Array.from(snapshot(model).bans, ({ user }) => user), ["y"]);
});

Deno.test("a server that went and came back is another one: what it had is gone", () => {
  const [server] = before().servers;
  const model = restored({ changed: [["servers", address("a")]], servers: [{ ...server!, firstSeen: 500 }] });
  assert.deepEqual([model.rooms, model.servers.size], [0, 2]);
  assert.equal(model.servers.get(address("a"))?.firstSeen, 500);
});

Deno.test("somebody may have been granted a way to each room until the last of the snapshot was taken", () => {
  const model = restored({});
  for (const name of ROOMS) assert.equal(model.groups.room(["acme", name])?.granted, 1000);
});
