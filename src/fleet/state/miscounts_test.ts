import assert from "node:assert/strict";
import type { KeptCount } from "../miscount.ts";
import { releaseGroup, removeRoom } from "../rooms/opening.ts";
import { linger } from "../rooms/presence.ts";
import { tick } from "../servers/life_cycle.ts";
import { address, ask, checkConsistency, hear, SETTINGS, testModel } from "../testing.ts";
import { endGrants } from "./grant.ts";
import { endGrowth } from "./growth.ts";
import { Miscounts } from "./miscounts.ts";
import type { Model } from "./model.ts";
import type { Group, Room } from "./room.ts";
import type { Server } from "./server.ts";
import { TaskQueue } from "./task_queue.ts";
import { Shares } from "./shares.ts";
import type { Usage } from "./usage.ts";

/** A server with a listed room, `listed`, and one that is granted, `granted`, both of the customer `acme`. */
interface Fleet {
  readonly model: Model;
  readonly server: Server;
  readonly listed: Room;
  readonly granted: Room;
  readonly usage: Usage;
}

function fleet(): Fleet {
  const model = testModel();
  hear(model, "a", [["listed", 2, 10]], 0);
  ask(model, "granted", "u", 1);
  const room = (name: string) => model.groups.room(["acme", name])!;
  const [listed, granted] = [room("listed"), room("granted")];
  return { model, server: model.servers.get(address("a"))!, listed, granted, usage: listed.usage };
}

/** A count, what makes it wrong as a fault in the code would, and what then shows it; and what it is put right to. */
type Row = readonly [
  count: KeptCount,
  spoil: (fleet: Fleet) => void,
  show: (fleet: Fleet) => void,
  healed: (fleet: Fleet) => unknown,
  to: unknown,
];

const endGrantsOf = ({ model, granted }: Fleet) => endGrants(model, granted);

const rows: readonly Row[] = [
  [
    "clients on the way to a server",
    ({ server }) => server.grants = 0,
    endGrantsOf,
    ({ server }) => server.grants,
    0,
  ],
  [
    "clients on the way to a customer's rooms",
    ({ usage }) => usage.granted.peers = 0,
    endGrantsOf,
    ({ usage }) => usage.granted.peers,
    0,
  ],
  [
    "rooms that a customer was granted",
    ({ usage }) => usage.granted.rooms = 0,
    endGrantsOf,
    ({ usage }) => usage.granted.rooms,
    0,
  ],
  [
    "clients on the way to a young group",
    ({ granted }) => granted.group.young!.grants = 0,
    endGrantsOf,
    ({ granted }) => granted.group.young!.grants,
    0,
  ],
  [
    "outstanding grants",
    ({ model }) => model.grants.clear(),
    endGrantsOf,
    ({ server }) => server.grants,
    1, // counted still; what it should be is not known
  ],
  [
    "clients that a server's young groups grow by",
    ({ server }) => server.growth = 1,
    ({ granted }) => endGrowth(granted.group),
    ({ server, listed }) => Math.abs(server.growth - listed.group.young!.growth) < 1e-9,
    true,
  ],
  [
    "peers that were reported of a customer",
    ({ usage }) => usage.reported.peers = 1,
    ({ model, listed }) => removeRoom(model, listed),
    ({ usage }) => usage.reported.peers,
    0,
  ],
  [
    "rooms that were reported of a customer",
    ({ usage }) => usage.reported.rooms = 0,
    ({ model, listed }) => removeRoom(model, listed),
    ({ usage }) => usage.reported.rooms,
    0,
  ],
  [
    "rooms of a customer",
    ({ usage }) => usage.references = 0,
    ({ model, listed }) => removeRoom(model, listed),
    ({ usage }) => usage.references,
    0,
  ],
  [
    "rooms of the model",
    ({ model }) => model.rooms = 0,
    ({ model, listed }) => removeRoom(model, listed),
    ({ model }) => model.rooms,
    0,
  ],
  [
    "rooms of a group",
    ({ model, listed }) => removeRoom(model, listed),
    ({ model, listed }) => removeRoom(model, listed),
    ({ model, usage }) => [model.rooms, usage.references],
    [1, 1],
  ],
  [
    "listed rooms of a group",
    ({ listed }) => listed.group.listed = 0,
    ({ model, listed }) => linger(model, listed, 2, []),
    ({ listed }) => listed.group.listed,
    0,
  ],
  [
    "groups of a server",
    ({ server }) => server.groups = 0,
    ({ model, listed }) => releaseGroup(model, listed.group),
    ({ server }) => server.groups,
    0,
  ],
  [
    "groups of a namespace",
    ({ model, listed }) => {
      releaseGroup(model, listed.group);
      model.groups.add("acme", "listed", listed.group.server);
    },
    ({ model, listed }) => model.groups.delete(listed.group),
    ({ model }) => (model.groups.get("acme", "listed") satisfies Group | undefined)?.name,
    "listed", // it is another one
  ],
  [
    "a customer's share of a limit",
    ({ model }) => model.taskBytes.add("acme", 1),
    ({ model }) => model.taskBytes.take("acme", 3),
    ({ model }) => model.taskBytes.total,
    0,
  ],
];

for (const [count, spoil, show, healed, to] of rows) {
  Deno.test(`a miscount is told once and put right: ${count}`, () => {
    const its = fleet();
    checkConsistency(its.model);
    spoil(its);
    assert.deepEqual(its.model.miscounts.found, []);
    show(its);
    assert.deepEqual(healed(its), to);
    const told = tick(its.model, 2).filter((change) => change.type === "miscounted");
    assert.ok(told.some((change) => change.count === count), JSON.stringify(told));
    for (const { what, trail } of told) {
      assert.match(what, /acme|a\.example/, "says whose");
      assert.match(trail, /\w/, "and how it came");
    }
    assert.ok(tick(its.model, 3).every(({ type }) => type !== "miscounted"), "once");
  });
}

const task = (sequence: number, json = "{}") => ({
  sequence,
  room: ["acme", "r"] as const,
  kind: "RoomClose" as const,
  json,
  expires: 9,
  customer: "acme",
});

Deno.test("a miscount is told once and put right: tasks of a number, of which the later counts", () => {
  const miscounts = new Miscounts();
  const total = new Shares(1000, 0.1, miscounts);
  const queue = new TaskQueue({ ...SETTINGS.limits, customerShare: 0.1 }, total, miscounts);
  queue.add(task(1, "{1234567}"));
  queue.add(task(1));
  assert.deepEqual([queue.size, queue.bytes, total.total], [1, 2, 2]);
  assert.deepEqual(miscounts.take().map(({ count }) => count), ["tasks of a number"]);
  queue.delete(queue.get(1)!);
  assert.deepEqual([queue.size, queue.bytes, queue.closes(["acme", "r"])], [0, 0, false]);
});

Deno.test("what is possible is no miscount, and of each count one is kept however often it is wrong", () => {
  const miscounts = new Miscounts();
  const its = (value: number) =>
    miscounts.notNegative("rooms of the model", value, "the model", "a room ends");
  assert.deepEqual([its(0), its(7), miscounts.found.length], [0, 7, 0]);
  for (let i = 1; i < 1000; i++) assert.equal(its(-i), 0);
  assert.equal(its(NaN), 0);
  assert.deepEqual(miscounts.found.map(({ value }) => value), [-1]);
});

Deno.test("sums of fractions that are a little below zero are rounded, and no miscount", () => {
  const { model, server, listed, granted } = fleet();
  endGrowth(granted.group);
  server.growth -= 1e-9;
  endGrowth(listed.group);
  assert.equal(server.growth, 0);
  checkConsistency(model);
});
