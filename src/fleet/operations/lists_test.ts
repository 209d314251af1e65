import assert from "node:assert/strict";
import { address, ask, testModel } from "../testing.ts";
import { report } from "./report.ts";
import { canForget, forgetServer } from "./forget_server.ts";
import { manage } from "./manage.ts";
import { tick } from "../servers/life_cycle.ts";
import {
  banList,
  kindList,
  type List,
  type RoomFilter,
  roomList,
  serverList,
  taskList,
  usageList,
} from "./lists.ts";
import type { Model } from "../state/model.ts";

function hear(model: Model, server: string, rooms: readonly string[], now = 0): void {
  const reported = rooms.map((name) => ({
    id: ["acme", name] as const,
    customer: name.startsWith("b") ? "beta" : "acme",
    age: { secs: 0, nanos: 0 },
    peers: 1,
  }));
  report(
    model,
    {
      address: address(server),
      pool: "default",
      version: "1",
      load: 0,
      clients: rooms.length,
      rooms: reported,
    },
    now,
  );
}

/** What a list shows to whoever reads it in one go. */
function* read<Entry, Item>(list: List<Entry, Item>): Generator<Item, void, void> {
  for (const entry of list.entries()) if (list.fits(entry)) yield list.show(entry);
}

const names = (model: Model, filter: RoomFilter) =>
  Array.from(read(roomList(model, filter)), ({ id }) => id[1]).sort();

const found: readonly (readonly [RoomFilter, string[]])[] = [
  [{}, ["a1", "a2", "b1", "granted"]],
  [{ server: address("x") }, ["a1", "b1"]],
  [{ namespace: "acme", prefix: "a" }, ["a1", "a2"]],
  [{ namespace: "other" }, []],
  [{ customer: "beta" }, ["b1"]],
  [{ customer: "acme", server: address("x") }, ["a1"]],
  [{ server: address("unknown") }, []],
];
for (const [filter, expected] of found) {
  Deno.test(`rooms are found by ${JSON.stringify(filter)}`, () => {
    const model = testModel();
    hear(model, "x", ["a1", "b1"]);
    hear(model, "y", ["a2"]);
    ask(model, "granted", "u", 0, { server: address("y") });
    assert.deepEqual(names(model, filter), expected);
  });
}

Deno.test("a list of a server's rooms leaves out what has left since, and meets nothing twice", () => {
  const model = testModel();
  hear(model, "x", ["a1", "a2", "a3", "a4"]);
  ask(model, "a3", "u");
  const seen: string[] = [];
  for (const { id } of read(roomList(model, { server: address("x") }))) {
    if (seen.push(id[1]) > 1) continue;
    hear(model, "x", ["a1", "a4"], 1000); // a2 is over; a3 keeps its place, since somebody is on the way
  }
  assert.deepEqual(seen.sort(), ["a1", "a3", "a4"]);
});

Deno.test("a list of a server's rooms meets those that its report lists meanwhile", () => {
  const model = testModel();
  hear(model, "x", ["a1", "a2"]);
  ask(model, "granted", "u", 0, { server: address("x") });
  const seen: string[] = [];
  for (const { id } of read(roomList(model, { server: address("x") }))) {
    if (seen.push(id[1]) > 1) continue;
    hear(model, "x", ["a1", "a2", "granted"], 1000);
  }
  assert.deepEqual(seen.sort(), ["a1", "a2", "granted"]);
});

Deno.test("a list of a server's rooms meets those that wait to be listed once it has begun", () => {
  const model = testModel();
  hear(model, "x", ["a1"]);
  for (const room of ["g1", "g2"]) ask(model, room, "u", 0, { server: address("x") });
  const seen: string[] = [];
  for (const { id } of read(roomList(model, { server: address("x") }))) {
    if (seen.push(id[1]) > 1) continue;
    hear(model, "x", ["a1", "g1", "g2"], 1000);
  }
  assert.deepEqual(seen.sort(), ["a1", "g1", "g2"]);
});

Deno.test("servers are told apart by pool and by what they may take", () => {
  const model = testModel();
  hear(model, "x", []);
  hear(model, "y", [], 60_000);
  tick(model, 60_000);
  const addresses = (filter: object) => Array.from(read(serverList(model, filter)), ({ address }) => address);
  assert.deepEqual(addresses({}), [address("x"), address("y")]);
  assert.deepEqual(addresses({ state: "silent" }), [address("x")]);
  assert.deepEqual(addresses({ state: "open" }), [address("y")]);
  assert.deepEqual(addresses({ state: "draining" }), []);
  assert.deepEqual(addresses({ pool: "eu" }), []);
});

Deno.test("bans that have ended are not listed, nor tasks that were done meanwhile", () => {
  const model = testModel();
  hear(model, "x", ["a1"]);
  const ban = (room: string, banTime: number) =>
    manage(model, {
      task: { task: "RoomClose", id: ["acme", room], ban_time: { secs: 1, nanos: 0 } },
      banTime,
    }, 0);
  ban("a1", 1000);
  ban("a2", 5000);
  const rooms = (filter: object, now: number) =>
    Array.from(read(banList(model, filter, () => now)), ({ room }) => room[1]);
  assert.deepEqual(rooms({}, 0), ["a1", "a2"]);
  assert.deepEqual(rooms({}, 1000), ["a2"]);
  assert.deepEqual(rooms({ customer: "acme", room: "a1" }, 0), ["a1"]);
  assert.deepEqual(rooms({ user: "u" }, 0), []);
  const tasks = (filter: object) => Array.from(read(taskList(model, filter)));
  assert.deepEqual(tasks({ server: address("x") }).map(({ kind, state }) => [kind, state]), [
    ["RoomClose", "waiting"],
  ]);
  assert.deepEqual(tasks({ room: "a2" }), []);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "a1"], user_data: [] } }, 0);
  const list = taskList(model, {});
  const met = [...list.entries()];
  assert.deepEqual(met.map(list.now), met);
  hear(model, "x", [], 1000); // the room is over, and its tasks with it
  assert.deepEqual(met.map(list.now), [undefined, undefined]);
  assert.deepEqual(tasks({}), []);
});

Deno.test("what was met is shown as it is now, wherever it has moved, and no more once it has gone", () => {
  const model = testModel();
  hear(model, "x", ["a1", "b1"]);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "a1"], user_data: [] } }, 0);
  const lists: readonly List<unknown, unknown>[] = [
    roomList(model, {}),
    taskList(model, {}),
    usageList(model, {}),
    serverList(model, {}),
  ];
  const met = lists.map((list) => [...list.entries()]);
  const keys = () =>
    lists.map((list, i) => met[i]!.flatMap((entry) => list.now(entry) ?? []).map(list.keyOf));
  const shown = () =>
    lists.map((list, i) => met[i]!.flatMap((entry) => list.now(entry) ?? []).map(list.show));
  const before = keys();
  assert.deepEqual(before, lists.map((list, i) => met[i]!.map(list.keyOf)));
  const [x, y] = [address("x"), address("y")];
  const servers = (i: number) => (shown()[i] as { server: string }[]).map(({ server }) => server);
  assert.deepEqual([servers(0), servers(1)], [[x, x], [x]]);
  tick(model, 60_000);
  hear(model, "y", [], 60_000);
  ask(model, "a1", "u", 60_000);
  assert.deepEqual(keys(), before);
  assert.deepEqual([servers(0), servers(1)], [[y, x], [y]]);
  const onX = roomList(model, { server: address("x") });
  assert.deepEqual(met[0]!.map((room) => onX.fits(room as never)), [false, true], "a1 is meant no more");
  forgetServer(model, address("x"), 60_000);
  assert.deepEqual(keys(), [[["acme", "a1"]], before[1], [["acme"]], []]);
});

Deno.test("kinds are told apart by namespace and template, and shown until they are forgotten", () => {
  const model = testModel();
  for (const [i, namespace] of ["b", "a"].entries()) {
    model.kinds.learn({ namespace, template: "t#" }, { size: 3, fillTime: 1000 }, i);
  }
  const list = kindList(model, {});
  const met = [...list.entries()];
  const keys = () => met.flatMap((entry) => list.now(entry) ?? []).map(list.keyOf).sort();
  assert.deepEqual(keys(), [["", ""], ["a", ""], ["a", "t#"], ["b", ""], ["b", "t#"]]);
  assert.deepEqual(met.filter(kindList(model, { namespace: "a" }).fits).length, 2);
  model.kinds.forget({ namespace: "a", template: "t#" });
  assert.deepEqual(keys(), [["", ""], ["a", ""], ["b", ""], ["b", "t#"]]);
});

Deno.test("only a silent server can be forgotten; what is said before is what happens", () => {
  const model = testModel();
  hear(model, "x", ["a1", "a2", "{g}1", "{g}2"]);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "a1"], user_data: [] } }, 0);
  assert.equal(canForget(model, address("y")), "no-server");
  assert.equal(canForget(model, address("x")), "not-silent");
  tick(model, 60_000);
  const said = canForget(model, address("x"));
  assert.ok(Array.isArray(said));
  assert.equal(model.rooms, 4, "nothing has happened yet");
  const done = forgetServer(model, address("x"), 60_000);
  const sorted = (changes: readonly object[]) => changes.map((change) => JSON.stringify(change)).sort();
  assert.deepEqual(sorted(said), sorted(done.filter(({ type }) => type !== "size-observed")));
  assert.equal(model.rooms, 0);
  assert.deepEqual(forgetServer(model, address("x"), 60_000), []);
});
