import assert from "node:assert/strict";
import { type Change, type Model, report, restore, snapshot, tick } from "../mod.ts";
import { nameHash } from "../learning/mod.ts";
import { address, checkConsistency, hear, place, testModel } from "../testing.ts";

/** Rooms `match-…` that come to a size within ten seconds and end after two minutes. */
function learnMatches(model: Model, size: number, count: number): number {
  let now = 0;
  hear(model, "a", [], now);
  for (let i = 0; i < count; i++) {
    place(model, `match-${i}`, "u", now);
    hear(model, "a", [[`match-${i}`, 1, 1]], now += 5000);
    hear(model, "a", [[`match-${i}`, size, 6]], now += 5000);
    for (let t = 0; t < 120_000; t += 5000) {
      hear(model, "a", [[`match-${i}`, size, 11 + t / 1000]], now += 5000);
    }
    tick(model, now += 300_000); // tokens expire
    hear(model, "a", [], now);
    tick(model, now);
  }
  return now;
}

Deno.test("a new room counts with the size that rooms of its kind reach, less who is there or on the way", () => {
  const model = testModel();
  let now = learnMatches(model, 40, 20);
  const server = model.servers.get(address("a"))!;
  assert.equal(server.growth, 0);
  place(model, "match-100", "u1", now);
  assert.ok(Math.abs(server.growth - 39) < 4, String(server.growth));
  const before = server.growth;
  place(model, "match-100", "u2", now);
  assert.ok(Math.abs(before - server.growth - 1) < 1e-9, "one more on the way is one less to come");
  hear(model, "a", [["match-100", 30, 5]], now += 5000);
  assert.ok(server.growth > 5 && server.growth < 15, String(server.growth));
  hear(model, "a", [["match-100", 41, 10]], now += 5000);
  assert.ok(server.growth < 5, String(server.growth));
  checkConsistency(model);
});

Deno.test("a room that has stopped growing counts no more than its clients", () => {
  const model = testModel();
  let now = learnMatches(model, 40, 20);
  const server = model.servers.get(address("a"))!;
  place(model, "match-100", "u1", now);
  for (let age = 5; age <= 60; age += 5) hear(model, "a", [["match-100", 5, age]], now += 5000);
  assert.ok(server.growth > 20, "a minute is no reason to give up");
  for (let age = 65; age <= 200; age += 5) hear(model, "a", [["match-100", 5, age]], now += 5000);
  assert.equal(server.growth, 0);
  hear(model, "a", [["match-100", 20, 205]], now += 5000);
  assert.ok(server.growth > 5, "it grows again");
});

Deno.test("a room that nobody joins stops counting when its grant does", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  for (let i = 0; i < 50; i++) place(model, `match-${i}`, "u", 0);
  const server = model.servers.get(address("a"))!;
  assert.ok(server.growth > 400);
  hear(model, "a", [], 15_000);
  tick(model, 15_000);
  assert.equal(server.growth, 0);
  place(model, "match-7", "v", 16_000);
  assert.ok(server.growth > 5, "somebody is on the way again");
  checkConsistency(model);
});

Deno.test("a room whose first client is early, and whose others come at once later, is still waited for", () => {
  const model = testModel();
  let now = 0;
  hear(model, "a", [], now);
  const lesson = (name: string, until: number) => {
    place(model, name, "teacher", now);
    for (let age = 5; age <= until; age += 5) {
      hear(model, "a", [[name, age < 600 ? 1 : 31, age]], now += 5000);
    }
  };
  for (let i = 0; i < 10; i++) {
    lesson(`class-${i}`, 905);
    tick(model, now += 300_000);
    hear(model, "a", [], now);
    tick(model, now);
  }
  lesson("class-77", 590);
  const { growth } = model.servers.get(address("a"))!;
  assert.ok(growth > 20, `${growth} pupils are expected`);
});

Deno.test("rooms that are old when they are first seen teach nothing, and are not expected to grow", () => {
  const model = testModel();
  hear(model, "a", [["match-1", 40, 6000]], 0);
  assert.equal(model.servers.get(address("a"))!.growth, 0);
  hear(model, "a", [], 5000);
  tick(model, 1e7);
  assert.equal(model.kinds.size, 0);
});

Deno.test("large rooms go to large servers, before they are large", () => {
  const model = testModel();
  let now = learnMatches(model, 200, 20);
  model.servers.get(address("a"))!.liveness.heard(now);
  const large = {
    address: address("large"),
    pool: "default",
    version: "1",
    load: 0.55,
    clients: 5500,
    rooms: [],
  };
  for (let i = 0; i < 3; i++) {
    report(model, large, now += 5000);
    hear(model, "a", [["old", 500, 9999]], now);
  }
  assert.equal(place(model, "match-500", "u", now), address("large"), "200 more are 2 points there, 20 here");
});

Deno.test("when a server is lost, its rooms are placed for the clients that come back", () => {
  const model = testModel();
  hear(model, "a", [["big", 300, 6000]], 0);
  hear(model, "b", [["x", 400, 6000]], 7000);
  hear(model, "c", [["y", 450, 6000]], 7000);
  tick(model, 7500);
  const server = place(model, "big", "u", 7600);
  assert.ok(model.servers.get(server)!.growth > 290);
});

Deno.test("two hundred rooms that will grow spread evenly over equal servers, before any report", () => {
  const model = testModel();
  for (let i = 0; i < 10; i++) hear(model, `s${i}`, [["old", 300, 6000]], 0);
  for (let i = 0; i < 200; i++) place(model, `match-${i}`, `u${i}`, i * 5);
  for (const { groups } of model.servers) {
    assert.ok(Math.abs(groups - 20) <= 2, `${groups} rooms on one server`);
  }
  checkConsistency(model);
});

Deno.test("on a new server a client costs what it does on the servers of its pool, as a median", () => {
  const model = testModel();
  const costs = [0.001, 0.002, 0.02];
  for (let now = 0; now <= 100_000; now += 5000) {
    costs.forEach((cost, i) => {
      const input = {
        address: address(`s${i}`),
        pool: "eu",
        version: "1",
        load: 40 * cost,
        clients: 40,
        rooms: [],
      };
      report(model, input, now);
    });
  }
  hear(model, "new", [], 105_000, "eu");
  hear(model, "elsewhere", [], 105_000, "us");
  const cost = (server: string) => model.servers.get(address(server))!.loadPerClient;
  assert.ok(Math.abs(cost("new") / 0.002 - 1) < 0.1, String(cost("new")));
  assert.equal(cost("elsewhere"), 0.001, "where nothing is known, a thousandth");
});

const MATCH = { namespace: "acme", template: "match-#" };

/** The observations among changes. */
function observed(changes: readonly Change[]) {
  return changes.flatMap((change) => change.type === "size-observed" ? [change] : []);
}

Deno.test("what a room has come to is learned when it grows no more, though it lives on", () => {
  const model = testModel();
  for (let age = 5; age <= 180; age += 5) hear(model, "a", [["match-1", 80, age]], age * 1000);
  assert.equal(model.kinds.size, 0, "a room of which nothing is known gets three minutes");
  const changes = hear(model, "a", [["match-1", 80, 185]], 185_000);
  assert.deepEqual(observed(changes).map(({ observed }) => observed), [{ size: 80, fillTime: 0 }]);
  assert.ok(model.kinds.estimatorFor(MATCH).expectedSize(0, 185_000) > 40);
  assert.equal(model.servers.get(address("a"))!.growth, 0);
});

Deno.test("a room that grows on is corrected, and counts once", () => {
  const model = testModel();
  const size = (age: number) => age < 600 ? 10 : age < 1200 ? 40 : 41;
  const told = [];
  for (let age = 5; age <= 5300; age += 5) {
    told.push(...observed(hear(model, "a", [["match-1", size(age), age]], age * 1000)));
  }
  assert.deepEqual(told.map(({ observed: { size }, earlier }) => [size, earlier?.size]), [
    [10, undefined],
    [40, 10],
  ]);
  const { weight, sum } = model.kinds.estimatorFor(MATCH).levels.at(-1)!.from(0, 5_300_000);
  assert.ok(Math.abs(weight - 1) < 0.1 && Math.abs(sum - 40) < 4, `${weight} rooms, ${sum} clients`);
});

Deno.test("of a room that is not new when it is first seen, the size is learned, and not how long it took", () => {
  const model = testModel();
  model.kinds.learn(MATCH, { size: 40, fillTime: 120_000 }, 0);
  const before = model.kinds.estimatorFor(MATCH).fillTime;
  assert.deepEqual(observed(hear(model, "a", [["match-1", 60, 3000]], 0)).map(({ observed }) => observed), [
    { size: 60, fillTime: before },
  ]);
  assert.equal(model.servers.get(address("a"))!.growth, 0);
});

Deno.test("a room whose name was seen before is expected to come to what it came to then, over a restart too", () => {
  const before = testModel();
  for (const [i, size] of [5, 80, 5, 80, 5, 5, 5, 5].entries()) {
    before.names.learn(nameHash("acme", `match-${i < 4 ? i % 2 : i}`), { size, fillTime: 60_000 }, 0);
    before.kinds.learn(MATCH, { size, fillTime: 60_000 }, 0);
  }
  const model = testModel();
  restore(model, snapshot(before), 1000);
  hear(model, "a", [], 1000);
  const server = model.servers.get(address("a"))!;
  place(model, "match-1", "u", 1000);
  assert.ok(Math.abs(server.growth - 79) < 3, String(server.growth));
  place(model, "match-0", "u", 1000);
  assert.ok(Math.abs(server.growth - 83) < 4, String(server.growth));
});

Deno.test("a room is watched for ninety minutes, and while it still grows", () => {
  const model = testModel();
  const server = () => model.servers.get(address("a"))!;
  for (let age = 5; age <= 5400; age += 5) hear(model, "a", [["match-1", 20, age]], age * 1000);
  assert.equal(server().young.size, 0);
  for (let age = 5; age <= 6300; age += 5) {
    hear(model, "a", [["match-2", Math.ceil(age / 10), age]], 6_000_000 + age * 1000);
  }
  assert.equal(server().young.size, 1);
  assert.equal(model.kinds.size, 2, "and nothing is learned of it meanwhile");
});

Deno.test("rooms that fill over an hour are expected to, once some have", () => {
  const model = testModel();
  const rooms = (from: number, to: number, age: number) =>
    Array.from(
      { length: to - from },
      (_, i) => [`match-${from + i}`, Math.min(120, Math.ceil(age / 30)), age] as const,
    );
  for (let age = 5; age <= 7200; age += 5) hear(model, "a", rooms(0, 10, age), age * 1000);
  for (let age = 5; age <= 1800; age += 5) hear(model, "a", rooms(10, 11, age), 7_200_000 + age * 1000);
  const { growth } = model.servers.get(address("a"))!;
  assert.ok(growth > 40 && growth < 65, `${growth} are to come to the 60 that are there`);
});

Deno.test("a room that nobody joins teaches nothing", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  place(model, "match-1", "u", 0);
  hear(model, "a", [], 300_000);
  tick(model, 300_000);
  assert.equal(model.rooms, 0);
  assert.equal(model.kinds.size, 0);
});

Deno.test("rooms that fill at once are not expected to grow for as long as a late client may come", () => {
  const model = testModel();
  const rooms = Array.from({ length: 30 }, (_, i) => `match-${i}`);
  for (let age = 5; age <= 650; age += 5) {
    hear(model, "a", rooms.map((name) => [name, age < 600 ? 10 : 11, age]), age * 1000);
  }
  hear(model, "a", [], 655_000);
  const { fillTime } = model.kinds.estimatorFor(MATCH);
  assert.ok(fillTime < 60_000, `${fillTime / 1000} s`);
});

Deno.test("what is learned is told to the store every five seconds, each kind once", () => {
  const model = testModel();
  let told = 0;
  for (let now = 0; now < 20_000; now += 250) {
    model.kinds.learn(MATCH, { size: 10, fillTime: 1000 }, now);
    const kinds = tick(model, now).flatMap((change) => change.type === "kind-learned" ? [change.kind] : []);
    assert.ok(kinds.length === 0 || kinds.length === 2, "the namespace and the kind");
    if (kinds.length > 0) told++;
  }
  assert.equal(told, 4);
  tick(model, 30_000);
  assert.deepEqual(tick(model, 40_000), [], "nothing new");
});

for (
  const [restartAt, why] of [
    [20, "that had not come to its size before the restart"],
    [600, "that had taught its size before the restart"],
  ] as const
) {
  Deno.test(`a room teaches its size once over a restart: one ${why}`, () => {
    let model = testModel();
    let now = 0;
    hear(model, "a", [], now);
    place(model, "match-1", "u", now);
    for (let age = 5; age < 1200; age += 5) {
      if (age === restartAt) {
        const stored = snapshot(model);
        model = testModel();
        restore(model, stored, now);
      }
      hear(model, "a", [["match-1", 20, age]], now += 5000);
      tick(model, now);
    }
    const learned = Array.from(model.kinds).find(([{ template }]) => template === "match-#");
    const { weight } = learned![1].from(0, now);
    assert.ok(Math.abs(weight - 1) < 0.05, `${weight}`);
  });
}

/** A class of so many that fills evenly within five minutes, and ends; it is seen until it is so old. */
function fill(model: Model, name: string, size: number, from: number, seconds = 1200): number {
  hear(model, "a", [], from);
  place(model, name, "u", from);
  for (let age = 5; age <= seconds; age += 5) {
    const peers = Math.max(1, Math.round(size * Math.min(1, age / 300)));
    hear(model, "a", [[name, peers, age]], from + age * 1000);
  }
  return from + seconds * 1000;
}

Deno.test("what a room has come to at its age tells what it will come to, if its kind grows in one way", () => {
  const model = testModel();
  let now = 0;
  for (let i = 0; i < 15; i++) now = fill(model, `class-${i}`, [20, 40, 100][i % 3]!, now) + 300_000;
  for (const size of [20, 100]) {
    const name = `class-${1000 + size}`;
    now = fill(model, name, size, now, 150);
    const { expected } = model.groups.get("acme", name)!.young!;
    assert.ok(Math.abs(expected - size) < 0.15 * size, `${expected} of ${size}`);
    checkConsistency(model);
    tick(model, now += 600_000);
  }
});

Deno.test("of a room that comes to nothing more less is expected with its age", () => {
  const model = testModel();
  let now = 0;
  for (let i = 0; i < 15; i++) now = fill(model, `class-${i}`, [20, 40, 100][i % 3]!, now) + 300_000;
  hear(model, "a", [], now);
  place(model, "class-90", "u", now);
  const server = model.servers.get(address("a"))!;
  let before = Infinity;
  for (const age of [30, 60, 120, 240]) {
    hear(model, "a", [["class-90", 5, age]], now + age * 1000);
    assert.ok(server.growth < before, `${server.growth} after ${age} s`);
    before = server.growth;
  }
  assert.ok(server.growth < 2, `${server.growth}`);
  checkConsistency(model);
});

Deno.test("a room whose clients come back teaches nothing of how its kind grows, nor one that was there before it was seen", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  place(model, "class-1", "u", 0);
  hear(model, "a", [["class-1", 30, 5], ["class-2", 30, 5]], 5000);
  const path = (name: string) => model.groups.get("acme", name)!.young!.path;
  assert.ok(path("class-1") !== undefined);
  assert.equal(path("class-2"), undefined);
  hear(model, "b", [], 60_000);
  tick(model, 60_000);
  assert.equal(place(model, "class-1", "v", 60_000), address("b"));
  assert.equal(path("class-1"), undefined);
});
