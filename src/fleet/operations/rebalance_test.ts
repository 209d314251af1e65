import assert from "node:assert/strict";
import {
  defaultFleetSettings,
  endHandOver,
  follow,
  handOverTasks,
  type Milliseconds,
  type Model,
  numberTasks,
  plan,
  rebalance,
  type Rebalanced,
  type RebalanceSettings,
  report as fleetReport,
  settle,
  settleAll,
  tick,
} from "../mod.ts";
import { scopedKey } from "../scoped_key.ts";
import { address, ask, checkConsistency, hear, place, seededRandom, testModel } from "../testing.ts";

const REBALANCE: RebalanceSettings = { above: 0.9, interval: 15_000, rest: 1_800_000 };

/** Older than any room is watched. */
const OLD = 10_000;

function rebalancing(rebalance: RebalanceSettings | undefined = REBALANCE): Model {
  return testModel({ placement: defaultFleetSettings({ placement: { rebalance } }).placement });
}

const relieve = (model: Model, server: string, now: number): Rebalanced | undefined =>
  rebalance(model, address(server), now, seededRandom(1)).moved;

const holderOf = (model: Model, group: string) => model.groups.get("acme", group)?.server.address;

/** Rooms, by their names and clients, that are there for long. */
const rooms = (its: Record<string, number>, age = OLD) =>
  Object.entries(its).map(([name, peers]) => [name, peers, age] as const);

/** Server `a` with these rooms, and `b` with nothing; all have had their clients for long. */
function full(its: Record<string, number>, settings?: RebalanceSettings): Model {
  const model = rebalancing(settings);
  hear(model, "b", [], 0);
  hearTwice(model, "a", rooms(its), 0);
  return model;
}

/** Two reports that say the same: by one alone nothing moves. */
function hearTwice(...heard: Parameters<typeof hear>): void {
  for (let i = 0; i < 2; i++) hear(...heard);
}

/** The rooms that a server is told to close, by an answer that it reads. */
function closes(model: Model, server: string, now: number): string[] {
  const { tasks, handOver } = handOverTasks(model, address(server), now);
  if (handOver !== undefined) endHandOver(model, address(server), handOver, "read", now);
  for (const task of tasks) {
    assert.ok(task.task === "RoomClose");
    assert.deepEqual(task.ban_time, { secs: 0, nanos: 0 });
  }
  return tasks.map(({ id }) => id[1]);
}

Deno.test("without the setting nothing moves, however full a server is", () => {
  const model = testModel();
  hear(model, "b", [], 0);
  hear(model, "a", rooms({ r: 500, s: 499 }), 0);
  assert.equal(relieve(model, "a", 0), undefined);
});

for (
  const [its, leaves, why] of [
    [{ large: 700, medium: 150, small: 70 }, "small", "the smallest that is enough, where several are"],
    [{ large: 880, medium: 50, small: 10 }, "medium", "a larger one, where the smallest is not enough"],
    [{ large: 35, medium: 20, small: 10, rest: 890 }, "rest", "where only the largest is enough, that one"],
    [{ r: 900 }, undefined, "none, where the server is at its mark"],
  ] as const
) {
  Deno.test(`what leaves a full server: ${why}`, () => {
    const model = full(its);
    const moved = relieve(model, "a", 1000);
    assert.equal(moved?.group, leaves);
    if (leaves !== undefined) assert.equal(holderOf(model, leaves), address("b"));
    checkConsistency(model);
  });
}

Deno.test("where no group is enough, the largest that another server can take leaves", () => {
  const model = full({ a: 30, b: 20, c: 10, ...Object.fromEntries(many(94, "m", 10)) });
  assert.equal(relieve(model, "a", 0)?.group, "a");
});

function many(count: number, name: string, peers: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`${name}${String.fromCharCode(97 + i % 26)}${i}`, peers]);
}

Deno.test("the room that leaves is one that another server can take, however many there are that none can", () => {
  const model = rebalancing();
  hear(model, "b", rooms({ other: 850 }), 0);
  const large = Object.fromEntries(many(40, "large", 80));
  const report = (load: number) => {
    const all = rooms({ ...large, small: 40, smaller: 35 });
    const clients = all.reduce((sum, [, peers]) => sum + peers, 0);
    const listed = all.map(([name, peers]) => ({
      id: ["acme", name] as const,
      ...{ customer: "acme", peers, age: { secs: OLD, nanos: 0 } },
    }));
    fleetReport(
      model,
      { address: address("a"), pool: "default", version: "1", load, clients, rooms: listed },
      0,
    );
  };
  for (let i = 0; i < 2; i++) report(0.91);
  assert.equal(relieve(model, "a", 0)?.group, "small", "which b can take: all in all nearly 0.9");
});

/** A server with twenty rooms, and two that are empty; the load of the first may be another than that of its rooms. */
class Relieved {
  readonly model = rebalancing();
  readonly places = new Map<string, string>();
  readonly moved: Milliseconds[] = [];
  now = 0;

  constructor(readonly peers: number) {
    for (const [name] of many(20, "r", peers)) this.places.set(name, "a");
  }

  /** Reports of all servers for a while, with what is moved because of them. */
  pass(time: Milliseconds, loadOf: (clients: number) => number): void {
    for (const end = this.now + time; this.now < end; this.now += 5000) {
      tick(this.model, this.now);
      for (const server of ["c", "b", "a"]) {
        const listed = [...this.places].filter(([, place]) => place === server).map(([name]) => ({
          id: ["acme", name] as const,
          ...{ customer: "acme", peers: this.peers, age: { secs: OLD, nanos: 0 } },
        }));
        const clients = listed.length * this.peers;
        const load = server === "a" ? loadOf(clients) : clients / 2000;
        const input = {
          address: address(server),
          pool: "default",
          version: "1",
          load,
          clients,
          rooms: listed,
        };
        fleetReport(this.model, input, this.now);
      }
      const group = relieve(this.model, "a", this.now)?.group;
      closes(this.model, "a", this.now);
      if (group === undefined) continue;
      this.moved.push(this.now);
      this.places.set(group, holderOf(this.model, group)!.slice(0, 1));
    }
  }
}

Deno.test("a server gives up no room by a load that is an old one, nor gets one", () => {
  const world = new Relieved(48);
  world.pass(5000, () => NaN);
  world.pass(600_000, () => NaN);
  assert.deepEqual(world.moved, [], "not known at all");
  world.pass(10_000, (clients) => clients / 1000);
  assert.equal(world.moved.length, 1);
  world.pass(600_000, () => NaN);
  assert.equal(world.moved.length, 1, "not known any more");
  world.pass(60_000, (clients) => clients / 1000);
  assert.ok(world.moved.length > 1, "known again");

  const model = full({ r: 60, rest: 850 });
  const follower = rebalancing();
  follower.shared = model.shared = true;
  follow(follower, hear(model, "b", [], 500), 500);
  hearTwice(follower, "a", rooms({ r: 60, rest: 850 }), 500);
  const input = { address: address("b"), pool: "default", version: "1", clients: 0, rooms: [] };
  const { changes } = fleetReport(model, { ...input, load: NaN }, 1000);
  assert.equal(relieve(model, "a", 1000), undefined);
  follow(follower, changes, 1000);
  assert.equal(relieve(follower, "a", 1000), undefined, "which another gateway has heard");
  follow(follower, fleetReport(model, { ...input, load: 0 }, 6000).changes, 6000);
  assert.notEqual(relieve(follower, "a", 6000), undefined);
});

Deno.test("a server that does not close what it gave up gives up nothing more for half an hour, and that is said", () => {
  const model = full({});
  const its = rooms(Object.fromEntries(many(40, "r", 24).map(([name]) => [name, 24])));
  const [moved, why]: [Milliseconds[], (string | undefined)[]] = [[], []];
  for (let now = 5000; now < 3_600_000; now += 5000) {
    hear(model, "b", [], now);
    hear(model, "a", its, now);
    const relieved = rebalance(model, address("a"), now, seededRandom(now));
    for (const change of relieved.told) if (change.type === "server-stalled") why.push(change.why);
    if (relieved.moved !== undefined) moved.push(now);
    settleAll(model)();
    closes(model, "a", now);
    tick(model, now);
  }
  assert.deepEqual(moved, [10_000, 10_000 + REBALANCE.rest]);
  assert.equal(why[0], "moves have not helped");
});

Deno.test("nothing moves by a number of clients that one report alone shows, at any gateway", () => {
  const [model, follower] = [rebalancing(), rebalancing()];
  model.shared = follower.shared = true;
  const its = rooms({ r: 60, rest: 740 });
  for (let now = 0; now < 600_000; now += 5000) {
    for (const [name, listed] of [["a", its], ["b", []]] as const) {
      follow(follower, hear(model, name, listed, now), now);
    }
  }
  const listed = its.map(([name, peers, secs]) => ({
    ...{ id: ["acme", name] as const, customer: "acme", peers, age: { secs, nanos: 0 } },
  }));
  const input = {
    address: address("a"),
    pool: "default",
    version: "1",
    load: 0.8,
    clients: 1e6,
    rooms: listed,
  };
  follow(follower, fleetReport(model, input, 600_000).changes, 600_000);
  for (const each of [model, follower]) {
    assert.equal(relieve(each, "a", 600_000), undefined);
    assert.equal(each.servers.get(address("a"))!.counted, 800);
  }
});

const SPIKES = [[300, 1, 0.9], [300, 0.97, 0.9], [870, 1, 0.9], [890, 1, 0.9], [300, 0.96, 0.8], [
  450,
  1,
  0.5,
]] as const;
for (const [usual, said, above] of SPIKES) {
  Deno.test(`nothing moves by a load of ${said} that one report of a server at ${usual / 1000} says, above ${above}, at any gateway; by a second one it does`, () => {
    const settings = { ...REBALANCE, above };
    const [model, follower] = [rebalancing(settings), rebalancing(settings)];
    model.shared = follower.shared = true;
    const its = rooms({ r: usual / 2, rest: usual / 2 });
    for (let now = 0; now < 600_000; now += 5000) {
      for (const [name, listed] of [["a", its], ["b", []]] as const) {
        follow(follower, hear(model, name, listed, now), now);
      }
    }
    const listed = its.map(([name, peers, secs]) => ({
      ...{ id: ["acme", name] as const, customer: "acme", peers, age: { secs, nanos: 0 } },
    }));
    const input = { address: address("a"), pool: "default", version: "1", clients: usual, rooms: listed };
    const report = (load: number, now: number) =>
      follow(follower, fleetReport(model, { ...input, load }, now).changes, now);
    for (let now = 600_000; now < 900_000; now += 30_000) {
      report(said, now);
      for (const each of [model, follower]) assert.equal(relieve(each, "a", now), undefined);
      for (let i = 1; i < 6; i++) {
        report(usual / 1000, now + 5000 * i);
        for (const each of [model, follower]) assert.equal(relieve(each, "a", now + 5000 * i), undefined);
      }
    }
    for (const now of [900_000, 905_000, 910_000, 915_000]) report(1, now);
    for (const each of [model, follower]) assert.notEqual(relieve(each, "a", 915_000), undefined);
  });
}

for (
  const [peers, most, loadOf, why] of [
    [5, 2, () => 0.95, "is there without its rooms"],
    [20, 3, (clients) => 0.9 + clients / 10_000, "is there without them but for little"],
    [1, 10, () => 0.95, "is there without its rooms, which are tiny"],
    [30, 8, () => 1, "is as high as can be said, and stays so"],
  ] as const satisfies readonly (readonly [number, number, (clients: number) => number, string])[]
) {
  Deno.test(`moves end where they do not help, since the load ${why}; half an hour later it is tried again`, () => {
    const world = new Relieved(peers);
    world.pass(1_700_000, loadOf);
    assert.ok(world.moved.length > 0 && world.moved.length <= most, `${world.moved.length} of 20 rooms`);
    const before = world.moved.length;
    world.pass(400_000, loadOf);
    assert.ok(world.moved.length > before);
  });
}

for (
  const [loadOf, why] of [
    [(clients: number) => clients / 1000, "that is of its rooms"],
    [(clients: number) => Math.min(1, clients / 700), "of which it can say only that it is full, at first"],
    [(clients: number) => 0.3 + clients / 1500, "half of which is of its rooms"],
  ] as const
) {
  Deno.test(`moves go on until a server is at its mark, by a load ${why}`, () => {
    const world = new Relieved(50);
    world.pass(1_200_000, loadOf);
    const left = [...world.places.values()].filter((place) => place === "a").length * 50;
    assert.ok(loadOf(left) <= 0.9 && loadOf(left) > 0.8, `${left} clients are left, ${loadOf(left)}`);
  });
}

Deno.test("a room moves to a server that stays below the mark with it, though the strategy would like another better", () => {
  const { placement } = defaultFleetSettings({
    placement: { rebalance: REBALANCE, strategy: "least-rooms" },
  });
  const model = testModel({ placement });
  hear(model, "b", rooms({ one: 850 }), 0);
  hear(model, "c", rooms({ many: 10, rooms: 10, but: 10, few: 10, clients: 10 }), 0);
  hearTwice(model, "a", rooms({ r: 60, rest: 850 }), 0);
  relieve(model, "a", 0);
  assert.equal(holderOf(model, "r"), address("c"));
});

Deno.test("the rooms of a group move together: all are closed, and whoever comes back gets the new server", () => {
  const model = full({ "{g} red": 30, "{g} blue": 30, rest: 850 });
  const { steadyLoad: overload } = model.servers.get(address("a"))!;
  const { changes } = relieve(model, "a", 0)!;
  const placed = changes.filter((change) => change.type === "group-placed");
  assert.deepEqual(placed, [{
    type: "group-placed",
    ...{ namespace: "acme", group: "g", from: address("a"), server: address("b"), overload },
  }]);
  assert.deepEqual(closes(model, "a", 0).sort(), ["{g} blue", "{g} red"]);
  assert.equal(place(model, "{g} red", "u", 100), address("b"));
  assert.equal(place(model, "{g} blue", "u", 100), address("b"));
  assert.equal(place(model, "rest", "u", 100), address("a"));
  checkConsistency(model);
});

Deno.test("a group that comes back to its server, which did not obey, rests all the same", () => {
  const model = full({ r: 60, rest: 850 }, { ...REBALANCE, rest: 60_000 });
  const hearOther = (now: number) => hear(model, "b", rooms({ other: 300 }), now); // too much for it to take the rest
  hearOther(0);
  assert.equal(relieve(model, "a", 0)?.group, "r");
  settleAll(model)();
  closes(model, "a", 0);
  hear(model, "a", rooms({ rest: 850 }), 5000);
  hearOther(5000);
  hear(model, "a", rooms({ r: 60, rest: 850 }), 10_000); // opened there anew, by a token of before
  assert.equal(holderOf(model, "r"), address("a"));
  for (let now = 15_000; now < 60_000; now += 5000) {
    hearOther(now);
    hear(model, "a", rooms({ r: 60, rest: 850 }), now);
    assert.equal(relieve(model, "a", now), undefined, `${now}`);
  }
  hearOther(60_000);
  hear(model, "a", rooms({ r: 60, rest: 850 }), 60_000);
  assert.equal(relieve(model, "a", 60_000)?.group, "r");
  checkConsistency(model);
});

Deno.test("who is disconnected counts towards no licence until he comes back", () => {
  const model = full({ r: 100, rest: 850 });
  assert.equal(model.usage.get("acme")!.peers, 950);
  relieve(model, "a", 0);
  assert.equal(model.usage.get("acme")!.peers, 850);
  place(model, "r", "u", 100);
  assert.equal(model.usage.get("acme")!.peers, 851);
  hear(model, "a", rooms({ rest: 850 }), 5000);
  hear(model, "b", [["r", 100, 4]], 5000);
  assert.equal(model.usage.get("acme")!.peers, 950);
  checkConsistency(model);
});

Deno.test("a place keeps while those who were moved are on their way, and goes when nobody comes", () => {
  const model = full({ r: 100, rest: 850 });
  relieve(model, "a", 0);
  for (let now = 5000; now <= 295_000; now += 5000) {
    hear(model, "a", rooms({ rest: 850 }), now);
    hear(model, "b", [], now);
    tick(model, now);
  }
  assert.equal(holderOf(model, "r"), address("b"));
  tick(model, 300_000);
  assert.equal(holderOf(model, "r"), undefined);
  checkConsistency(model);
});

Deno.test("the server that is to get a group counts its clients at once, before any is back", () => {
  const model = full({ r: 100, rest: 850 });
  relieve(model, "a", 0);
  const b = model.servers.get(address("b"))!;
  assert.equal(b.growth, 100);
  hear(model, "b", [], 1000);
  assert.equal(b.growth, 100);
  hear(model, "b", [["r", 60, 1]], 5000);
  assert.equal(b.growth, 40);
  hear(model, "b", [["r", 0, 5]], 10_000);
  assert.equal(b.growth, 0, "they were there, and have left");
});

/** What makes a server one that gets no group. */
const closed: readonly (readonly [why: string, close: (model: Model) => void])[] = [
  ["is draining", (model) => plan(model, address("b"), { draining: { deadline: undefined } })],
  ["is of weight 0", (model) => plan(model, address("b"), { weight: 0 })],
  ["is of so small a weight that it would be full", (model) => plan(model, address("b"), { weight: 0.05 })],
  ["is silent", (model) => {
    hear(model, "a", rooms({ r: 60, rest: 850 }), 7000);
    tick(model, 7600);
  }],
  ["is of another pool", (model) => hear(model, "b", [], 1000, "other")],
  ["would be above the mark", (model) => hear(model, "b", rooms({ other: 845 }), 1000)],
];

for (const [why, close] of closed) {
  Deno.test(`no group moves to a server that ${why}`, () => {
    const model = full({ r: 60, rest: 850 });
    close(model);
    assert.equal(relieve(model, "a", 7700), undefined);
    assert.equal(holderOf(model, "r"), address("a"));
    checkConsistency(model);
  });
}

Deno.test("a server that is draining gives up nothing because of load: what it has goes by itself, or at the deadline", () => {
  const model = full({ r: 60, rest: 850 });
  plan(model, address("a"), { draining: { deadline: undefined } });
  assert.equal(relieve(model, "a", 0), undefined);
});

Deno.test("a server of weight 0 that is too full gives up groups", () => {
  const model = full({ r: 60, rest: 850 });
  plan(model, address("a"), { weight: 0 });
  assert.equal(relieve(model, "a", 0)?.group, "r");
});

/** What makes a group one that stays, though it would be the one to leave. */
const kept: readonly (readonly [why: string, keep: (model: Model) => void])[] = [
  ["somebody is on the way to", (model) => place(model, "r", "u", 0)],
  ["somebody was on the way to a moment ago", (model) => {
    place(model, "r", "u", 0);
    hear(model, "a", rooms({ r: 61, rest: 850 }), 5000);
  }],
  ["the server is to close already", (model) => {
    const room = model.groups.get("acme", "r")!.room("r")!;
    model.servers.get(address("a"))!.closing.set(scopedKey(room.id), {
      ...{ task: { sequence: 1, room: room.id, kind: "RoomClose", json: "", expires: 0, customer: "" } },
      ...{ report: 1, at: 0 },
    });
  }],
  ["is banned for all", (model) => model.bans.set({ room: ["acme", "r"], until: 60_000 }, 0)],
  ["has no room in its licence, so that it might not come back", (model) => {
    model.usage.get("acme")!.licence = { maxPeers: 960, maxRooms: 100 };
  }],
  ["is one room too many for its licence", (model) => {
    model.usage.get("acme")!.licence = { maxPeers: 10_000, maxRooms: 2 };
  }],
];

for (const [why, keep] of kept) {
  Deno.test(`a group stays that ${why}`, () => {
    const model = full({ r: 60, rest: 850 });
    keep(model);
    assert.notEqual(relieve(model, "a", 6000)?.group, "r");
    assert.equal(holderOf(model, "r"), address("a"));
  });
}

Deno.test("a user who is banned keeps no group where it is, nor does a ban that has ended", () => {
  const model = full({ r: 60, rest: 850 });
  model.bans.set({ room: ["acme", "r"], user: "u", until: 60_000 }, 0);
  model.bans.set({ room: ["acme", "r"], until: 5000 }, 0);
  assert.equal(relieve(model, "a", 6000)?.group, "r");
});

Deno.test("nothing moves while an answer is on its way, with which the server could not be told to close the room", () => {
  const model = full({ r: 60, rest: 850 });
  const closing = { task: "RoomUpdate", id: ["acme", "rest"], user_data: [] } as const;
  model.servers.get(address("a"))!.tasks.add({
    ...{ sequence: 1, room: closing.id, kind: closing.task, json: JSON.stringify(closing) },
    ...{ expires: 60_000, customer: "acme" },
  });
  const { handOver } = handOverTasks(model, address("a"), 0);
  assert.equal(relieve(model, "a", 100), undefined);
  endHandOver(model, address("a"), handOver!, "read", 200);
  assert.equal(relieve(model, "a", 300)?.group, "r");
});

Deno.test("a server gives up one group in 15 s, and gets one", () => {
  const model = full({ r: 60, s: 60, rest: 800 });
  hearTwice(model, "c", rooms({ t: 60, rest2: 850 }), 0);
  assert.equal(relieve(model, "a", 0)?.group, "r");
  hear(model, "a", rooms({ s: 60, rest: 850 }), 5000);
  assert.equal(relieve(model, "a", 14_999), undefined, "a gave one up");
  assert.equal(relieve(model, "c", 14_999), undefined, "b got one");
  assert.equal(relieve(model, "c", 15_000)?.group, "t");
  assert.equal(relieve(model, "a", 15_000), undefined, "b got one again");
  checkConsistency(model);
});

Deno.test("a group that was moved is not moved again for half an hour, also by a gateway that was restarted meanwhile", () => {
  const model = full({ r: 60, rest: 850 });
  relieve(model, "a", 0);
  const report = (age: number) => [...rooms({ keeps: 860 }), ["r", 60, age] as const];
  const again = rebalancing();
  for (const [its, what] of [[model, "the same"], [again, "another"]] as const) {
    hear(its, "a", [], 1_795_000);
    hearTwice(its, "b", report(1795), 1_795_000);
    assert.equal(relieve(its, "b", 1_795_000)?.group, "keeps", `${what}: not r, which would be enough`);
  }
  const later = rebalancing();
  hear(later, "a", [], 0);
  hearTwice(later, "b", report(1800), 0);
  assert.equal(relieve(later, "b", 0)?.group, "r");
});

Deno.test("a group is not moved on while some of its clients may be on their way back to it, however short it is to rest", () => {
  const model = full({ r: 60, rest: 850 }, { ...REBALANCE, interval: 1000, rest: 1000 });
  relieve(model, "a", 0);
  hear(model, "a", [], 5000);
  hearTwice(model, "b", [["r", 60, 5], ...rooms({ keeps: 845 })], 5000);
  assert.equal(relieve(model, "b", 5000)?.group, "keeps");
});

Deno.test("a group that this gateway has placed a moment ago may move: it has not been moved before", () => {
  const model = rebalancing();
  hear(model, "a", rooms({ rest: 850 }), 0);
  place(model, "new", "u", 0);
  hear(model, "b", [], 14_000);
  hearTwice(model, "a", [...rooms({ rest: 850 }), ["new", 60, 10]], 16_000);
  assert.equal(relieve(model, "a", 16_000)?.group, "new");
});

Deno.test("a group counts with what it is still expected to grow by", () => {
  const model = rebalancing();
  const kind = { namespace: "acme", template: "class-#" };
  for (let i = 0; i < 20; i++) model.kinds.learn(kind, { size: 300, fillTime: 60_000 }, 0);
  hear(model, "a", rooms({ rest: 850 }), 0);
  place(model, "class-x", "u", 0);
  hear(model, "b", rooms({ other: 700 }), 16_000);
  hear(model, "a", [...rooms({ rest: 850 }), ["class-x", 60, 10]], 16_000);
  assert.equal(holderOf(model, "class-x"), address("a"));
  assert.equal(
    relieve(model, "a", 16_000),
    undefined,
    "b could take its 60 clients, not the 300 that are to come",
  );
});

Deno.test("the old server does not take the group back while it is to close it, though nobody has come to the new one", () => {
  const model = full({ r: 60, rest: 850 });
  relieve(model, "a", 0);
  hear(model, "a", rooms({ r: 60, rest: 850 }), 5000); // the answer was lost
  assert.equal(holderOf(model, "r"), address("b"));
  assert.deepEqual(closes(model, "a", 5000), ["r"]);
  const changes = hear(model, "a", rooms({ r: 60, rest: 850 }), 10_000); // it takes its time
  assert.equal(holderOf(model, "r"), address("b"));
  assert.deepEqual(
    changes.map(({ type }) => type),
    ["server-reported"],
    "no collision, and not told again yet",
  );
  hear(model, "b", [["r", 60, 3]], 11_000);
  hear(model, "a", rooms({ r: 60, rest: 850 }), 15_000);
  assert.deepEqual(closes(model, "a", 15_000), ["r"], "told again");
  hear(model, "a", rooms({ rest: 850 }), 20_000);
  assert.equal(place(model, "r", "u", 20_000), address("b"));
  checkConsistency(model);
});

Deno.test("who opens the room at the old server after it was closed there, by a token from before, comes to the others", () => {
  const model = full({ r: 60, rest: 850 });
  relieve(model, "a", 0);
  closes(model, "a", 0);
  hear(model, "a", rooms({ rest: 850 }), 5000);
  hear(model, "b", [["r", 60, 3]], 6000);
  const changes = hear(model, "a", [...rooms({ rest: 850 }), ["r", 1, 2]], 10_000);
  assert.ok(changes.some(({ type }) => type === "collision"));
  assert.equal(holderOf(model, "r"), address("b"));
});

Deno.test("a move that cannot be made durable is taken back, with what its server was to be told", () => {
  const model = full({ "{g} red": 30, "{g} blue": 30, rest: 850 });
  const { undo } = relieve(model, "a", 0)!;
  undo(100);
  assert.equal(holderOf(model, "g"), address("a"));
  const red = model.groups.room(["acme", "{g} red"])!;
  assert.deepEqual([red.listed, red.knownPeers], [true, 30]);
  assert.deepEqual(closes(model, "a", 5000), []);
  assert.equal(model.explanations.get(model.groups.get("acme", "g")!), undefined);
  checkConsistency(model);
  hear(model, "a", rooms({ "{g} red": 30, "{g} blue": 30, rest: 850 }), 5000);
  assert.equal(model.usage.get("acme")!.peers, 910);
  checkConsistency(model);
});

Deno.test("where another gateway was first, the old server is not told to close anything", () => {
  const model = full({ r: 60, rest: 850 });
  model.shared = true;
  const { withdraw } = relieve(model, "a", 0)!;
  const changes = withdraw();
  assert.deepEqual(changes.map(({ type }) => type), ["task-ended"]);
  assert.deepEqual(closes(model, "a", 5000), []);
});

Deno.test("a group says that it was moved, from where and why", () => {
  const model = full({ r: 60, rest: 850 });
  const { steadyLoad: load } = model.servers.get(address("a"))!;
  relieve(model, "a", 3000);
  const { at, by, relieved, server, expectedSize, candidates } = model.explanations.get(
    model.groups.get("acme", "r")!,
  )!;
  assert.deepEqual({ at, by, relieved, server, expectedSize }, {
    at: 3000,
    by: "expected",
    relieved: { server: address("a"), load },
    server: address("b"),
    expectedSize: 60,
  });
  assert.deepEqual(candidates.map(({ address }) => address), [address("b")]);
});

Deno.test("a move tells which servers were left out, and of each why", () => {
  const model = full({ r: 60, rest: 850 });
  for (const name of ["draining", "light", "resting", "unknown"]) hear(model, name, [], 0);
  hear(model, "high", rooms({ high: 850 }), 0);
  plan(model, address("draining"), { draining: { deadline: undefined } });
  plan(model, address("light"), { weight: 0 });
  const resting = model.servers.get(address("resting"))!;
  resting.rebalanced = { group: model.groups.get("acme", "rest")!, at: 0 };
  model.servers.get(address("unknown"))!.loadKnown = false;
  relieve(model, "a", 1000);
  const { leftOut, furtherLeftOut } = model.explanations.get(model.groups.get("acme", "r")!)!;
  assert.deepEqual(
    new Map(leftOut.map(({ server, reason }) => [server, reason])),
    new Map([
      [address("draining"), "draining"],
      [address("light"), "weight 0"],
      [address("high"), "above the ceiling"],
      [address("resting"), "in a move a moment ago"],
      [address("unknown"), "load not known"],
    ]),
  );
  assert.equal(furtherLeftOut, 0);
});

Deno.test("a group that was moved teaches its kind nothing new, unless it grows on", () => {
  const model = full({ "class-1": 60, rest: 850 });
  const weight = () =>
    Array.from(model.kinds).find(([{ template }]) => template === "class-#")?.[1].from(0, 0).weight ?? 0;
  relieve(model, "a", 0);
  for (let now = 5000; now < 900_000; now += 5000) {
    hear(model, "b", [["class-1", 60, now / 1000]], now);
  }
  assert.equal(weight(), 0);
});

Deno.test("another gateway knows of a move at once: it sends clients to the new place, and moves nothing of either server for a while", () => {
  const [here, there] = [1, 2].map((number) => {
    const model = full({ r: 60, s: 60, rest: 800 });
    model.shared = true;
    numberTasks(model, number);
    return model;
  });
  const { changes } = relieve(here!, "a", 0)!;
  settle(here!, changes, 1);
  assert.deepEqual(follow(there!, changes, 50), []);
  assert.equal(place(there!, "r", "u", 100), address("b"));
  hear(there!, "a", rooms({ s: 60, rest: 850, r: 60 }), 5000);
  assert.equal(holderOf(there!, "r"), address("b"), "a is to close it, as the other gateway has told");
  hear(there!, "a", rooms({ s: 60, rest: 850 }), 10_000);
  assert.equal(relieve(there!, "a", 14_000), undefined);
  assert.equal(relieve(there!, "a", 15_050)?.group, "s");
  for (const model of [here!, there!]) checkConsistency(model);
});

Deno.test("nothing moves while it is waited for servers after a start: some room may be elsewhere already", () => {
  const model = full({ r: 60, rest: 850 });
  model.startWaitUntil = 5000;
  assert.equal(relieve(model, "a", 4999), undefined);
  assert.ok(relieve(model, "a", 5000));
});

Deno.test("a Connect that comes while a server is too full changes nothing about where its group is", () => {
  const model = full({ r: 60, rest: 850 });
  assert.ok(ask(model, "r", "u", 0).granted);
  assert.equal(holderOf(model, "r"), address("a"));
});
