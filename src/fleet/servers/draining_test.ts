import assert from "node:assert/strict";
import { endHandOver, handOverTasks, manage, type Model, plan, report, tick, welcomeAgain } from "../mod.ts";
import { address, ask, checkConsistency, hear, place, testModel } from "../testing.ts";

/** A report of rooms with a peer each, and what the server is told, and whether it is told to be empty. */
function tell(model: Model, server: string, rooms: readonly string[], now: number) {
  const changes = hear(model, server, rooms.map((name) => [name, 1, 1000]), now);
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  return {
    closed: tasks.filter(({ task }) => task === "RoomClose").map(({ id }) => id[1]),
    empty: changes.some(({ type }) => type === "server-drained"),
  };
}

const drain = (model: Model, server: string, deadline?: number) =>
  plan(model, address(server), { draining: { deadline } });

Deno.test("a draining server takes no new room, keeps what it has, and is told of as empty once", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  drain(model, "a");
  for (let i = 0; i < 20; i++) assert.equal(place(model, `new-${i}`, "u", 0), address("b"));
  assert.equal(place(model, "r", "u", 0), address("a"));
  assert.deepEqual(tell(model, "a", ["r"], 20_000), { closed: [], empty: false });
  tick(model, 20_000);
  tick(model, 40_000);
  const ended = { closed: ["r"], empty: true }; // whoever has a token for it left is to get another server
  assert.deepEqual(tell(model, "a", [], 40_000), ended);
  assert.deepEqual(tell(model, "a", [], 45_000), { closed: [], empty: false }, "told once");
  plan(model, address("a"), { draining: undefined });
  tick(model, 47_600); // b is silent
  assert.equal(place(model, "again", "u", 47_600), address("a"));
  checkConsistency(model);
});

Deno.test("with all servers draining there is none for a new room", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  drain(model, "a");
  const outcome = ask(model, "r", "u", 0);
  assert.ok(!outcome.granted && outcome.reason === "no-server");
});

Deno.test("at the deadline the rooms that are left are closed, and their clients get another server", () => {
  const model = testModel();
  tell(model, "a", ["r", "s"], 0);
  tell(model, "b", [], 0);
  drain(model, "a", 4000);
  tick(model, 3999);
  assert.deepEqual(tell(model, "a", ["r", "s"], 3999).closed, []);
  tick(model, 4000);
  assert.equal(place(model, "r", "u", 4100), address("b"), "before the server was even told");
  assert.deepEqual(tell(model, "a", ["r", "s"], 5000).closed.sort(), ["r", "s"]);
  assert.equal(place(model, "s", "u", 5100), address("b"));
  assert.deepEqual(tell(model, "b", ["r", "s"], 6000).closed, [], "the close stays with the old server");
  assert.equal(place(model, "r", "v", 6000), address("b"));
  tick(model, 30_000);
  assert.deepEqual(tell(model, "a", [], 30_000), { closed: [], empty: true });
  checkConsistency(model);
});

Deno.test("at the deadline those who are closed come back, though the licence of their customer is full", () => {
  const model = testModel();
  const licence = { maxPeers: 4, maxRooms: 2 };
  hear(model, "a", [["r", 3, 1], ["s", 1, 1]], 0);
  hear(model, "b", [], 0);
  assert.ok(!ask(model, "r", "other", 0, { licence }).granted, "full");
  drain(model, "a", 1000);
  tick(model, 1000);
  const users: [string, string][] = [["r", "u1"], ["r", "u2"], ["s", "u3"], ["r", "u4"]];
  for (const [i, [room, user]] of users.entries()) {
    const outcome = ask(model, room, user, 1100 + i, { licence });
    assert.ok(outcome.granted && outcome.server === address("b"), JSON.stringify(outcome));
    // The server still lists what it was told to close; that is nobody else's share.
    if (i === 1) tell(model, "a", ["r", "s"], 1150);
  }
  assert.ok(!ask(model, "r", "u5", 1200, { licence }).granted, "full again, with those who came back");
  checkConsistency(model);
});

Deno.test("a room that a client still opens on a server after its deadline is closed again", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  assert.deepEqual(tell(model, "a", ["r"], 5000).closed, ["r"]);
  assert.equal(place(model, "r", "u", 5500), address("b"));
  assert.deepEqual(tell(model, "a", ["late"], 10_000).closed, ["late"]);
  assert.equal(place(model, "r", "u2", 10_100), address("b"), "a grant elsewhere does not go back");
  checkConsistency(model);
});

Deno.test("a server that is not to be emptied any more takes back the rooms that it was told to refuse", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  drain(model, "a");
  place(model, "r", "late", 1000);
  tick(model, 20_000);
  assert.deepEqual(tell(model, "a", [], 20_000), { closed: ["r"], empty: true });
  plan(model, address("a"), { draining: undefined });
  welcomeAgain(model, address("a"), 30_000);
  const { tasks } = handOverTasks(model, address("a"), 30_000);
  assert.deepEqual(tasks, [{ task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 0, nanos: 0 } }]);
  assert.deepEqual(welcomeAgain(model, address("a"), 30_000), [], "once");
});

Deno.test("a weight of nothing takes a server out, and one takes it back", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  tell(model, "b", [], 0);
  plan(model, address("a"), { weight: 0 });
  for (let i = 0; i < 10; i++) assert.equal(place(model, `r-${i}`, "u", 0), address("b"));
  plan(model, address("a"), { weight: 1 });
  assert.equal(place(model, "s", "u", 0), address("a"));
  assert.equal(plan(model, address("unknown"), { weight: 1 }).before, undefined);
});

Deno.test("a server of half the weight comes to half the load", () => {
  const model = testModel();
  const half = address("half");
  for (const name of ["half", "whole"]) {
    const input = {
      address: address(name),
      pool: "default",
      version: "1",
      load: 0.1,
      clients: 100,
      rooms: [],
    };
    report(model, input, 0);
  }
  plan(model, half, { weight: 0.5 });
  for (let i = 0; i < 300; i++) place(model, `r-${i}`, "u", 0);
  const share = model.servers.get(half)!.groups / 300;
  assert.ok(share > 0.3 && share < 0.37, String(share));
});

Deno.test("a server that is taken back after its deadline keeps what it has", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  plan(model, address("a"), { draining: undefined });
  assert.equal(place(model, "r", "u", 1100), address("a"));
  assert.deepEqual(tell(model, "a", ["r"], 5000).closed, []);
  checkConsistency(model);
});

Deno.test("a server that is drained a second time is told to be empty a second time", () => {
  const model = testModel();
  tell(model, "a", [], 0);
  for (const now of [5000, 10_000]) {
    drain(model, "a");
    assert.equal(tell(model, "a", [], now).empty, true);
    plan(model, address("a"), { draining: undefined });
  }
});

Deno.test("a later deadline gives a server its groups back, and it is told to be empty once more", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  tick(model, 30_000);
  assert.equal(tell(model, "a", [], 30_000).empty, true);
  drain(model, "a", 90_000);
  assert.equal(tell(model, "a", ["s"], 31_000).empty, false);
  tell(model, "b", [], 31_000);
  assert.equal(place(model, "s", "u", 31_000), address("a"), "it is not past its deadline any more");
  checkConsistency(model);
  drain(model, "b", 32_000);
  drain(model, "b", 90_000);
  assert.equal(tell(model, "b", [], 33_000).empty, true);
  drain(model, "b", 95_000);
  assert.equal(tell(model, "b", [], 34_000).empty, true, "told once more");
});

Deno.test("a draining server keeps a room that has ended while somebody is on the way to it, and is not empty", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  drain(model, "a");
  place(model, "r", "late", 1000);
  assert.deepEqual(tell(model, "a", [], 2000), { closed: [], empty: false });
  assert.equal(place(model, "r", "v", 3000), address("a"));
  checkConsistency(model);
});

Deno.test("past the deadline a room is told to close once, and again when that is ignored for two reports", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  const closed = [5000, 10_000, 15_000].map((now) => tell(model, "a", ["r"], now).closed);
  assert.deepEqual(closed, [["r"], [], ["r"]]);
});

Deno.test("the RoomClose of a drained server stays with it while the room's other tasks move", () => {
  const model = testModel();
  tell(model, "a", ["r"], 0);
  tell(model, "b", [], 0);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] } }, 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  hear(model, "a", [["r", 1, 1005]], 5000);
  assert.equal(place(model, "r", "u", 5100), address("b"));
  const waiting = (server: string) =>
    handOverTasks(model, address(server), 5200).tasks.map(({ task }) => task);
  assert.deepEqual([waiting("a"), waiting("b")], [["RoomClose"], ["RoomUpdate"]]);
});

Deno.test("a server that falls silent after rooms have left it takes off only what was left on it", () => {
  const model = testModel();
  hear(model, "a", [["r", 3, 1000], ["s", 2, 1000], ["t", 1, 1000]], 0);
  hear(model, "b", [], 0);
  drain(model, "a", 1000);
  tick(model, 1000);
  place(model, "r", "u", 1100);
  hear(model, "b", [["r", 1, 1]], 7000);
  tick(model, 7500);
  const usage = model.usage.get("acme")!;
  assert.deepEqual([usage.peers, usage.rooms], [1, 1]);
  checkConsistency(model);
});

/** A licence, what `acme` has on a server that stays, and a group on one that is past its deadline. */
const leaving = {
  "its own on the way to the old server": {
    licence: { maxPeers: 2, maxRooms: 9 },
    set: (model: Model) => {
      place(model, "r", "u1", 0, { server: address("a") });
      place(model, "r", "u2", 0);
    },
    granted: true,
  },
  "those of another customer on the way to the old server": {
    licence: { maxPeers: 4, maxRooms: 9 },
    set: (model: Model) => {
      const other = { customer: "other", server: address("a") };
      for (const user of ["o1", "o2", "o3"]) place(model, "{r}other", user, 0, other);
      hear(model, "b", [["x", 4, 1000]], 0);
    },
    granted: false,
  },
  "a room that has ended and is granted to nobody": {
    licence: { maxPeers: 99, maxRooms: 1 },
    set: (model: Model) => {
      place(model, "r", "u", 0, { server: address("a") });
      hear(model, "a", [["r", 1, 1]], 100);
      hear(model, "a", [], 200);
      hear(model, "b", [["x", 4, 1000]], 200);
    },
    granted: false,
  },
};

for (const [what, { licence, set, granted }] of Object.entries(leaving)) {
  Deno.test(`a group that leaves a server past its deadline makes ${granted ? "" : "no "}room in the licence: ${what}`, () => {
    const model = testModel();
    hear(model, "a", [], 0);
    hear(model, "b", [], 0);
    set(model);
    drain(model, "a", 1000);
    tick(model, 1000);
    const name = what.includes("another") ? "{r}" : "r";
    assert.equal(model.groups.get("acme", "r")?.server.address, address("a"));
    assert.equal(ask(model, name, "u1", 1100, { licence }).granted, granted);
    checkConsistency(model);
  });
}

Deno.test("a room that comes back from a silent server makes no room in the licence: it does not count there any more", () => {
  const model = testModel();
  hear(model, "a", [["r", 3, 1000]], 0);
  hear(model, "b", [["x", 2, 1000]], 7000);
  tick(model, 7500);
  const licence = { maxPeers: 2, maxRooms: 9 };
  assert.equal(ask(model, "r", "u", 7600, { licence }).granted, false);
  assert.equal(ask(model, "r", "u", 7600, { licence: { ...licence, maxPeers: 3 } }).granted, true);
  checkConsistency(model);
});

Deno.test("a room that comes back from a silent server is one room more, also while somebody is on the way to it", () => {
  const model = testModel();
  hear(model, "a", [["r", 3, 1000]], 0);
  hear(model, "b", [["x", 2, 1000]], 7000);
  place(model, "r", "u", 7100);
  tick(model, 7500);
  const licence = { maxPeers: 9, maxRooms: 1 };
  assert.equal(ask(model, "r", "v", 7600, { licence }).granted, false);
  assert.equal(ask(model, "r", "v", 7600, { licence: { ...licence, maxRooms: 2 } }).granted, true);
  checkConsistency(model);
});
