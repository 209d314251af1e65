import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { connect, info, manage, type Model, snapshot, type Task, tick, type Undo } from "../mod.ts";
import { address, checkConsistency, hear, place, seededRandom, SETTINGS, testModel } from "../testing.ts";

const licence = { maxPeers: 1000, maxRooms: 1000 };

/** What others can see of the model. */
function seen(model: Model) {
  const { servers, rooms } = info(model);
  const { placements, bans, tasks } = snapshot(model);
  const sorted = (rows: Iterable<object>) => [...rows].map((row) => JSON.stringify(row)).sort();
  return {
    servers: servers.map(({ growth, ...server }) => ({ ...server, growth: Math.round(growth * 1e6) })),
    rooms: sorted(rooms),
    placements: sorted(placements),
    bans: sorted(bans),
    tasks: sorted(tasks),
    usage: sorted(
      [...model.usage.values()].map(({ customer, peers, rooms }) => ({ customer, peers, rooms })),
    ),
    explanations: [...Array(6).keys()].map((i) =>
      model.explanations.get({ namespace: { name: "acme" }, name: `r${i}` } as never) !== undefined
    ),
  };
}

type Call =
  | { readonly do: "connect"; readonly rooms: readonly number[]; readonly user: number }
  | { readonly do: "manage"; readonly room: number; readonly banTime: number; readonly user: number };

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({
    do: fc.constant("connect" as const),
    rooms: fc.constantFrom([0], [1], [2], [3], [4], [5]),
    user: fc.nat(3),
  }),
  fc.record({
    do: fc.constant("manage" as const),
    room: fc.nat(5),
    banTime: fc.constantFrom(0, 9000),
    user: fc.nat(3),
  }),
);

function run(model: Model, each: Call, now: number): Undo | undefined {
  if (each.do === "connect") {
    const rooms = each.rooms.map((room) => `r${room}`);
    const input = {
      customer: "acme",
      licence,
      namespace: "acme",
      rooms,
      user: `u${each.user}`,
      pool: "default",
    };
    return connect(model, input, now, seededRandom(now)).undo;
  }
  const task: Task = {
    task: "RoomBanClient",
    id: ["acme", `r${each.room}`],
    user_id: `b${each.user}`,
    ban_time: { secs: 9, nanos: 0 },
  };
  return manage(model, { task, banTime: each.banTime }, now).undo;
}

Deno.test("calls that are taken back, the newest first, leave nothing behind", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 6 }), fc.array(call, { maxLength: 12 }), (before, refused) => {
      const model = testModel();
      hear(model, "a", [["r0", 2, 5], ["r1", 1, 5000]], 0);
      hear(model, "b", [["r2", 2, 5]], 0);
      for (const each of before) run(model, each, 10);
      // One server is lost, so that groups move.
      hear(model, "b", [["r2", 2, 12]], 7000);
      tick(model, 7500);
      for (const { name } of [...model.groups]) model.groups.get("acme", name)!.durable = true;
      const was = seen(model);
      const undos = refused.map((each) => run(model, each, 7600)).filter((undo) => undo !== undefined);
      for (const undo of undos.reverse()) undo(7700);
      const is = seen(model);
      // A group that moved and came back has lost its grants and its growth on the silent server.
      assert.deepEqual({ ...is, servers: [], usage: [], rooms: is.rooms.length }, {
        ...was,
        servers: [],
        usage: [],
        rooms: was.rooms.length,
      });
      checkConsistency(model);
    }),
  );
});

Deno.test("what a report has shown meanwhile is not taken back", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  const { undo } = connect(
    model,
    { customer: "acme", licence, namespace: "acme", rooms: ["r"], user: "u", pool: "default" },
    0,
    () => 0,
  );
  hear(model, "a", [["r", 1, 0]], 100);
  undo!(200);
  assert.equal(model.groups.room(["acme", "r"])?.peers, 1);
  assert.equal(model.groups.room(["acme", "r"])?.group.server.address, address("a"));
  checkConsistency(model);
});

Deno.test("a group that is put back to a server which has reported without it meanwhile is not listed there for ever", () => {
  const model = testModel();
  hear(model, "a", [["r", 2, 5]], 0);
  hear(model, "b", [], 5000);
  tick(model, 7500);
  const input = { customer: "acme", licence, namespace: "acme", rooms: ["r"], user: "u", pool: "default" };
  const { outcome, undo } = connect(model, input, 7600, () => 0);
  assert.ok(outcome.granted && outcome.server === address("b"));
  hear(model, "a", [], 7700);
  undo!(7800);
  assert.equal(model.groups.room(["acme", "r"])?.group.server.address, address("a"));
  checkConsistency(model);
  for (let now = 10_000; now <= 7800 + SETTINGS.tokenLifetime + 5000; now += 5000) {
    hear(model, "a", [], now);
    tick(model, now);
  }
  assert.equal(model.groups.room(["acme", "r"]), undefined, "it lingers as long as tokens for it, and goes");
  checkConsistency(model);
});

Deno.test("a refused Connect of a user who is on the way already does not prolong the grant", () => {
  const model = testModel({ grantTimeout: 3000 });
  hear(model, "a", [], 0);
  place(model, "{r}", "u", 0);
  place(model, "s", "v", 1000);
  const again = {
    customer: "acme",
    licence,
    namespace: "acme",
    rooms: ["{r}", "{r} 2"],
    user: "u",
    pool: "default",
  };
  connect(model, again, 2000, () => 0).undo!(2000);
  checkConsistency(model);
  tick(model, 3000);
  assert.equal(model.usage.get("acme")?.granted.peers, 1, "u is not on the way any more, v is");
  tick(model, 4000);
  assert.equal(model.usage.get("acme")?.granted.peers, 0);
  checkConsistency(model);
});
