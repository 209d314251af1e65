import assert from "node:assert/strict";
import {
  endHandOver,
  forecast,
  forgetKind,
  handOverTasks,
  type Model,
  type PoolForecast,
  report,
  type ReportedRoom,
  reportInSlices,
  tick,
} from "../mod.ts";
import { nameHash } from "../learning/mod.ts";
import { kindOf, observe } from "../state/growth.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

const room = (name: string, peers: number, customer = "acme"): ReportedRoom => ({
  id: ["acme", name],
  customer,
  peers,
});

function tell(model: Model, server: string, rooms: ReportedRoom[], now: number, more: object = {}) {
  const clients = rooms.reduce((sum, { peers }) => sum + peers, 0);
  const input = { address: address(server), pool: "default", version: "1", load: 0.1, clients, rooms };
  const { changes } = report(model, { ...input, ...more }, now);
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return { changes, closes: tasks.filter(({ task }) => task === "RoomClose").map(({ id }) => id[1]).sort() };
}

const splits = [
  ["{q}2", "{q}1", "two rooms of a group"],
  ["{m9}-x", "m9", "a plain name beside its group in braces"],
] as const;
for (const [held, other, what] of splits) {
  Deno.test(`a group on two servers is healed although the model has no such room: ${what}`, () => {
    const model = testModel();
    tell(model, "a", [room(held, 2)], 0);
    const first = tell(model, "b", [room(other, 2)], 1000);
    assert.deepEqual(first.closes, [other]);
    assert.equal(first.changes.filter(({ type }) => type === "collision").length, 1);
    const second = tell(model, "b", [room(other, 2)], 6000);
    assert.equal(second.changes.some(({ type }) => type === "collision"), false, "told at every report");
    tell(model, "b", [], 11_000);
    assert.equal(place(model, other, "u", 11_500), address("a"));
    checkConsistency(model);
  });
}

Deno.test("a server that comes back with a room of a group that went elsewhere is told to close it", () => {
  const model = testModel();
  tell(model, "a", [room("{m7}-red", 3)], 0);
  tell(model, "b", [], 7000);
  tick(model, 7500);
  assert.equal(place(model, "{m7}-blue", "u", 7600), address("b"));
  tell(model, "b", [room("{m7}-blue", 1)], 12_000);
  assert.deepEqual(tell(model, "a", [room("{m7}-red", 3)], 13_000).closes, ["{m7}-red"]);
  checkConsistency(model);
});

Deno.test("a room that its server is to close is not closed once the server holds its group", () => {
  const model = testModel();
  tell(model, "a", [room("r", 1)], 0);
  report(model, {
    address: address("b"),
    pool: "default",
    version: "1",
    load: 0,
    clients: 1,
    rooms: [room("r", 1)],
  }, 0);
  tick(model, 7500); // both are silent; b comes back first
  assert.deepEqual(tell(model, "b", [room("r", 1)], 8000).closes, []);
  assert.equal(place(model, "r", "u", 8000), address("b"));
});

for (const peers of [9007199254740991, 1e9]) {
  Deno.test(`a room of ${peers} peers on a server of 10 clients poisons nothing`, () => {
    const model = testModel({ tokenLifetime: 1000 });
    const { changes } = tell(model, "a", [room("match-1", peers)], 0, { clients: 10 });
    assert.ok(changes.some((change) => change.type === "server-odd" && /peers/.test(change.what)));
    assert.ok(model.usage.get("acme")!.peers <= 120);
    tell(model, "a", [], 2_000_000);
    const learned = model.kinds.estimatorFor({ namespace: "acme", template: "match-#" });
    assert.ok(learned.expectedSize(0, 2_000_000) <= 120, String(learned.expectedSize(0, 0)));
  });
}

for (const known of [0, 20, 1000]) {
  for (const peers of [1e4, 1e6]) {
    for (const [ends, how] of [[true, "ends with it"], [false, "lives on"]] as const) {
      Deno.test(`one report of ${peers} clients in a room that ${how} teaches nothing, with ${known} rooms known`, () => {
        const model = testModel();
        const kind = { namespace: "acme", template: "match-#" };
        for (let i = 0; i < known; i++) model.kinds.learn(kind, { size: 10, fillTime: 20_000 }, 0);
        const rooms = Array.from({ length: 20 }, (_, i) => room(`match-${i}`, 10));
        const about = { load: 0.2, clients: 200 };
        for (let now = 0; now < 600_000; now += 5000) tell(model, "a", rooms, now, about);
        const odd = [...rooms.slice(1), room("match-0", peers), ...(ends ? [room("match-77", peers)] : [])];
        tell(model, "a", odd, 600_000, { load: 0.2, clients: 2 * peers });
        tick(model, 600_000);
        for (let now = 605_000; now < 1_200_000; now += 5000) {
          tell(model, "a", rooms, now, about);
          tick(model, now);
        }
        const server = model.servers.get(address("a"))!;
        const size = (namespace: string) =>
          model.kinds.look({ ...kind, namespace }).expectedSize(0, 1_200_000);
        assert.ok(size("acme") < 11 && size("other") < 11, `${size("acme")}, ${size("other")}`);
        assert.ok(Math.abs(server.loadPerClient - 0.001) < 1e-5, String(server.loadPerClient));
        place(model, "match-100", "u", 1_200_000);
        const [{ ahead }] = forecast(model, 0.75) as [PoolForecast];
        assert.ok(
          ahead.every(({ clients, servers }) => clients < 250 && servers === 1),
          JSON.stringify(ahead),
        );
        checkConsistency(model);
      });
    }
  }
}

Deno.test("a room that is joined by very many between two reports is as large as they are", () => {
  const model = testModel();
  for (const [i, peers] of [1, 900, 900, 900].entries()) {
    tell(model, "a", [room("talk-1", peers)], i * 5000, { clients: peers, load: peers / 1000 });
  }
  tell(model, "a", [], 2_000_000, { clients: 0, load: 0 });
  const { levels } = model.kinds.estimatorFor({ namespace: "acme", template: "talk-#" });
  assert.equal(levels.at(-1)!.quantile(0.5), 900);
});

Deno.test("counts that were taken at slightly different moments are no fault", () => {
  const model = testModel();
  const { changes } = tell(model, "a", [room("r", 30)], 0, { clients: 25 });
  assert.equal(changes.some(({ type }) => type === "server-odd"), false);
  assert.equal(model.usage.get("acme")!.peers, 30);
});

Deno.test("a load that is no number leaves the last one, is said once a minute, and is no silence", () => {
  const model = testModel();
  tell(model, "a", [], 0, { load: 0.5 });
  const odd = [5000, 10_000, 66_000].map((now) =>
    tell(model, "a", [], now, { load: NaN }).changes.filter(({ type }) => type === "server-odd").length
  );
  assert.deepEqual(odd, [1, 0, 1]);
  assert.equal(model.servers.get(address("a"))!.load, 0.5);
  assert.equal(tick(model, 67_000).length, 0);
});

const REMEMBERED = [
  ["acme", "class-1"],
  ["acme", "class-2"],
  ["acme", "stage"],
  ["umbrella", "class-1"],
] as const;

Deno.test("what was learned of a kind can be forgotten", () => {
  const model = testModel();
  const kind = { namespace: "acme", template: "match-#" };
  model.kinds.learn(kind, { size: 90, fillTime: 1000 }, 0);
  const known = model.kinds.estimatorFor(kind).expectedSize(0, 0);
  assert.ok(forgetKind(model, kind).known);
  assert.ok(model.kinds.estimatorFor(kind).expectedSize(0, 0) < known);
  assert.equal(forgetKind(model, kind).known, false);
});

Deno.test("a kind of one name is forgotten with the name, whether its room is open or not", () => {
  const model = testModel();
  const kind = kindOf("acme", "lobby");
  for (const now of [0, 1]) observe(model, kind, "lobby", { size: 90, fillTime: 1000 }, undefined, now);
  const { names, changes } = forgetKind(model, kind);
  assert.equal(names, 1);
  assert.equal(model.names.get(nameHash("acme", "lobby")), undefined);
  assert.equal(changes.filter(({ type }) => type === "name-learned").length, 1, "the store is told");
});

Deno.test("names are forgotten with their namespace, and with their kind those whose rooms are open", () => {
  const taught = () => {
    const model = testModel();
    for (const [namespace, group] of REMEMBERED) {
      const kind = kindOf(namespace, group);
      for (const now of [0, 1]) observe(model, kind, group, { size: 90, fillTime: 1000 }, undefined, now);
    }
    tell(model, "a", [room("class-1", 4)], 2);
    const left = () =>
      REMEMBERED.filter(([namespace, group]) => model.names.get(nameHash(namespace, group)) !== undefined);
    return { model, left };
  };
  const [open, other, stage, foreign] = REMEMBERED;
  for (
    const [namespace, template, left] of [
      ["acme", "class-#", [other, stage, foreign]],
      ["acme", "", [foreign]],
      ["umbrella", "", [open, other, stage]],
      ["", "", []],
    ] as const
  ) {
    const its = taught();
    const { names, changes } = forgetKind(its.model, { namespace, template });
    assert.deepEqual(its.left(), left);
    assert.equal(names, REMEMBERED.length - left.length);
    assert.equal(changes.filter(({ type }) => type === "name-learned").length, names, "the store is told");
  }
});

Deno.test("a server that changes its pool, or reports far too often, is said", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  const { changes } = tell(model, "a", [], 5000, { pool: "eu" });
  assert.match(JSON.stringify(changes), /reported in pool default and reports in pool eu/);
  const often = Array.from(
    { length: 12 },
    (_, i) => tell(model, "a", [], 10_000 + i * 1000, { pool: "eu" }).changes,
  );
  assert.match(JSON.stringify(often), /do two servers have this address/);
});

Deno.test("the store is told when a room's customer changes and when its server lists it no more", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  place(model, "r", "u", 0);
  tell(model, "a", [room("r", 1)], 1000);
  const moved = tell(model, "a", [room("r", 1, "other")], 2000).changes;
  assert.deepEqual(moved.filter(({ type }) => type === "room-changed"), [
    { type: "room-changed", room: ["acme", "r"], customer: "other", server: address("a"), listed: true },
  ]);
  const ended = tell(model, "a", [], 3000).changes;
  assert.deepEqual(ended.filter(({ type }) => type === "room-changed"), [
    { type: "room-changed", room: ["acme", "r"], customer: "other", server: address("a"), listed: false },
  ]);
  checkConsistency(model);
});

Deno.test("a long report in slices lets Connects, other reports and time pass, and counts the same in the end", () => {
  const model = testModel({ limits: { ...testModel().settings.limits, unlistedRooms: 100_000 } });
  tell(model, "b", [], 0);
  const rooms = Array.from({ length: 5500 }, (_, i) => room(`{g${i % 5000}}-${i}`, 1));
  const slices = reportInSlices(model, {
    address: address("a"),
    pool: "default",
    version: "1",
    load: 0.5,
    clients: 5500,
    rooms,
  }, 0);
  let between = 0;
  for (let { done } = slices.next(); !done; { done } = slices.next()) {
    between++;
    assert.ok(ask(model, `{g${between}}-1`, `u${between}`, 0).granted);
    ask(model, `new-${between}`, "u", 0);
    tell(model, "b", [room(`{g${4999 - between}}-b`, 1)], between);
    tick(model, between);
  }
  assert.ok(between >= 5);
  tell(model, "a", rooms, 6000);
  tell(model, "b", [], 6000);
  checkConsistency(model);
});

Deno.test("a twin of a server with many rooms costs no more than its rooms", () => {
  const model = testModel({ limits: { ...testModel().settings.limits, tasksPerServer: 100_000 } });
  const rooms = Array.from({ length: 20_000 }, (_, i) => room(`r${i}`, 1));
  tell(model, "a", rooms, 0);
  const input = { address: address("b"), pool: "default", version: "1", load: 0, clients: 20_000, rooms };
  const time = (run: () => void) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  const own = time(() => report(model, { ...input, address: address("c") }, 1));
  const again = time(() => report(model, { ...input, address: address("c") }, 6000));
  assert.ok(own < 3000 && again < 3000, `${own} and ${again} ms`); // it was 12 s
});

Deno.test("a room of a saturated server is not thought cheap", () => {
  const model = testModel();
  for (let clients = 100; clients <= 1000; clients += 100) {
    hear(model, "a", [["r", clients, 9999]], clients * 50);
  }
  const before = model.servers.get(address("a"))!.loadPerClient;
  for (let i = 1; i < 50; i++) {
    const input = {
      address: address("a"),
      pool: "default",
      version: "1",
      rooms: [room("r", 1000 + 100 * i)],
    };
    report(model, { ...input, load: 1, clients: 1000 + 100 * i }, 60_000 + i * 5000);
  }
  const server = model.servers.get(address("a"))!;
  assert.ok(server.loadPerClient > 0.95 * before, `${server.loadPerClient} was ${before}`);
  assert.ok(server.steadyLoad > 3, "it says at least 1");
});

Deno.test("the store is told who has opened a room that another customer was granted", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  place(model, "r", "u", 0);
  const { changes } = tell(model, "a", [room("r", 1, "other")], 1000);
  assert.deepEqual(changes.filter(({ type }) => type === "room-changed"), [
    { type: "room-changed", room: ["acme", "r"], customer: "other", server: address("a"), listed: true },
  ]);
  checkConsistency(model);
});

Deno.test("a room that is twice in a report counts once", () => {
  const model = testModel();
  tell(model, "a", [room("r", 3), room("s", 1), room("r", 3)], 0);
  const { peers, rooms } = model.usage.get("acme")!;
  assert.deepEqual([peers, rooms], [4, 2]);
  tell(model, "a", [room("s", 1)], 5000);
  assert.equal(model.rooms, 1);
  checkConsistency(model);
});

const MANY = Array.from({ length: 3000 }, (_, i) => room(`r${i}`, 1));
const removals = [
  ["while its rooms are taken in", [room("before", 1)], MANY],
  ["while the rooms that it lists no more end", MANY, [room("after", 1)]],
] as const;

for (const [when, before, rooms] of removals) {
  Deno.test(`a server that is removed during its report, ${when}, leaves nothing behind`, () => {
    const model = testModel();
    tell(model, "a", [...before], 0);
    const input = { address: address("a"), pool: "default", version: "1", load: 0, clients: 3000, rooms };
    const slices = reportInSlices(model, input, 1000);
    slices.next();
    const removed = tick(model, 700_000);
    assert.ok(removed.some(({ type }) => type === "server-removed"));
    while (!slices.next().done);
    assert.equal(model.servers.size, 0);
    assert.equal(model.rooms, 0);
    assert.equal(model.usage.get("acme"), undefined);
    checkConsistency(model);
  });
}

Deno.test("a room that comes back from another server is neither ended nor counted twice by the report that shows it", () => {
  const model = testModel();
  tell(model, "a", [room("r", 2)], 0);
  tell(model, "b", [], 7000);
  tick(model, 7500);
  assert.equal(place(model, "r", "u", 7600), address("b"));
  tell(model, "a", [], 14_000);
  tick(model, 14_500); // b is silent
  tell(model, "a", [room("r", 1)], 15_000);
  assert.equal(place(model, "r", "v", 15_100), address("a"));
  assert.deepEqual(model.usage.get("acme")!.reported, { peers: 1, rooms: 1 });
  checkConsistency(model);
});
