import assert from "node:assert/strict";
import {
  connect,
  createModel,
  handOverTasks,
  info,
  manage,
  type Model,
  plan,
  report,
  restore,
  snapshot,
  type Task,
  tick,
} from "../mod.ts";
import { address, checkConsistency, seededRandom, SETTINGS, testModel } from "../testing.ts";

const licence = { maxPeers: 5, maxRooms: 5 };
const ask = (rooms: string[], user: string) => ({
  customer: "acme",
  licence,
  namespace: "acme",
  rooms,
  user,
  pool: "default",
});
const reported = (server: string, peers: number) => ({
  address: address(server),
  pool: "default",
  version: "1",
  load: 0.5,
  clients: peers,
  rooms: peers === 0 ? [] : [{ id: ["acme", "r"] as const, customer: "acme", peers }],
});

/** A model with two servers, a listed and a granted room, a ban and a task. */
function filled() {
  const model = testModel();
  report(model, reported("a", 3), 0);
  report(model, reported("b", 0), 0);
  connect(model, ask(["new"], "u"), 0, () => 0);
  manage(model, {
    task: { task: "RoomBanClient", id: ["acme", "r"], user_id: "x", ban_time: { secs: 60, nanos: 0 } },
    banTime: 60_000,
  }, 0);
  return model;
}

Deno.test("a restored model is what was stored, and counts right after the next reports", () => {
  const before = filled();
  const after = createModel(SETTINGS);
  restore(after, snapshot(before), 1000);
  assert.deepEqual(snapshot(after), {
    ...snapshot(before),
    rooms: snapshot(after).rooms,
    bans: snapshot(after).bans,
  });
  assert.deepEqual([...snapshot(after).rooms], [...snapshot(before).rooms]);
  assert.equal(after.usage.get("acme")?.reported.peers, 3);
  report(after, reported("a", 4), 2000);
  report(after, reported("b", 0), 2000);
  checkConsistency(after);
});

Deno.test("rooms that had left a server since its last report do not count for their customer after a restart", () => {
  const before = testModel();
  const rooms = ["r", "s", "t"].map((name) => ({ id: ["acme", name] as const, customer: "acme", peers: 3 }));
  report(before, { ...reported("a", 9), rooms }, 0);
  const { rooms: stored, placements, ...rest } = snapshot(before);
  const all = { placements: [...placements], rooms: [...stored] };
  const restored = (names: string, listed: boolean) => {
    const model = createModel(SETTINGS);
    restore(model, {
      ...rest,
      placements: all.placements.filter(({ group }) => names.includes(group)),
      rooms: all.rooms.filter(({ name }) => names.includes(name)).map((room) => ({ ...room, listed })),
    }, 1000);
    checkConsistency(model);
    return model.usage.get("acme")?.reported;
  };
  assert.deepEqual(restored("rst", true), { peers: 9, rooms: 3 });
  assert.deepEqual(restored("rt", true), { peers: 6, rooms: 2 });
  assert.deepEqual(restored("r", false), { peers: 0, rooms: 0 });
});

Deno.test("a restart moves no room: servers count as alive until their disable timeout after it", () => {
  const after = createModel(SETTINGS);
  restore(after, snapshot(filled()), 1_000_000);
  tick(after, 1_007_499);
  const { outcome } = connect(after, ask(["r"], "u"), 1_007_499, () => 0);
  assert.ok(outcome.granted && outcome.server === address("a") && outcome.durable);
  assert.equal(tick(after, 1_007_500).filter(({ type }) => type === "server-disabled").length, 2);
});

Deno.test("the first report after a restart ends no grant: how many peers were there before is not known", () => {
  const after = createModel(SETTINGS);
  restore(after, snapshot(filled()), 1000);
  connect(after, ask(["r"], "late"), 1000, () => 0);
  report(after, reported("a", 3), 1500);
  assert.equal(after.groups.room(["acme", "r"])?.grants?.size, 1);
  checkConsistency(after);
});

Deno.test("with nothing stored, rooms that are not known wait for the servers to report", () => {
  const model = testModel();
  model.startWaitUntil = 5000;
  report(model, reported("a", 1), 0);
  const refused = connect(model, ask(["unknown"], "u"), 4999, () => 0).outcome;
  assert.ok(!refused.granted && refused.reason === "learning");
  assert.ok(connect(model, ask(["r"], "u"), 0, () => 0).outcome.granted);
  assert.ok(connect(model, ask(["unknown"], "u"), 5000, () => 0).outcome.granted);
});

Deno.test("after a restart, those who are closed at a deadline come back, though the licence is full", () => {
  const before = testModel();
  const full = { ...licence, maxPeers: 5, maxRooms: 2 };
  const rooms = ["r", "s"].map((name, i) => ({
    id: ["acme", name] as const,
    customer: "acme",
    peers: 4 - 3 * i,
  }));
  report(before, { ...reported("a", 5), rooms }, 0);
  report(before, reported("b", 0), 0);
  plan(before, address("a"), { draining: { deadline: 1000 } });
  const after = createModel(SETTINGS);
  restore(after, snapshot(before), 500);
  const connectTo = (room: string, user: string, now: number) =>
    connect(after, { ...ask([room], user), licence: full }, now, () => 0).outcome;
  assert.ok(!connectTo("r", "u", 600).granted, "full, and nothing is closed yet");
  tick(after, 1000);
  for (const [i, room] of ["r", "r", "r", "r", "s"].entries()) {
    const outcome = connectTo(room, `u${i}`, 1100 + i);
    assert.ok(outcome.granted && outcome.server === address("b"), `${i}: ${JSON.stringify(outcome)}`);
  }
  report(after, reported("a", 0), 2000);
  checkConsistency(after);
});

/** What a model becomes by a restart at a point in time. */
function restarted(before: Model, now: number): Model {
  const after = createModel(SETTINGS);
  restore(after, snapshot(before), now);
  return after;
}

Deno.test("what operators want of their servers outlives a restart", () => {
  const before = filled();
  plan(before, address("a"), { weight: 0.5 });
  plan(before, address("b"), { draining: { deadline: 99_000 } });
  const after = restarted(before, 1000);
  const { servers } = info(after);
  assert.deepEqual(servers.map(({ weight, draining }) => ({ weight, draining })), [
    { weight: 0.5, draining: undefined },
    { weight: 1, draining: { deadline: 99_000, empty: false } },
  ]);
  const { outcome } = connect(after, ask(["another"], "u"), 1000, () => 0);
  assert.ok(outcome.granted && outcome.server === address("a"), "b takes nothing new");
  tick(after, 99_000);
  assert.equal(after.servers.get(address("b"))!.intake.evicting, true);
});

Deno.test("a server that was silent before a restart is silent after it, and what it reported counts for nobody", () => {
  const before = testModel();
  report(before, reported("a", 3), 0);
  report(before, reported("b", 0), 7000);
  tick(before, 7500);
  const after = restarted(before, 8000);
  assert.equal(after.usage.get("acme")?.peers, 0);
  const { outcome } = connect(after, ask(["r"], "u"), 8000, () => 0);
  assert.ok(outcome.granted && outcome.server === address("b"));
  report(after, reported("b", 1), 9000);
  checkConsistency(after);
});

Deno.test("right after a restart rooms are placed by the loads, and by what a client costs, of before", () => {
  const before = testModel();
  for (let now = 0; now <= 200_000; now += 5000) {
    for (const [name, load] of [["busy", 0.8], ["calm", 0.2]] as const) {
      const input = { address: address(name), pool: "default", version: "1", load, clients: 40, rooms: [] };
      report(before, input, now);
    }
  }
  const after = restarted(before, 201_000);
  for (const { address, loadPerClient } of before.servers) {
    const ratio = after.servers.get(address)!.loadPerClient / loadPerClient;
    assert.ok(Math.abs(ratio - 1) < 0.1, `${address}: ${ratio}`);
  }
  for (let i = 0; i < 5; i++) {
    const { outcome } = connect(after, ask([`r${i}`], "u"), 201_000, seededRandom(i));
    assert.ok(outcome.granted && outcome.server === address("calm"));
  }
});

Deno.test("a room that ends right after a restart keeps its place: somebody may have been granted right before it", () => {
  const after = restarted(filled(), 1000);
  report(after, reported("a", 0), 2000);
  report(after, reported("b", 0), 2000);
  const { outcome } = connect(after, ask(["r"], "u"), 3000, () => 0);
  assert.ok(outcome.granted && outcome.server === address("a"));
  assert.deepEqual(outcome.durable, true);
  checkConsistency(after);
});

Deno.test("tasks that outlived a restart come before those that follow, and are not replaced by them", () => {
  const update = (byte: number): Task => ({ task: "RoomUpdate", id: ["acme", "r"], user_data: [byte] });
  const before = testModel();
  report(before, reported("a", 3), 0);
  for (const byte of [1, 2]) manage(before, { task: update(byte) }, 0);
  const after = restarted(before, 1000);
  for (const byte of [3, 4]) manage(after, { task: update(byte) }, 1000);
  assert.deepEqual(handOverTasks(after, address("a"), 1000).tasks, [1, 2, 3, 4].map(update));
});

Deno.test("a restored task gets its chance, whatever the wall clock says", () => {
  const update: Task = { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] };
  const before = testModel();
  report(before, reported("a", 3), 0);
  manage(before, { task: update }, 0);
  const now = 10 * SETTINGS.taskLifetime;
  const after = restarted(before, now);
  report(after, reported("a", 3), now + 590_000);
  tick(after, now + 590_000);
  assert.deepEqual(handOverTasks(after, address("a"), now + 590_000).tasks, [update]);
  tick(after, now + 600_000);
  assert.equal(after.servers.get(address("a"))!.tasks.size, 0);
});

Deno.test("what was learned outlives a restart", () => {
  const before = testModel();
  const kind = { namespace: "acme", template: "match-#" };
  for (let i = 0; i < 50; i++) before.kinds.learn(kind, { size: 80, fillTime: 1000 }, 0);
  const expected = restarted(before, 1000).kinds.estimatorFor(kind).expectedSize(0, 1000);
  assert.ok(Math.abs(expected - 80) < 5, String(expected));
});
