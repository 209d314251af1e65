import assert from "node:assert/strict";
import { report, tick } from "../mod.ts";
import { address, ask, checkConsistency, hear, place, SETTINGS, testModel } from "../testing.ts";

Deno.test("a room that is granted again lives as long as its newest token, and keeps no other beyond its time", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  place(model, "again", "u", 0);
  place(model, "once", "u", 1000);
  hear(model, "a", [], 200_000);
  place(model, "again", "u", 200_000);
  hear(model, "a", [], 301_000);
  tick(model, 301_000);
  assert.equal(model.groups.room(["acme", "once"]), undefined);
  assert.ok(model.groups.room(["acme", "again"]));
  hear(model, "a", [], 500_000);
  tick(model, 500_000);
  assert.equal(model.rooms, 0);
  checkConsistency(model);
});

/** Limits under which few rooms may wait for their first client, nearly all of them those of one customer. */
function crowded(unlistedRooms: number) {
  const model = testModel({ limits: { ...SETTINGS.limits, unlistedRooms } });
  hear(model, "a", [], 0);
  for (let i = 0; i < unlistedRooms; i++) {
    place(model, `g${i}`, "u", 0, { customer: "greedy", namespace: "greedy" });
  }
  return model;
}

for (const opener of ["acme", "other"]) {
  Deno.test(`a room that is listed takes nobody's share of those that wait for their first client (of ${opener})`, () => {
    const model = crowded(100);
    const rooms = [];
    for (let i = 0; i < 50; i++) {
      place(model, `r${i}`, "u", i);
      rooms.push({ id: ["acme", `r${i}`] as const, customer: opener, peers: 1 });
      report(model, {
        address: address("a"),
        pool: "default",
        version: "1",
        load: 0,
        clients: 50,
        rooms,
      }, i);
    }
    assert.equal(model.unlistedUnits.total, 100);
    checkConsistency(model);
  });
}

Deno.test("a customer that has few rooms waiting is let in where another has used all that is shared", () => {
  const model = crowded(100);
  assert.ok(ask(model, "r", "u", 0).granted);
  assert.ok(!ask(model, "g", "u", 0, { customer: "greedy", namespace: "greedy" }).granted);
});

Deno.test("the last of several rooms takes its group's place with it", () => {
  for (const order of [["{g}1", "{g}2", "{g}3"], ["{g}3", "{g}2", "{g}1"]]) {
    const model = testModel();
    let rooms = order.map((name) => [name, 1, 100] as const);
    hear(model, "a", rooms, 0);
    for (let now = 5000; rooms.length > 0; now += 5000) {
      assert.ok(model.groups.get("acme", "g"));
      rooms = rooms.slice(1);
      hear(model, "a", rooms, now);
    }
    assert.equal(model.groups.get("acme", "g"), undefined);
    assert.equal(model.servers.get(address("a"))!.groups, 0);
    checkConsistency(model);
  }
});
