import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import {
  type Change,
  connect,
  endHandOver,
  follow,
  forgetKind,
  handOverTasks,
  info,
  manage,
  markUntold,
  type Model,
  plan,
  report,
  restore,
  snapshot,
  type Task,
  tick,
} from "../mod.ts";
import { nameHash } from "../learning/mod.ts";
import { address, checkConsistency, seededRandom, testModel } from "../testing.ts";

const UNLIMITED = { maxPeers: Infinity, maxRooms: Infinity };
const SERVERS = ["a", "b", "c"];

type Step =
  | { readonly do: "connect"; readonly room: number; readonly user: number }
  | { readonly do: "report"; readonly server: number; readonly rooms: readonly number[] }
  | { readonly do: "manage"; readonly room: number; readonly banTime: number }
  | { readonly do: "drain" | "resume"; readonly server: number }
  | { readonly do: "wait"; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("connect" as const), room: fc.nat(6), user: fc.nat(4) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("report" as const),
      server: fc.nat(2),
      rooms: fc.uniqueArray(fc.nat(6), { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("manage" as const), room: fc.nat(6), banTime: fc.nat(9000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("drain" as const, "resume" as const), server: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), milliseconds: fc.nat(400_000) }) },
);

const roomName = (number: number) => `{${number % 4}}-${number}`;

function run(model: Model, each: Step, now: number): Change[] {
  switch (each.do) {
    case "connect": {
      const user = `u${each.user}`;
      const rooms = [roomName(each.room)];
      const input = { customer: "acme", licence: UNLIMITED, namespace: "acme", rooms, user, pool: "default" };
      return connect(model, input, now, seededRandom(now)).changes;
    }
    case "report": {
      const rooms = each.rooms.map((room) => ({
        id: ["acme", roomName(room)] as const,
        customer: "acme",
        peers: 2,
      }));
      const server = address(SERVERS[each.server]!);
      const clients = 2 * rooms.length;
      const input = { address: server, pool: "default", version: "1", load: clients / 100, clients, rooms };
      const { changes } = report(model, input, now);
      const { handOver, changes: further } = handOverTasks(model, server, now);
      const read = handOver === undefined ? [] : endHandOver(model, server, handOver, "read", now);
      return [...changes, ...further, ...read];
    }
    case "manage": {
      const task: Task = {
        task: "RoomClose",
        id: ["acme", roomName(each.room)],
        ban_time: { secs: 1, nanos: 0 },
      };
      return manage(model, { task, banTime: each.banTime }, now).changes;
    }
    case "drain":
      return plan(model, address(SERVERS[each.server]!), { draining: { deadline: now + 9000 } }).changes;
    case "resume":
      return plan(model, address(SERVERS[each.server]!), { draining: undefined }).changes;
    case "wait":
      return tick(model, now);
  }
}

/** What a store would keep of the model, in an order of its own. */
function kept(model: Model, now: number) {
  const { servers, placements, rooms, bans, tasks, kinds } = snapshot(model);
  const sorted = (rows: Iterable<object>) => [...rows].map((row) => JSON.stringify(row)).sort();
  return {
    servers: sorted(servers),
    placements: sorted(placements),
    rooms: sorted(rooms),
    bans: sorted([...bans].filter(({ until }) => until > now)),
    tasks: sorted([...tasks].map(({ server, task }) => ({ server, ...task }))),
    kinds: sorted(kinds),
  };
}

Deno.test("a model that follows another one's changes comes to hold the same", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const [leader, follower] = [testModel(), testModel()];
      let now = 0;
      for (const each of steps) {
        now += each.do === "wait" ? each.milliseconds : 10;
        follow(follower, run(leader, each, now), now);
      }
      now += 10_000; // what is learned is told every five seconds
      follow(follower, run(leader, { do: "wait", milliseconds: 0 }, now), now);
      assert.deepEqual(kept(follower, now), kept(leader, now));
      // It can lead from now on: after a report of each server it counts right.
      for (const server of [0, 1, 2]) run(follower, { do: "report", server, rooms: [server] }, now);
      checkConsistency(follower);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a group that another gateway has placed is granted there, without a claim of one's own", () => {
  const [leader, follower] = [testModel(), testModel()];
  for (const server of SERVERS) {
    const input = { address: address(server), pool: "default", version: "1", load: 0, clients: 0, rooms: [] };
    follow(follower, report(leader, input, 0).changes, 0);
  }
  const ask = (model: Model, user: string) =>
    connect(
      model,
      { customer: "acme", licence: UNLIMITED, namespace: "acme", rooms: ["r"], user, pool: "default" },
      1,
      seededRandom(1),
    );
  const first = ask(leader, "u1");
  follow(follower, first.changes, 1);
  const second = ask(follower, "u2");
  assert.ok(first.outcome.granted && second.outcome.granted);
  assert.equal(second.outcome.server, first.outcome.server);
  assert.equal(second.outcome.durable, true);
  assert.deepEqual(second.changes, []);
});

const kind = { namespace: "acme", template: "match-#" };

/** Two gateways, of which one hears the servers; what it does the other one does too. */
class Pair {
  readonly leader = testModel();
  readonly follower = testModel();

  do(now: number, operation: (leader: Model) => { changes: Change[] } | Change[]): void {
    const done = operation(this.leader);
    follow(this.follower, Array.isArray(done) ? done : done.changes, now);
  }

  hear(server: string, now: number, { load = 0, clients = 0, rooms = [] as string[] } = {}): void {
    this.do(now, (model) => report(model, reportOf(server, { load, clients, rooms }), now));
  }
}

function reportOf(server: string, { load = 0, clients = 0, rooms = [] as string[] } = {}) {
  const listed = rooms.map((name) => ({ id: ["acme", name] as const, customer: "acme", peers: 1 }));
  return { address: address(server), pool: "default", version: "1", load, clients, rooms: listed };
}

const connectTo = (model: Model, room: string, now: number) =>
  connect(
    model,
    { customer: "acme", licence: UNLIMITED, namespace: "acme", rooms: [room], user: "u", pool: "default" },
    now,
    seededRandom(now),
  );

Deno.test("a server that another gateway hears is not silent", () => {
  const pair = new Pair();
  for (const now of [0, 5000, 10_000]) pair.hear("a", now);
  assert.deepEqual(tick(pair.follower, 12_000), []);
  assert.deepEqual(tick(pair.follower, 17_500).map(({ type }) => type), ["server-disabled"]);
});

Deno.test("rooms are placed by the loads, and by what a client costs, that another gateway was told", () => {
  const pair = new Pair();
  for (let now = 0; now <= 100_000; now += 5000) {
    pair.hear("busy", now, { load: 0.8, clients: 40 });
    pair.hear("calm", now, { load: 0.2, clients: 40 });
  }
  for (const { address, loadPerClient } of pair.leader.servers) {
    const ratio = pair.follower.servers.get(address)!.loadPerClient / loadPerClient;
    assert.ok(Math.abs(ratio - 1) < 0.1, `${address}: ${ratio}`);
  }
  for (let i = 0; i < 5; i++) {
    const { outcome } = connectTo(pair.follower, `r${i}`, 100_000 + i);
    assert.ok(outcome.granted && outcome.server === address("calm"));
  }
});

Deno.test("a room keeps its place while one's own tokens are valid, though another gateway heard it come and go", () => {
  const pair = new Pair();
  pair.hear("a", 0);
  follow(pair.leader, connectTo(pair.follower, "r", 1000).changes, 1000);
  pair.hear("a", 5000, { clients: 1, rooms: ["r"] });
  report(pair.follower, reportOf("a"), 10_000); // the server has turned to this gateway
  assert.equal(pair.follower.groups.room(["acme", "r"])?.group.server.address, address("a"));
  checkConsistency(pair.follower);
});

Deno.test("a gateway that takes over goes on after the tasks of the other one", () => {
  const update = (byte: number): Task => ({ task: "RoomUpdate", id: ["acme", "r"], user_data: [byte] });
  const pair = new Pair();
  pair.hear("a", 0, { clients: 1, rooms: ["r"] });
  for (const byte of [1, 2]) pair.do(0, (model) => manage(model, { task: update(byte) }, 0));
  for (const byte of [3, 4]) manage(pair.follower, { task: update(byte) }, 1000);
  assert.deepEqual(handOverTasks(pair.follower, address("a"), 1000).tasks, [1, 2, 3, 4].map(update));
});

Deno.test("a ban that another gateway lifts is lifted", () => {
  const pair = new Pair();
  pair.hear("a", 0);
  const task: Task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 60, nanos: 0 } };
  const ban = (banTime: number) => pair.do(0, (model) => manage(model, { task, banTime }, 0));
  ban(60_000);
  assert.equal(connectTo(pair.follower, "r", 1000).outcome.granted, false);
  ban(0);
  assert.equal(connectTo(pair.follower, "r", 1000).outcome.granted, true);
  assert.equal(pair.follower.bans.size, 0);
});

Deno.test("what an operator wants of a server is wanted by all gateways", () => {
  const pair = new Pair();
  pair.hear("a", 0);
  pair.do(0, (model) => plan(model, address("a"), { weight: 0.5 }));
  pair.do(0, (model) => plan(model, address("a"), { draining: { deadline: 9000 } }));
  const [server] = info(pair.follower).servers;
  assert.equal(server!.weight, 0.5);
  assert.deepEqual(server!.draining, { deadline: 9000, empty: false });
});

Deno.test("a server that is emptied stays so when told of another deadline that has passed, and not of one to come", () => {
  const pair = new Pair();
  pair.hear("a", 0);
  const drain = (deadline: number, now: number) =>
    follow(pair.follower, [
      { type: "server-planned", server: address("a"), weight: 1, draining: { deadline } },
    ], now);
  const { intake } = pair.follower.servers.get(address("a"))!;
  drain(1000, 0);
  tick(pair.follower, 1000);
  assert.ok(intake.evicting);
  drain(1900, 2000);
  assert.ok(intake.evicting);
  drain(9000, 2000);
  assert.equal(intake.evicting, false);
  checkConsistency(pair.follower);
});

Deno.test("a kind that is forgotten by one gateway is forgotten by all", () => {
  const pair = new Pair();
  pair.hear("a", 0, { clients: 4, rooms: ["match-1"] });
  pair.hear("a", 5000, { clients: 0, rooms: [] });
  const sizes = () => [...pair.follower.kinds].map(([{ template }]) => template);
  assert.ok(sizes().includes(kind.template));
  pair.do(0, (model) => forgetKind(model, kind));
  assert.equal(sizes().includes(kind.template), false);
});

Deno.test("names that are forgotten with their namespace by one gateway are forgotten by all, also those seen once", () => {
  const pair = new Pair();
  pair.hear("a", 0, { clients: 1, rooms: ["match-1"] });
  pair.hear("a", 5000, { clients: 0, rooms: [] });
  const known = () => pair.follower.names.get(nameHash("acme", "match-1"));
  assert.equal(known()?.count, 1);
  pair.do(5000, (model) => forgetKind(model, { namespace: "acme", template: "" }));
  assert.equal(known(), undefined);
});

Deno.test("what rooms came to is learned by all gateways, of kinds and of names, and each room once", () => {
  const pair = new Pair();
  pair.hear("a", 0, { clients: 1, rooms: ["match-1"] });
  pair.hear("a", 5000, { clients: 0, rooms: [] });
  for (const model of [pair.leader, pair.follower]) {
    assert.equal(model.names.get(nameHash("acme", "match-1"))?.size, 1);
    const { weight } = model.kinds.estimatorFor(kind).levels.at(-1)!.from(0, 5000);
    assert.ok(Math.abs(weight - 1) < 0.01);
  }
  pair.do(5000, (model) => tick(model, 5000));
  assert.ok(Math.abs(pair.follower.kinds.estimatorFor(kind).levels.at(-1)!.from(0, 5000).weight - 1) < 0.01);
});

Deno.test("how rooms grow is learned by all gateways", () => {
  const pair = new Pair();
  pair.hear("a", 0);
  pair.do(0, (model) => connectTo(model, "match-1", 0));
  const hear = (at: number, peers: number) => {
    const rooms = peers === 0 ? [] : [{ id: ["acme", "match-1"] as const, customer: "acme", peers }];
    const told = { address: address("a"), pool: "default", version: "1", load: 0, clients: peers, rooms };
    pair.do(at, (model) => report(model, told, at));
  };
  for (let at = 5000; at <= 400_000; at += 5000) hear(at, Math.min(100, at / 3000));
  hear(405_000, 0);
  for (const model of [pair.leader, pair.follower]) {
    const { curve } = model.kinds.estimatorFor(kind).levels.at(-1)!;
    const { share } = curve.at(120_000)!;
    assert.ok(Math.abs(share - 0.4) < 0.05, `${share}`);
  }
});

Deno.test("of rooms that begin together and grow on later, all gateways and one that starts since learn the same", () => {
  const pair = new Pair();
  const starting: Model[] = [];
  const hear = (age: number, peers: (i: number) => number) => {
    const now = age * 1000;
    const rooms = Array.from({ length: 1000 }, (_, i) => ({
      id: ["acme", `match-${i}`] as const,
      customer: "acme",
      peers: peers(i),
      age: { secs: age, nanos: 0 },
    }));
    const input = { address: address("a"), pool: "default", version: "1", load: 0.5, clients: 20_000, rooms };
    pair.do(now, (model) => report(model, input, now));
    for (const model of starting) report(model, input, now);
  };
  for (let age = 10; age <= 200; age += 10) hear(age, () => 10);
  starting.push(testModel());
  restore(starting[0]!, snapshot(pair.follower), 200_000);
  hear(210, () => 10);
  for (let age = 220; age <= 700; age += 10) hear(age, (i) => i % 10 === 0 ? 100 : 10);
  hear(2000, (i) => i % 10 === 0 ? 101 : 11);
  for (const model of [pair.leader, pair.follower, ...starting]) {
    const { weight, sum } = model.kinds.look(kind).levels.at(-1)!.from(0, 2_000_000);
    assert.ok(Math.abs(sum / weight - 19) < 1, `${sum / weight} clients`);
    assert.ok(weight > 420 && weight < 440, `${weight} rooms`);
  }
});

Deno.test("a room that is corrected a second time counts for as much as the first time, at all gateways", () => {
  const both = [testModel(), testModel()] as const;
  for (const model of both) model.shared = true;
  const random = seededRandom(1);
  const end = 5_200_000;
  for (let now = 0; now <= end; now += 30_000) {
    const rooms = Array.from({ length: 2000 }, (_, i) => ({ i, age: (now - i * 200) / 1000 }))
      .filter(({ age }) => age >= 0).map(({ i, age }) => ({
        ...{ id: ["acme", `match-${i}`] as const, customer: "acme", age: { secs: age, nanos: 0 } },
        peers: i % 10 > 0 ? 10 : age < 1200 ? 10 : age < 2400 ? 40 : 100,
      }));
    const input = { address: address("a"), pool: "default", version: "1", load: 0.5, clients: 40_000, rooms };
    const [hears, other] = random() < 0.5 ? both : both.toReversed();
    follow(other!, report(hears!, input, now).changes, now);
  }
  for (const model of both) {
    const { weight, sum } = model.kinds.look(kind).levels.at(-1)!.from(0, end);
    assert.ok(Math.abs(sum / weight - 19) < 1, `${sum / weight} clients`);
  }
});

Deno.test("a room that another gateway closes takes off its share of what its server reported, which is known in sum", () => {
  const pair = new Pair();
  pair.hear("a", 0, { clients: 4, rooms: ["r", "s", "t", "u"] });
  const counted = () => {
    const { peers, rooms } = pair.follower.usage.get("acme")!;
    return { peers, rooms };
  };
  assert.deepEqual(counted(), { peers: 4, rooms: 4 });
  follow(pair.follower, [{ type: "room-closed", room: ["acme", "r"], server: address("a") }], 1000);
  assert.deepEqual(counted(), { peers: 3, rooms: 3 });
  pair.hear("a", 5000, { clients: 3, rooms: ["s", "t", "u"] });
  assert.deepEqual(counted(), { peers: 3, rooms: 3 });
});

Deno.test("what a server has told of its rooms while the store is away is not undone by what others had told before", () => {
  const model = testModel();
  model.shared = true;
  const a = address("a");
  report(model, reportOf("a", { clients: 2, rooms: ["stays", "ends"] }), 0);
  markUntold(model, report(model, reportOf("a", { clients: 2, rooms: ["stays", "new"] }), 5000).changes);
  const toldLate = (name: string, listed: boolean): Change[] => [
    { type: "group-placed", namespace: "acme", group: name, server: a },
    { type: "room-opened", room: ["acme", name], server: a, customer: "acme", listed },
  ];
  follow(model, [
    ...toldLate("new", false),
    ...toldLate("ends", true),
    { type: "room-closed", room: ["acme", "stays"], server: a, idle: true },
  ], 5010);
  checkConsistency(model);
  const listed = model.servers.get(a)!.listedRooms.map(({ name }) => name);
  assert.deepEqual(listed.toSorted(), ["new", "stays"]);
});

Deno.test("a room that nobody has come to is in a share of the licence as long as somebody is on the way to it", () => {
  const model = testModel();
  model.shared = true;
  const a = address("a");
  const join = (user: string, now: number) => {
    const room = { customer: "acme", licence: UNLIMITED, namespace: "acme", rooms: ["r"], pool: "default" };
    assert.ok(connect(model, { ...room, user }, now, seededRandom(now)).outcome.granted);
  };
  const share = () => model.usage.get("acme")!.own;
  report(model, reportOf("a"), 0);
  join("first", 100);
  join("second", 200);
  assert.deepEqual(share(), { peers: 2, rooms: 1 });
  const came: Change = { type: "grants-ended", room: ["acme", "r"], server: a, users: ["first"] };
  follow(model, [came], 300);
  assert.deepEqual(share(), { peers: 1, rooms: 1 }, "who opened it has given up");
  report(model, reportOf("a", { clients: 1, rooms: ["r"] }), 5000);
  join("third", 5100);
  assert.equal(share().rooms, 0, "it is listed");
  report(model, reportOf("a"), 10_000);
  assert.equal(share().rooms, 1, "it is not any more");
  checkConsistency(model);
});

Deno.test("of a group that another gateway gives up only those rooms stay that somebody is on the way to", () => {
  const model = testModel();
  model.shared = true;
  const a = address("a");
  follow(model, [
    { type: "server-appeared", server: a, pool: "default", version: "1" },
    { type: "group-placed", namespace: "acme", group: "g", server: a },
    { type: "room-opened", room: ["acme", "{g} old"], server: a, customer: "acme", listed: true },
  ], 0);
  const granted: Change = {
    type: "granted",
    ...{ room: ["acme", "{g} new"], server: a, user: "u", customer: "acme" },
  };
  follow(model, [granted], 0);
  const released: Change = { type: "group-released", namespace: "acme", group: "g", server: a };
  const objections = follow(model, [released], 1000);
  const rooms = model.groups.get("acme", "g")!.rooms().map(({ name }) => name);
  assert.deepEqual(rooms, ["{g} new"]);
  assert.deepEqual(objections.map(({ type }) => type), ["group-placed", "room-opened"]);
});
