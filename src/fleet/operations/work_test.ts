import assert from "node:assert/strict";
import {
  type Change,
  follow,
  type Model,
  report,
  Restorer,
  restoreRoomCost,
  roomCostText,
  snapshot,
  tick,
} from "../mod.ts";
import { address, checkConsistency, hear, place, seededRandom, testModel } from "../testing.ts";

const SERVERS = ["a", "b", "c"];

const asTheyAre = (peers: number, _room: string, _now: number) => peers;

/** Servers whose rooms cost the square of their clients, for so many minutes. */
function run(
  minutes: number,
  load = (clients: number) => clients ** 2,
  said = asTheyAre,
): { model: Model; now: number } {
  const { models: [model], now } = runSeveral(1, minutes, load, said);
  return { model: model!, now };
}

/**
 * The same, with several gateways that hear each server in turn, and tell each other.
 *
 * @param said what a server says of a room with so many clients
 */
function runSeveral(
  gateways: number,
  minutes: number,
  load = (clients: number) => clients ** 2,
  said = asTheyAre,
): { models: Model[]; now: number } {
  const models = Array.from({ length: gateways }, () => testModel());
  for (const model of models) model.shared = gateways > 1;
  let next = 0;
  const atOne = (act: (model: Model) => readonly Change[]) => {
    const model = models[next++ % gateways]!;
    const changes = act(model);
    for (const other of models) if (other !== model) follow(other, changes, now);
  };
  const random = seededRandom(1);
  const rooms = new Map(SERVERS.map((name) => [name, Array.from({ length: 30 }, () => 0)]));
  let now = 0;
  for (; now < minutes * 60_000; now += 5000) {
    for (const [name, sizes] of rooms) {
      for (let i = 0; i < 2; i++) sizes[Math.floor(random() * 30)] = Math.floor(20 * random() ** 2);
      const roomOf = (i: number) => `${name} ${"abcdefghijklmnopqrstuvwxyzäöüß"[i]}`;
      const listed = sizes.map((peers, i) => ({
        id: ["acme", roomOf(i)] as const,
        customer: "acme",
        peers: said(peers, roomOf(i), now),
        age: { secs: 9999, nanos: 0 },
      }));
      const clients = sizes.reduce((sum, peers) => sum + peers, 0);
      const work = sizes.reduce((sum, peers) => sum + load(peers), 0) / load(100);
      const input = { address: address(name), pool: "default", version: "1", clients, rooms: listed };
      atOne((model) => report(model, { ...input, load: work * (0.9 + 0.2 * random()) }, now).changes);
    }
    for (const model of models) tick(model, now);
  }
  return { models, now };
}

Deno.test("several gateways, each of which hears some of a server's reports, know of its load what one knows that hears all", () => {
  const [alone, ...several] = [1, 4].flatMap((gateways) => runSeveral(gateways, 40).models); // 3 servers: each hears all
  for (const name of SERVERS) {
    const known = ({ servers }: Model) => {
      const { steadyLoad, loadPerClient, work } = servers.get(address(name))!;
      return [steadyLoad, loadPerClient, work?.exponent, work?.load].map((value) => value?.toFixed(6));
    };
    for (const model of several) assert.deepEqual(known(model), known(alone!));
    const { load, steadyLoad } = alone!.servers.get(address(name))!;
    assert.ok(Math.abs(load - steadyLoad) > 0.001, "they differ, or the test says nothing");
  }
});

/** Load of a room of which each client costs the same: five of a hundred fill a server. */
const fifth = (clients: number) => clients === 100 ? 500 : clients;

Deno.test("a gateway that has just started counts rooms by the exponent of the others, until it can tell itself", () => {
  const { models: [old], now } = runSeveral(2, 40);
  assert.equal(old!.roomCost.which, 4);
  const [young, knowing] = [testModel(), runSeveral(2, 40, fifth).models[0]!];
  young.shared = true;
  const changes = hear(old!, "a", [["a a", 100, 9999]], now);
  for (const model of [young, knowing]) follow(model, changes, now);
  assert.equal(young.roomCost.which, 4);
  assert.equal(young.servers.get(address("a"))!.work?.exponent, 2);
  assert.equal(knowing.roomCost.which, 0, "it has heard enough to tell");
  for (let minute = 1; minute <= 20; minute++) tick(young, now + minute * 60_000);
  assert.equal(young.roomCost.which, 4, "few reports say nothing against it");
  checkConsistency(young);
});

Deno.test("one report in which one room says far too much does not tell how rooms cost", () => {
  const nonsense = (peers: number, room: string, now: number) =>
    now === 2_400_000 && room === "a a" ? 300 : peers;
  assert.equal(run(80, undefined, nonsense).model.roomCost.which, 4);
});

Deno.test("how rooms are counted is known after a restart, also of a server without any, and by a text that is none nothing is", () => {
  const { model: before, now } = run(40);
  const text = roomCostText(before)!;
  hear(before, "idle", [], now);
  const restored = (text: string) => {
    const model = testModel();
    const restorer = new Restorer(model, 0);
    restorer.take(snapshot(before));
    for (const _ of restorer.finish(0));
    restoreRoomCost(model, text, 0);
    return model;
  };
  const model = restored(text);
  assert.equal(model.roomCost.which, 4);
  assert.equal(roomCostText(model), text, "and after the next one");
  const idle = model.servers.get(address("idle"))!;
  const { loadPerWork } = before.servers.get(address("a"))!;
  assert.equal(idle.work?.exponent, 2);
  assert.ok(idle.work.load > loadPerWork / 3 && idle.work.load < 3 * loadPerWork, `${idle.work.load}`);
  for (let minute = 0; minute <= 20; minute++) tick(model, minute * 60_000);
  assert.equal(roomCostText(model), text, "while there are no reports nothing speaks against it");
  for (const damaged of ["", "null", "{}", "[]", text.replace("2", "3"), text.replace(/:[^:]*}/, ":0}")]) {
    const { roomCost, servers } = restored(damaged);
    assert.deepEqual([roomCost.which, roomCost.clientsPerWork], [0, 1], damaged);
    for (const { work } of servers) assert.equal(work, undefined);
  }
});

Deno.test("that each client costs the same is kept once it is known, and not before", () => {
  assert.equal(roomCostText(run(5).model), undefined);
  assert.match(roomCostText(run(40, fifth).model)!, /^{"exponent":1,/);
});

Deno.test("where rooms cost the square of their clients, a room that becomes large counts for what it will cost", () => {
  const { model, now } = run(40);
  const server = model.servers.get(address("a"))!;
  assert.equal(server.work?.exponent, 2);
  assert.ok(Math.abs(server.work.load * 100 ** 2 - 1) < 0.1, "a room of a hundred fills a server");
  for (let i = 0; i < 400; i++) {
    model.kinds.learn({ namespace: "acme", template: "event-#" }, { size: 60, fillTime: 60_000 }, now);
  }
  const before = server.work.coming;
  const chosen = model.servers.get(place(model, "event-1", "u", now))!;
  const explanation = model.explanations.get(model.groups.room(["acme", "event-1"])!.group)!;
  const { steadyLoad, expectedLoad } = explanation.candidates.find((its) => its.address === chosen.address)!;
  assert.ok(Math.abs(expectedLoad - steadyLoad - 0.36) < 0.06, `${expectedLoad - steadyLoad}`);
  assert.ok(chosen.work!.coming > before + 3000, "and goes on counting");
  checkConsistency(model);
  const others = SERVERS.map(address).filter((server) => server !== chosen.address);
  for (let i = 2; i < 4; i++) assert.ok(others.includes(place(model, `event-${i}`, "u", now)));
  hear(model, "a", [], now + 5000);
  checkConsistency(model);
});

Deno.test("a server that counts no clients yet, though it lists rooms with some, is compared with the others", () => {
  const { model, now } = run(40);
  const age = { secs: 9999, nanos: 0 };
  const rooms = [{ id: ["acme", "lobby"], customer: "acme", peers: 4, age }] as const;
  report(model, { address: address("a"), pool: "default", version: "1", load: 0.2, clients: 0, rooms }, now);
  place(model, "event-1", "u", now);
  const { candidates, leftOut } = model.explanations.get(model.groups.room(["acme", "event-1"])!.group)!;
  assert.deepEqual(leftOut, []);
  for (const { address, expectedLoad } of candidates) {
    assert.ok(Number.isFinite(expectedLoad), `${address}: ${expectedLoad}`);
  }
});

Deno.test("where each client costs the same, nothing else is made of it", () => {
  const { model } = run(40, (clients) => clients);
  assert.equal(model.roomCost.which, 0);
  for (const { work } of model.servers) assert.equal(work, undefined);
});

Deno.test("an exponent that has become another holds for rooms that already grow", () => {
  const { model, now } = run(40);
  for (let i = 0; i < 400; i++) {
    model.kinds.learn({ namespace: "acme", template: "event-#" }, { size: 60, fillTime: 60_000 }, now);
  }
  const chosen = model.servers.get(place(model, "event-1", "u", now))!;
  assert.ok(chosen.growthWork > 3000);
  for (let i = 0; i < 4000; i++) {
    const works = Float64Array.from([1, 1.25, 1.5, 1.75, 2], (exponent) => (i % 7) ** exponent * 100);
    for (const { workFit } of model.servers) workFit.learn(works, (i % 7) / 10);
  }
  for (let minute = 1; minute < 10; minute++) {
    for (const name of SERVERS) hear(model, name, [], now + minute * 60_000);
    tick(model, now + minute * 60_000);
  }
  assert.equal(model.roomCost.which, 4, "not at once");
  tick(model, now + 600_000);
  assert.deepEqual([model.roomCost.which, chosen.growthWork, chosen.work], [0, 0, undefined]);
  checkConsistency(model);
});

/** How many servers are compared by the work of rooms, and how many times that has changed, by the minute. */
function watched(
  minutes: number,
  loadOf: (server: number, rooms: readonly number[], random: () => number) => number,
) {
  const model = testModel();
  const random = seededRandom(5);
  const size = () => Math.max(1, Math.min(300, Math.round(4 / (1 - random()) ** 0.8)));
  const rooms = Array.from({ length: 10 }, () => Array.from({ length: 15 }, size));
  let changes = 0;
  for (let now = 0; now < minutes * 60_000; now += 5000) {
    const before = model.roomCost.which;
    tick(model, now);
    if (model.roomCost.which !== before) {
      changes++;
      const counted = Array.from(model.servers).filter(({ work }) => work !== undefined).length;
      assert.equal(
        counted,
        model.roomCost.which === 0 ? 0 : model.servers.size,
        "all by one formula, at once",
      );
    }
    for (const [s, sizes] of rooms.entries()) {
      for (let i = 0; i < sizes.length; i++) if (random() < 0.01) sizes[i] = size();
      const load = Math.min(1, Math.max(0, loadOf(s, sizes, random)));
      const listed = sizes.map((peers, i) => ({
        id: ["acme", `${s} ${i}`] as const,
        customer: "acme",
        peers,
        age: { secs: 9999, nanos: 0 },
      }));
      const clients = sizes.reduce((sum, its) => sum + its, 0);
      const input = { address: address(`s${s}`), pool: "default", version: "1", load, clients };
      report(model, { ...input, rooms: listed }, now);
    }
    hear(model, "idle", [], now);
  }
  return { changes, which: model.roomCost.which };
}

const sum = (sizes: readonly number[], exponent = 1) => sizes.reduce((all, its) => all + its ** exponent, 0);
const fleets = [
  [
    "one of ten costs the square of its rooms",
    (s, r) => s === 0 ? sum(r, 2) / 40_000 : sum(r) / 4000,
    [0],
    0,
  ],
  ["one of ten costs what its largest room does", (s, r) => s === 0 ? Math.max(...r) / 300 : sum(r) / 1600, [
    0,
  ], 0],
  ["one of ten has any load", (s, r, random) => s === 0 ? random() : sum(r) / 1600, [0], 0],
  ["large rooms bring something else along", (_, r) => sum(r) / 1600 + (Math.max(...r) > 100 ? 0.2 : 0), [
    0,
    1,
    2,
    3,
  ], 2],
  ["all cost the square of their rooms", (_, r) => sum(r, 2) / 80_000, [4], 1],
] as const satisfies readonly (readonly [
  string,
  (server: number, rooms: readonly number[], random: () => number) => number,
  readonly number[],
  number,
])[];

for (const [what, loadOf, exponents, most] of fleets) {
  Deno.test(`what rooms cost is told by most servers, and seldom changes: ${what}`, () => {
    const { changes, which } = watched(90, loadOf);
    assert.ok(changes <= most, `${changes} changes`);
    assert.ok((exponents as readonly number[]).includes(which), String(which));
  });
}
