import assert from "node:assert/strict";
import { type Ban, Bans, manage, tick } from "../mod.ts";
import { ask, hear, testModel } from "../testing.ts";
import { Miscounts } from "./miscounts.ts";

const ban = (name: string, until: number, more: Partial<Ban> = {}): Ban => ({
  room: ["acme", name],
  until,
  ...more,
});

/** How many further bans of this sort fit. */
function fill(bans: Bans, name: string, more: Partial<Ban> = {}): number {
  for (let count = 0;; count++) {
    const next = ban(`${name}-${count}`, 1e9, more);
    if (!bans.hasRoomFor(next, 0)) return count;
    bans.set(next, 0);
  }
}

Deno.test("every ban that has ended is found by the sweeps, whenever it was set", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  for (let i = 1; i <= 20; i++) {
    bans.set(ban(`r${i}`, i * 1000), i * 1000 - 1);
    const found = [bans.sweep(i * 1000), bans.sweep(i * 1000)].flat();
    assert.deepEqual(found, [ban(`r${i}`, i * 1000)]);
    assert.equal(bans.size, 0);
  }
});

Deno.test("a sweep leaves bans that are in force alone", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  bans.set(ban("r", 1000), 0);
  assert.deepEqual(bans.sweep(999), []);
  assert.ok(bans.find(["acme", "r"], "u", 999));
});

Deno.test("bans that have made room for another one are told to have ended, once", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  const ended = Array.from({ length: 100 }, (_, i) => ban(`r${i}`, 1000));
  for (const each of ended) bans.set(each, 0);
  assert.ok(bans.hasRoomFor(ban("one more", 9000), 1000));
  assert.deepEqual(new Set(bans.sweep(1000)), new Set(ended));
  assert.deepEqual([...bans.sweep(1000), ...bans.sweep(1000)], []);
});

Deno.test("bans that are lifted, or never were, take no place", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  for (let i = 0; i < 300; i++) bans.set(ban(`r${i}`, 0), 0);
  assert.equal(bans.size, 0);
  assert.equal(fill(bans, "r"), 100);
});

Deno.test("a ban that is put back in force counts like any other", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  const [first, second] = [ban("r", 1e6), ban("r", 2e6)];
  bans.set(first, 0);
  bans.set(second, 0);
  bans.putBack(second, first);
  assert.equal(bans.find(["acme", "r"], "u", 0), first);
  assert.equal(fill(bans, "s"), 99);
  bans.set({ ...first, until: 0 }, 0);
  assert.equal(fill(bans, "t"), 1);
});

Deno.test("the bans of a customer count together, whichever of its namespaces they are in", () => {
  const bans = new Bans(1000, 0.1, new Miscounts());
  fill(bans, "r", { customer: "greedy" });
  assert.ok(fill(bans, "s", { customer: "small" }) > 50);
  const elsewhere = (customer: string) => ban("x", 1e9, { room: ["elsewhere", "x"], customer });
  assert.equal(bans.hasRoomFor(elsewhere("small"), 0), false);
  assert.equal(bans.hasRoomFor(elsewhere("other"), 0), true);
});

Deno.test("a ban of a user is none of another room, whatever the names", () => {
  const bans = new Bans(100, 0.1, new Miscounts());
  bans.set(ban("r", 1000, { user: "x" }), 0);
  assert.ok(bans.find(["acme", "r"], "x", 0));
  for (const [room, user] of [["rx", "u"], ["rx", "x"], ["r", "u"], ["", "rx"]] as const) {
    assert.equal(bans.find(["acme", room], user, 0), undefined, `${user} in ${room}`);
  }
});

Deno.test("a ban that has ended is told to the store, once", () => {
  const model = testModel();
  const task = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 1, nanos: 0 } } as const;
  manage(model, { task, banTime: 1000 }, 0);
  const ended = (now: number) => tick(model, now).filter(({ type }) => type === "ban-ended");
  assert.deepEqual(ended(999), []);
  const told = [1000, 1250, 1500, 1750].flatMap(ended);
  assert.equal(told.length, 1);
  assert.ok(told[0]!.type === "ban-ended" && !told[0]!.lifted);
});

Deno.test("a ban holds though the queue of the room's server is full", () => {
  const model = testModel();
  hear(model, "a", [["r", 1, 100]], 0);
  const update = { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] } as const;
  while (manage(model, { task: update }, 0).outcome === "accepted");
  const task = {
    task: "RoomBanClient",
    id: ["acme", "r"],
    user_id: "u",
    ban_time: { secs: 9, nanos: 0 },
  } as const;
  assert.equal(manage(model, { task, banTime: 9000 }, 0).outcome, "accepted");
  const outcome = ask(model, "r", "u", 100);
  assert.ok(!outcome.granted && outcome.reason === "banned");
});
