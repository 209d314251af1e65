import assert from "node:assert/strict";
import { isGranted, type Model, report, tick } from "../mod.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

/** Time passes while server `a` goes on reporting these rooms. */
function pass(model: Model, now: number, ...rooms: readonly (readonly [string, number, number])[]): void {
  hear(model, "a", rooms, now);
  tick(model, now);
}

/** Who is on the way to a room of `acme`. */
function onTheWay(model: Model, room: string, ...users: readonly string[]): string[] {
  const known = model.groups.room(["acme", room]);
  return users.filter((user) => isGranted(known, user));
}

/** Why a Connect is refused. */
function refusal(...asking: Parameters<typeof ask>): string {
  const outcome = ask(...asking);
  assert.ok(!outcome.granted, "it is granted");
  return outcome.reason;
}

Deno.test("a grant that is prolonged does not keep the others beyond their time", () => {
  const model = testModel();
  pass(model, 0);
  place(model, "r", "again", 0);
  place(model, "r", "once", 1000);
  place(model, "r", "again", 10_000);
  pass(model, 16_000);
  assert.deepEqual(onTheWay(model, "r", "again", "once"), ["again"]);
  pass(model, 25_000);
  assert.deepEqual(onTheWay(model, "r", "again"), []);
  checkConsistency(model);
});

Deno.test("near the limit of a licence a grant counts for as long as its token may be used", () => {
  const model = testModel();
  const licence = { maxPeers: 10, maxRooms: Infinity };
  pass(model, 0);
  for (let i = 0; i < 10; i++) place(model, "r", `u${i}`, 0, { licence });
  pass(model, 1000, ["r", 0, 1]);
  for (let now = 15_000; now < 300_000; now += 15_000) {
    pass(model, now, ["r", 0, now / 1000]);
    assert.equal(refusal(model, "r", "one more", now, { licence }), "peer-limit");
  }
  pass(model, 300_000, ["r", 0, 300]);
  assert.equal(model.usage.get("acme")?.peers, 0);
  place(model, "r", "one more", 300_000, { licence });
  checkConsistency(model);
});

Deno.test("near the limit, who has asked again is counted until his newest token has ended", () => {
  const model = testModel();
  const licence = { maxPeers: 1, maxRooms: Infinity };
  pass(model, 0);
  place(model, "r", "u", 0, { licence });
  for (let now = 15_000; now <= 195_000; now += 15_000) pass(model, now);
  place(model, "r", "u", 200_000, { licence });
  for (let now = 210_000; now < 500_000; now += 10_000) {
    pass(model, now);
    assert.equal(refusal(model, "r", "another", now, { licence }), "peer-limit", `at ${now}`);
  }
  pass(model, 500_000);
  place(model, "r", "another", 500_000, { licence });
});

Deno.test("near the limit of rooms, a room that was granted counts for as long as its token may be used", () => {
  const model = testModel();
  const licence = { maxPeers: Infinity, maxRooms: 1 };
  pass(model, 0);
  place(model, "r", "u", 0, { licence });
  for (let now = 15_000; now < 300_000; now += 15_000) {
    pass(model, now);
    assert.equal(refusal(model, "s", "u", now, { licence }), "room-limit");
  }
  pass(model, 300_000);
  place(model, "s", "u", 300_000, { licence });
});

Deno.test("a customer whose grants are kept keeps no grants of others", () => {
  const model = testModel();
  pass(model, 0);
  const full = { customer: "full", namespace: "full", licence: { maxPeers: 1, maxRooms: 1 } };
  place(model, "r", "u", 0, full);
  place(model, "r", "v", 10_000);
  pass(model, 15_000);
  pass(model, 26_000);
  assert.equal(model.usage.get("full")?.peers, 1);
  assert.equal(model.usage.get("acme")?.peers, 0);
  checkConsistency(model);
});

Deno.test("who is counted already is let in again, though the licence has shrunk below what is used", () => {
  const model = testModel();
  pass(model, 0);
  for (const user of ["u", "v"]) place(model, "r", user, 0);
  const licence = { maxPeers: 1, maxRooms: 0 };
  place(model, "r", "u", 1000, { licence });
  assert.equal(refusal(model, "r", "w", 1000, { licence }), "peer-limit");
});

Deno.test("a room whose grants have ended comes back only within the licence", () => {
  const model = testModel();
  const licence = { maxPeers: Infinity, maxRooms: 20 };
  pass(model, 0);
  for (let i = 0; i < 18; i++) place(model, `early-${i}`, "u", 0, { licence });
  pass(model, 15_000);
  for (let i = 0; i < 20; i++) place(model, `late-${i}`, "u", 16_000, { licence });
  assert.equal(refusal(model, "early-0", "u", 17_000, { licence }), "room-limit");
  checkConsistency(model);
});

Deno.test("who comes to a room that had ended is on the way no more once a report shows him", () => {
  const model = testModel();
  pass(model, 0);
  place(model, "r", "u", 0);
  pass(model, 1000, ["r", 5, 1]);
  pass(model, 2000);
  place(model, "r", "v", 3000);
  pass(model, 4000, ["r", 1, 1]);
  assert.deepEqual(onTheWay(model, "r", "v"), []);
  assert.equal(model.usage.get("acme")?.peers, 1);
  checkConsistency(model);
});

Deno.test("grants end when a report shows that another customer has opened the room", () => {
  const model = testModel();
  pass(model, 0);
  place(model, "r", "u", 0);
  const listed = (customer: string) =>
    report(model, {
      address: address("a"),
      pool: "default",
      version: "1",
      load: 0,
      clients: 0,
      rooms: [{ id: ["acme", "r"], customer, peers: 0 }],
    }, 1000);
  listed("acme");
  assert.deepEqual(onTheWay(model, "r", "u"), ["u"]);
  listed("other");
  assert.deepEqual(onTheWay(model, "r", "u"), []);
  assert.equal(model.usage.get("acme"), undefined, "it has no room");
  checkConsistency(model);
});
