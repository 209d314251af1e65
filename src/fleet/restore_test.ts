import assert from "node:assert/strict";
import { connect, createModel, manage, plan, report, restore, snapshot, tick } from "./mod.ts";
import { address, checkConsistency, SETTINGS, testModel } from "./testing.ts";

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
  model.learningUntil = 5000;
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
