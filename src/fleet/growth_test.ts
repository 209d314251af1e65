import assert from "node:assert/strict";
import { connect, type Model, plan, report, type ReportedRoom, tick } from "./mod.ts";
import { address, checkConsistency, seededRandom, SETTINGS, testModel } from "./testing.ts";

const UNLIMITED = { maxPeers: Infinity, maxRooms: Infinity };
const random = seededRandom(1);
const CAPACITY = 1000;

function ask(
  model: Model,
  room: string,
  user: string,
  now: number,
  more: { pool?: string; allowedPools?: string[] } = {},
) {
  const input = {
    customer: "acme",
    licence: UNLIMITED,
    namespace: "acme",
    rooms: [room],
    user,
    pool: "default",
    ...more,
  };
  return connect(model, input, now, random).outcome;
}

function place(
  model: Model,
  room: string,
  user: string,
  now: number,
  more: { pool?: string; allowedPools?: string[] } = {},
) {
  const outcome = ask(model, room, user, now, more);
  assert.ok(outcome.granted, JSON.stringify(outcome));
  return outcome.server;
}

/** A report with rooms as name, peers and, in seconds, age. */
function hear(
  model: Model,
  server: string,
  rooms: readonly [string, number, number][],
  now: number,
  pool = "default",
) {
  const listed = rooms.map(([name, peers, age]): ReportedRoom => ({
    id: ["acme", name],
    customer: "acme",
    peers,
    age: { secs: age, nanos: 0 },
  }));
  const clients = rooms.reduce((sum, [, peers]) => sum + peers, 0);
  const input = {
    address: address(server),
    pool,
    version: "1",
    load: clients / CAPACITY,
    clients,
    rooms: listed,
  };
  return report(model, input, now).changes;
}

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
  hear(model, "a", [["match-1", 40, 5000]], 0);
  assert.equal(model.servers.get(address("a"))!.growth, 0);
  hear(model, "a", [], 5000);
  tick(model, 1e7);
  assert.equal(model.kinds.size, 0);
});

Deno.test("large rooms go to large servers, before they are large", () => {
  const model = testModel();
  let now = learnMatches(model, 200, 20);
  model.servers.get(address("a"))!.lastSeen = now;
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
  hear(model, "a", [["big", 300, 5000]], 0);
  hear(model, "b", [["x", 400, 5000]], 7000);
  hear(model, "c", [["y", 450, 5000]], 7000);
  tick(model, 7500);
  const server = place(model, "big", "u", 7600);
  assert.ok(model.servers.get(server)!.growth > 290);
});

Deno.test("two hundred rooms that will grow spread evenly over equal servers, before any report", () => {
  const model = testModel();
  for (let i = 0; i < 10; i++) hear(model, `s${i}`, [["old", 300, 5000]], 0);
  for (let i = 0; i < 200; i++) place(model, `match-${i}`, `u${i}`, i * 5);
  for (const { groups } of model.servers) {
    assert.ok(Math.abs(groups - 20) <= 2, `${groups} rooms on one server`);
  }
  checkConsistency(model);
});

Deno.test("a server above the ceiling gets a room only if all others are above it too", () => {
  const placement = {
    ...SETTINGS.placement,
    choose: (servers: readonly { address: string }[]) => servers[0] as never,
  };
  const model = testModel({ placement });
  hear(model, "full", [["old", 949, 5000]], 0);
  hear(model, "free", [["old2", 100, 5000]], 0);
  for (let i = 0; i < 5; i++) assert.equal(place(model, `r${i}`, "u", 0), address("free"));
  hear(model, "free", [["old2", 990, 5000]], 5000);
  hear(model, "full", [["old", 990, 5000]], 5000);
  assert.equal(place(model, "r9", "u", 5000), address("full"));
});

Deno.test("with overload refused, a full fleet takes no new room, and keeps serving those there are", () => {
  const model = testModel({ placement: { ...SETTINGS.placement, overload: "refuse" } });
  hear(model, "a", [["old", 990, 5000]], 0);
  const outcome = ask(model, "new", "u", 0);
  assert.ok(!outcome.granted && outcome.reason === "overloaded");
  assert.equal(place(model, "old", "u", 0), address("a"));
});

Deno.test("a pool whose servers are all above the ceiling, or gone, spills over, in order", () => {
  const spill = new Map([["eu", ["us", "asia"]]]);
  const model = testModel({ placement: { ...SETTINGS.placement, spill } });
  hear(model, "us", [["full", 990, 5000]], 0, "us");
  hear(model, "asia", [], 0, "asia");
  assert.equal(place(model, "r1", "u", 0, { pool: "eu" }), address("asia"), "eu has no server, us is full");
  hear(model, "eu", [], 0, "eu");
  assert.equal(place(model, "r2", "u", 0, { pool: "eu" }), address("eu"));
  hear(model, "eu", [["full2", 990, 5000]], 5000, "eu");
  hear(model, "us", [], 5000, "us");
  assert.equal(place(model, "r3", "u", 5000, { pool: "eu" }), address("us"));
  assert.equal(place(model, "r4", "u", 5000, { pool: "eu", allowedPools: ["eu", "asia"] }), address("asia"));
  assert.equal(
    place(model, "r5", "u", 5000, { pool: "eu", allowedPools: ["eu"] }),
    address("eu"),
    "over the ceiling",
  );
  const outcome = ask(model, "r6", "u", 5000, { pool: "us", allowedPools: ["eu"] });
  assert.ok(!outcome.granted && outcome.reason === "pool-not-allowed");
  assert.equal(
    place(model, "r4", "u2", 5000, { pool: "us", allowedPools: ["eu"] }),
    address("asia"),
    "it stays",
  );
});

Deno.test("a placement can be explained: the candidates, what their load is made of, and who was left out", () => {
  const model = testModel();
  for (const name of ["a", "b", "draining", "light", "full"]) {
    hear(model, name, [[`old-${name}`, name === "full" ? 949 : 100, 5000]], 0);
  }
  hear(model, "silent", [], -10_000);
  tick(model, 0);
  plan(model, address("draining"), { draining: { deadline: undefined } });
  plan(model, address("light"), { weight: 0 });
  const server = place(model, "match-1", "u", 1234);
  const explanation = model.explanations.get(model.groups.room(["acme", "match-1"])!.group)!;
  const { at, by, kind, expectedSize, candidates, leftOut, furtherCandidates } = explanation;
  assert.deepEqual({ at, by, kind, furtherCandidates }, {
    at: 1234,
    by: "expected",
    kind: { namespace: "acme", template: "match-#" },
    furtherCandidates: 0,
  });
  assert.ok(expectedSize >= 1);
  assert.equal(explanation.server, server);
  assert.equal(candidates[0]!.address, server);
  assert.deepEqual(candidates.map(({ address }) => address).sort(), [address("a"), address("b")]);
  for (const { load, grants, growth, loadPerClient, expectedLoad } of candidates) {
    assert.ok(Math.abs(expectedLoad - (load + (grants + growth + explanation.size) * loadPerClient)) < 1e-9);
  }
  assert.deepEqual(
    new Map(leftOut.map(({ server, reason }) => [server, reason])),
    new Map([
      [address("draining"), "draining"],
      [address("light"), "weight 0"],
      [address("silent"), "silent"],
      [address("full"), "above the ceiling"],
    ]),
  );
});

Deno.test("only the newest placements are explained", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  for (let i = 0; i < 150; i++) place(model, `r-${i}`, "u", 0);
  const explained = [...model.groups].filter((group) => model.explanations.get(group) !== undefined);
  assert.equal(explained.length, 100);
  assert.equal(model.explanations.get(model.groups.room(["acme", "r-0"])!.group), undefined);
});
