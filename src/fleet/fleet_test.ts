import assert from "node:assert/strict";
import fc from "../../tests/packages/fast_check.ts";
import {
  type ConnectInput,
  duration,
  endHandOver,
  handOverTasks,
  manage,
  type Model,
  plan,
  report,
  type ReportedRoom,
  settleAll,
  type Task,
  tick,
} from "./mod.ts";
import { address, ask, checkConsistency, place, testModel } from "./testing.ts";

function refused(
  model: Model,
  rooms: string | string[],
  user: string,
  now = 0,
  more: Partial<ConnectInput> = {},
) {
  const outcome = ask(model, rooms, user, now, more);
  assert.ok(!outcome.granted);
  return outcome.reason;
}

const room = (name: string, peers: number, customer = "acme"): ReportedRoom => ({
  id: ["acme", name],
  customer,
  peers,
});

function hear(
  model: Model,
  server: string,
  rooms: ReportedRoom[] = [],
  now = 0,
  load = 0.1,
  pool = "default",
) {
  const clients = rooms.reduce((sum, { peers }) => sum + peers, 0);
  report(model, { address: address(server), pool, version: "1", load, clients, rooms }, now);
  return handOver(model, server, now);
}

function handOver(model: Model, server: string, now = 0): Task[] {
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return tasks;
}

Deno.test("without a server, nobody is granted", () => {
  assert.equal(refused(testModel(), "r", "u"), "no-server");
});

Deno.test("a server can be chosen from its first report on", () => {
  const model = testModel();
  hear(model, "a");
  assert.equal(place(model, "r", "u"), address("a"));
});

Deno.test("everybody in an affinity group gets the same server, before and after reports", () => {
  const model = testModel();
  for (const name of ["a", "b", "c", "d"]) hear(model, name);
  const server = place(model, "{m7}-red", "u1");
  for (let i = 0; i < 20; i++) assert.equal(place(model, `team-{m7}-${i}`, `u${i}`), server);
  for (const name of ["a", "b", "c", "d"]) {
    hear(
      model,
      name,
      address(name) === server ? [room("{m7}-red", 1)] : [],
      1000,
      address(name) === server ? 1 : 0,
    );
  }
  assert.equal(place(model, "{m7}-blue", "u2", 2000), server);
});

Deno.test("a silent server is disabled, its rooms are placed elsewhere, and a report brings it back", () => {
  const model = testModel();
  hear(model, "a", [room("r", 3)]);
  hear(model, "b", [], 7000);
  assert.deepEqual(tick(model, 7500).map(({ type }) => type), ["server-disabled"]);
  assert.equal(model.usage.get("acme")?.peers, 0);
  assert.equal(place(model, "r", "u", 7600), address("b"));
  assert.equal(place(model, "other", "u", 7600), address("b"));
  hear(model, "a", [room("s", 1)], 8000);
  assert.equal(place(model, "s", "u", 8100), address("a"));
  checkConsistency(model);
});

Deno.test("a server that stays silent is removed with its rooms and tasks", () => {
  const model = testModel();
  hear(model, "a", [room("r", 3)]);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "r"], user_data: [] } }, 0);
  tick(model, 600_000);
  assert.equal(model.servers.size, 0);
  assert.equal(model.rooms, 0);
  assert.deepEqual(hear(model, "a", [], 600_001), []);
  checkConsistency(model);
});

Deno.test("in a collision the holder stays, and the newcomer is told to close the room", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  assert.deepEqual(hear(model, "b", [room("r", 5)]), [
    { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 5, nanos: 0 } },
  ]);
  assert.equal(place(model, "r", "u"), address("a"));
  assert.equal(model.usage.get("acme")?.reported.peers, 1);
  checkConsistency(model);
});

Deno.test("a holder that has only a grant gives way to a server with peers, but not to an empty room", () => {
  const model = testModel();
  hear(model, "a");
  assert.equal(place(model, "r", "u"), address("a"));
  settleAll(model)();
  assert.equal(hear(model, "b", [room("r", 0)]).length, 1, "the empty room is to be closed");
  assert.equal(place(model, "r", "u2"), address("a"));
  assert.deepEqual(hear(model, "b", [room("r", 2)], 1000), []);
  assert.equal(place(model, "r", "u3", 1000), address("b"));
  assert.equal(handOver(model, "a")[0]?.task, "RoomClose");
  checkConsistency(model);
});

Deno.test("a holder that nobody has been told of, as its place is not durable, has nothing to close", () => {
  const model = testModel();
  hear(model, "a");
  assert.equal(place(model, "r", "u"), address("a"));
  hear(model, "b", [room("r", 2)], 1000);
  assert.equal(place(model, "r", "u", 1000), address("b"));
  assert.deepEqual(handOver(model, "a"), []);
  checkConsistency(model);
});

Deno.test("a granted room that no report shows is forgotten after the token's lifetime", () => {
  const model = testModel();
  hear(model, "a");
  place(model, "r", "u");
  for (let now = 5000; now < 300_000; now += 5000) {
    hear(model, "a", [], now);
    tick(model, now);
  }
  assert.equal(model.rooms, 1);
  tick(model, 300_000);
  assert.equal(model.rooms, 0);
  checkConsistency(model);
});

Deno.test("a room on its way out stays where it is while somebody is on the way in", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  hear(model, "b", [], 0, 0);
  place(model, "r", "late", 1000);
  hear(model, "a", [], 2000, 1);
  assert.equal(place(model, "r", "later", 3000), address("a"));
  checkConsistency(model);
});

Deno.test("a room that closes stays where it is while tokens for it are valid", () => {
  const model = testModel();
  hear(model, "a");
  hear(model, "b", [], 0, 0.9);
  place(model, "r", "u", 0);
  place(model, "r", "u", 100); // the same user asks again, and has a second token now
  hear(model, "a", [room("r", 1)], 1000, 1);
  hear(model, "a", [], 2000, 1);
  assert.equal(place(model, "r", "v", 3000), address("a"));
  checkConsistency(model);
});

Deno.test("peers on their way count towards the licence until a report shows them or they do not come", () => {
  const model = testModel();
  const licence = { maxPeers: 3, maxRooms: Infinity };
  hear(model, "a");
  for (const user of ["u1", "u2", "u3"]) place(model, "r", user, 0, { licence });
  assert.equal(refused(model, "r", "u4", 100, { licence }), "peer-limit");
  assert.equal(place(model, "r", "u3", 100, { licence }), address("a"), "the same user counts once");
  hear(model, "a", [room("r", 2)], 5000);
  assert.equal(refused(model, "r", "u4", 5001, { licence }), "peer-limit");
  tick(model, 15_100);
  hear(model, "a", [room("r", 2)], 15_100);
  place(model, "r", "u4", 15_101, { licence });
  checkConsistency(model);
});

Deno.test("a room limit blocks new rooms, never one that is open", () => {
  const model = testModel();
  const licence = { maxPeers: Infinity, maxRooms: 2 };
  hear(model, "a", [room("r1", 1)]);
  place(model, "r2", "u", 0, { licence });
  assert.equal(refused(model, "r3", "u", 0, { licence }), "room-limit");
  place(model, "r1", "u", 0, { licence });
  place(model, "r2", "u2", 0, { licence });
});

Deno.test("each room of a token that names several counts", () => {
  const model = testModel();
  const licence = { maxPeers: 10, maxRooms: 2 };
  hear(model, "a");
  assert.equal(refused(model, ["{g}1", "{g}2", "{g}3"], "u", 0, { licence }), "room-limit");
  place(model, ["{g}1", "{g}2"], "u", 0, { licence });
  checkConsistency(model);
});

Deno.test("a limit of nothing lets nobody in", () => {
  const model = testModel();
  hear(model, "a");
  assert.equal(refused(model, "r", "u", 0, { licence: { maxPeers: 0, maxRooms: 5 } }), "peer-limit");
});

Deno.test("a ban holds until it ends; a new one replaces it; zero lifts it", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  const ban = (seconds: number, now: number) =>
    manage(model, {
      task: { task: "RoomBanClient", id: ["acme", "r"], user_id: "u", ban_time: { secs: seconds, nanos: 0 } },
      banTime: seconds * 1000,
    }, now).outcome;
  assert.equal(ban(10, 0), "accepted");
  assert.equal(refused(model, "r", "u", 9999), "banned");
  place(model, "r", "other", 0);
  place(model, "r", "u", 10_000);
  ban(1000, 0);
  ban(5, 0);
  place(model, "r", "u", 5000);
  ban(1000, 0);
  ban(0, 0);
  place(model, "r", "u", 1);
});

Deno.test("a banned room stays banned where no server hosts it, and after its server is gone", () => {
  const model = testModel();
  const task: Task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 60, nanos: 0 } };
  assert.equal(manage(model, { task }, 0).outcome, "no-room");
  assert.equal(manage(model, { task, banTime: 60_000 }, 0).outcome, "accepted");
  hear(model, "a");
  assert.equal(refused(model, "r", "u", 59_999), "banned");
  place(model, "r", "u", 60_000);
});

Deno.test("bans that have ended make room for new ones", () => {
  const model = testModel();
  const ban = (name: string, now: number) =>
    manage(model, {
      task: { task: "RoomClose", id: ["acme", name], ban_time: { secs: 1, nanos: 0 } },
      banTime: 1000,
    }, now).outcome;
  for (let i = 0; i < 100; i++) assert.equal(ban(`r${i}`, 0), "accepted");
  assert.equal(ban("one more", 500), "too-many-bans");
  assert.equal(ban("one more", 1000), "accepted");
});

const update = (byte: number): Task => ({ task: "RoomUpdate", id: ["acme", "r"], user_data: [byte] });

Deno.test("tasks are handed over in order, once if the answer got through, again if not", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  manage(model, { task: update(1) }, 0);
  manage(model, { task: update(2) }, 0);
  const first = handOverTasks(model, address("a"), 0);
  assert.deepEqual(first.tasks, [update(1), update(2)]);
  manage(model, { task: update(3) }, 0);
  assert.deepEqual(handOverTasks(model, address("a"), 1).tasks, [], "the first answer is still on its way");
  endHandOver(model, address("a"), first.handOver!, "lost", 1);
  const second = handOverTasks(model, address("a"), 2);
  assert.deepEqual(second.tasks, [update(1), update(2), update(3)]);
  endHandOver(model, address("a"), first.handOver!, "read", 2);
  assert.equal(model.servers.get(address("a"))?.tasks.size, 3, "an answer given up on confirms nothing");
  endHandOver(model, address("a"), second.handOver!, "read", 2);
  assert.deepEqual(handOver(model, "a", 3), []);
});

Deno.test("an answer that is on its way for a whole interval counts as lost", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  manage(model, { task: update(1) }, 0);
  handOverTasks(model, address("a"), 0);
  assert.deepEqual(handOver(model, "a", 5000), [update(1)]);
});

Deno.test("waiting tasks follow their room to another server", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  manage(model, { task: update(1) }, 0);
  hear(model, "b", [], 7000);
  tick(model, 7500);
  place(model, "r", "u", 7500);
  assert.deepEqual(handOver(model, "b", 7600), [update(1)]);
  assert.deepEqual(hear(model, "a", [], 7700), []);
});

Deno.test("a RoomClose that is not obeyed within two reports is sent again, and told", () => {
  const model = testModel();
  const listed = (age: number) => ({ ...room("r", 1), age: duration(age) });
  const hearAged = (now: number, age: number) => {
    const { changes } = report(model, {
      address: address("a"),
      pool: "default",
      version: "1",
      load: 0,
      clients: 1,
      rooms: [listed(age)],
    }, now);
    return [changes.some(({ type }) => type === "close-ignored"), handOver(model, "a", now).length];
  };
  hearAged(0, 100);
  const close: Task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 0, nanos: 0 } };
  manage(model, { task: close }, 0);
  assert.deepEqual(hearAged(1000, 101), [false, 1]);
  assert.deepEqual(hearAged(2000, 102), [false, 0]);
  assert.deepEqual(hearAged(3000, 103), [true, 1], "told again");
  assert.deepEqual(hearAged(4000, 0.5), [false, 0], "a younger room is another one");
  assert.deepEqual(hearAged(5000, 1.5), [false, 0]);
  assert.deepEqual(hearAged(6000, 2.5), [false, 0]);
});

Deno.test("tasks end with their room, and after their lifetime", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  manage(model, { task: update(1) }, 0);
  assert.deepEqual(hear(model, "a", []), []);
  hear(model, "a", [room("r", 1)]);
  manage(model, { task: update(2) }, 0);
  model.servers.get(address("a"))!.liveness.heard(3_600_000);
  assert.ok(tick(model, 3_600_000).some((change) => change.type === "task-ended" && change.expired));
  assert.deepEqual(handOver(model, "a", 3_600_000), []);
});

Deno.test("a full queue refuses further tasks", () => {
  const model = testModel();
  hear(model, "a", [room("r", 1)]);
  for (let i = 0; i < 100; i++) assert.equal(manage(model, { task: update(1) }, 0).outcome, "accepted");
  assert.equal(manage(model, { task: update(1) }, 0).outcome, "too-many-tasks");
});

Deno.test("too many rooms that nobody joins are refused", () => {
  const model = testModel();
  hear(model, "a");
  for (let i = 0; i < 1000; i++) place(model, `r${i}`, "u");
  assert.equal(refused(model, "one more", "u"), "too-many-rooms");
});

Deno.test("a new group goes to the pool asked for; one that is placed stays where it is", () => {
  const model = testModel();
  hear(model, "eu1", [], 0, 0.1, "eu");
  hear(model, "us1", [], 0, 0.1, "us");
  assert.equal(place(model, "r", "u", 0, { pool: "eu" }), address("eu1"));
  assert.equal(place(model, "r", "u2", 0, { pool: "us" }), address("eu1"));
  assert.equal(place(model, "s", "u", 0, { pool: "us" }), address("us1"));
  assert.equal(refused(model, "t", "u", 0, { pool: "none" }), "no-server");
});

Deno.test("a server asked for is taken for a new group only, and refused where it is not to be had", () => {
  const model = testModel();
  hear(model, "a", [], 0, 0);
  hear(model, "b", [], 0, 0.9);
  assert.equal(place(model, "r", "u", 0, { server: address("b") }), address("b"));
  assert.equal(place(model, "r", "u2", 0, { server: address("a") }), address("b"));
  assert.equal(refused(model, "s", "u", 0, { server: address("c") }), "server-not-available");
});

Deno.test("two hundred rooms in a second, before any report, spread evenly over equal servers", () => {
  const model = testModel();
  for (let i = 0; i < 10; i++) hear(model, `s${i}`, [], 0, 0.3);
  for (let i = 0; i < 200; i++) place(model, `room-${i}`, `u${i}`, i * 5);
  for (const { grants } of model.servers) {
    assert.ok(Math.abs(grants - 20) <= 2, `${grants} rooms on one server`);
  }
});

type Step =
  | { readonly do: "connect"; readonly room: number; readonly user: number; readonly customer: number }
  | { readonly do: "report"; readonly server: number }
  | { readonly do: "join" | "leave"; readonly pick: number }
  | { readonly do: "drain" | "resume"; readonly server: number }
  | { readonly do: "wait"; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      room: fc.nat(5),
      user: fc.nat(8),
      customer: fc.nat(1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("report" as const), server: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("join" as const, "leave" as const), pick: fc.nat(20) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("drain" as const, "resume" as const), server: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), milliseconds: fc.nat(6000) }) },
);

/** What counts towards a licence: reported by enabled servers, and granted. */
function counted(model: Model, customer: string) {
  const { reported, granted } = model.usage.get(customer) ?? {};
  return {
    peers: (reported?.peers ?? 0) + (granted?.peers ?? 0),
    rooms: (reported?.rooms ?? 0) + (granted?.rooms ?? 0),
  };
}

/** Servers and clients around a model: clients join with the grants they got, while these count. */
function play(steps: readonly Step[]): void {
  const model = testModel();
  const licence = { maxPeers: 6, maxRooms: 3 };
  let now = 0;
  const lastReport = [0, 0, 0];
  const hosted: Map<string, { customer: string; users: Set<string> }>[] = [new Map(), new Map(), new Map()];
  const onTheWay: { server: number; name: string; user: string; customer: string; until: number }[] = [];
  const tell = (server: number) => {
    lastReport[server] = now;
    const rooms = [...hosted[server]!].map(([name, { customer, users }]) => ({
      id: [customer, name] as const,
      customer,
      peers: users.size,
    }));
    report(model, {
      address: address(`s${server}`),
      pool: "default",
      version: "1",
      load: 0,
      clients: 0,
      rooms,
    }, now);
    for (const task of handOver(model, `s${server}`, now)) {
      if (task.task === "RoomClose") hosted[server]!.delete(task.id[1]);
    }
  };
  for (const server of [0, 1, 2]) tell(server);
  for (const each of steps) {
    if (each.do === "connect") {
      const customer = `c${each.customer}`;
      const user = `u${each.user}`;
      const name = `{${each.room % 3}}-${each.room}`;
      const before = counted(model, customer);
      const outcome = ask(model, name, user, now, { customer, namespace: customer, licence });
      const after = counted(model, customer);
      assert.ok(after.peers <= Math.max(licence.maxPeers, before.peers), "the peer limit is exceeded");
      assert.ok(after.rooms <= Math.max(licence.maxRooms, before.rooms), "the room limit is exceeded");
      if (outcome.granted) {
        const server = Number(outcome.server[1]);
        for (const other of onTheWay) {
          if (other.customer === customer && other.name[1] === name[1] && other.until > now) {
            assert.equal(other.server, server, "a group is split");
          }
        }
        onTheWay.push({ server, name, user, customer, until: now + 15_000 });
      }
    } else if (each.do === "report") {
      tell(each.server);
    } else if (each.do === "join" && onTheWay.length > 0) {
      const [client] = onTheWay.splice(each.pick % onTheWay.length, 1);
      const { server, name, user, customer, until } = client!;
      if (until <= now) continue;
      const rooms = hosted[server]!;
      if (!rooms.has(name)) rooms.set(name, { customer, users: new Set() });
      rooms.get(name)!.users.add(user);
    } else if (each.do === "leave") {
      const rooms = hosted[each.pick % 3]!;
      const [name] = rooms.keys();
      if (name !== undefined) rooms.delete(name);
    } else if (each.do === "drain" || each.do === "resume") {
      const draining = each.do === "drain" ? { deadline: undefined } : undefined;
      plan(model, address(`s${each.server}`), { draining });
    } else if (each.do === "wait") {
      now += each.milliseconds;
      [0, 1, 2].filter((server) => now - lastReport[server]! >= 5000).forEach(tell);
      tick(model, now);
    }
    checkConsistency(model);
  }
}

Deno.test("no interleaving of Connects and reports exceeds a licence, splits a group or miscounts", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80, size: "max" }), play), { numRuns: 500 });
});
