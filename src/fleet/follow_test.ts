import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Change,
  connect,
  endHandOver,
  follow,
  handOverTasks,
  manage,
  type Model,
  plan,
  report,
  snapshot,
  type Task,
  tick,
} from "./mod.ts";
import { address, checkConsistency, seededRandom, testModel } from "./testing.ts";

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
