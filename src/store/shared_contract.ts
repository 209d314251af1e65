import assert from "node:assert/strict";
import type { Address, Change, ChangeOf, QueuedTask } from "../fleet/mod.ts";
import type { SharedStore, Store, StoreError, StoreOptions } from "./port.ts";
import { explanationOf, loaded } from "./testing.ts";

/** A shared store under test, empty at first; each that opens it is one gateway more. */
export interface SharedStoreUnderTest {
  open(options: StoreOptions): Promise<Store>;
  dispose(): void | Promise<void>;
}

/** A gateway, as far as its store is concerned. */
interface Member {
  readonly store: Store;
  readonly shared: SharedStore;
  /** What others have changed. */
  readonly told: Change[];
}

const A = "a:1" as Address;
const B = "b:1" as Address;

const appeared = (server: Address): Change => ({ type: "server-appeared", server, pool: "eu", version: "1" });
const reported = (server: Address, report: string): Change => ({
  type: "server-reported",
  ...{ server, report, pool: "eu", version: "1", load: 0.5, clients: 3, cost: [0, 0, 0, 0, 0], usage: [] },
});
const planned = (server: Address, draining: boolean): Change => ({
  type: "server-planned",
  ...{ server, weight: 1, draining: draining ? { deadline: undefined } : undefined },
});
const evicting = (server: Address): Change => ({ type: "server-evicting", server, rooms: 1 });
const disabled = (server: Address, report: string): Change => ({ type: "server-disabled", server, report });
const removed = (server: Address, report: string): Change => ({ type: "server-removed", server, report });
const enabled = (server: Address): Change => ({ type: "server-enabled", server });
const IN_GROUP = { namespace: "ns", group: "g" };
const placed = (server: Address, from?: Address, found?: true): ChangeOf<"group-placed"> => ({
  type: "group-placed",
  ...IN_GROUP,
  server,
  ...(from === undefined ? {} : { from }),
  ...(found === undefined ? {} : { found }),
});
const leaving = (server: Address, leave: string): Change => ({
  type: "group-leaving",
  ...IN_GROUP,
  server,
  leave,
});
const released = (server: Address, leave?: string): Change => ({
  type: "group-released",
  ...IN_GROUP,
  server,
  ...(leave === undefined ? {} : { leave }),
});
const NOWHERE = released("" as Address);
const ROOM = { room: ["ns", "g"] } as const;
const opened = (server: Address, listed = false): Change => ({
  type: "room-opened",
  ...ROOM,
  server,
  customer: "acme",
  listed,
});
const changed = (server: Address): Change => ({
  ...ROOM,
  type: "room-changed",
  server,
  customer: "acme",
  listed: true,
});
const closed = (server: Address): Change => ({ ...ROOM, type: "room-closed", server });
const ban = (until: number) => ({ ...ROOM, user: undefined, until, customer: undefined, by: undefined });
const banned = (until: number): Change => ({ type: "banned", ban: ban(until) });
const ended = (until: number, lifted: boolean): Change => ({ type: "ban-ended", ban: ban(until), lifted });
const task = (sequence: number): QueuedTask => ({
  ...{ sequence, ...ROOM, kind: "RoomUpdate", json: "{}", expires: 1e6, customer: "acme" },
});
const queued = (sequence: number, server: Address, moved?: true): Change => ({
  type: "task-queued",
  server,
  task: task(sequence),
  ...(moved === undefined ? {} : { moved }),
});
const taskEnded = (sequence: number): Change => ({ type: "task-ended", sequence });

const explained = (server: Address, group: string, at: number, keep = 10): Change => ({
  type: "group-explained",
  ...{ namespace: "ns", group, explanation: explanationOf(server, at), keep },
});

const A_AND_B = [appeared(A), appeared(B)];

/** What one gateway had done, what another asks for after that, and what it is told instead; nothing where it is accepted. */
const CASES: readonly (readonly [
  what: string,
  before: readonly Change[],
  change: Change,
  instead?: readonly Change[],
])[] = [
  ["a server appears", [], appeared(A)],
  ["a server appears that is there", [appeared(A)], appeared(A), []],
  ["a server reports", [appeared(A)], reported(A, "1")],
  ["a server reports that was removed", [], reported(A, "1"), [removed(A, "")]],
  ["a server is planned", [appeared(A)], planned(A, true)],
  ["a server is planned that was removed", [], planned(A, true), []],
  ["a server is evicting", [appeared(A), planned(A, true)], evicting(A)],
  ["a server is evicting that does not drain any more", [appeared(A)], evicting(A), []],
  [
    "a server is evicting that is so already",
    [appeared(A), planned(A, true), evicting(A)],
    evicting(A),
    [],
  ],
  ["a server is disabled", [appeared(A), reported(A, "1")], disabled(A, "1")],
  ["a server is disabled that has reported", [appeared(A), reported(A, "2")], disabled(A, "1"), [
    enabled(A),
  ]],
  ["a server is disabled that is so already", [appeared(A), disabled(A, "")], disabled(A, ""), []],
  ["a server is removed", [appeared(A), reported(A, "1")], removed(A, "1")],
  ["a server is removed that has reported", [appeared(A), reported(A, "2")], removed(A, "1"), []],
  ["a server is removed that is not there", [], removed(A, ""), []],
  ["a group is placed", [appeared(A)], placed(A)],
  ["a group is placed where it is", [appeared(A), placed(A)], placed(A)],
  ["a group is placed that another server has", [...A_AND_B, placed(A), opened(A)], placed(B), [
    placed(A),
    opened(A),
  ]],
  ["a group is moved from a server that is alive", [...A_AND_B, placed(A)], placed(B, A), [placed(A)]],
  ["a group is moved from a server that is silent", [...A_AND_B, placed(A), disabled(A, "")], placed(B, A)],
  ["a group is moved from a server that is not there", [appeared(B), placed(A)], placed(B, A)],
  ["a group is moved from a server that is evicting", [
    ...A_AND_B,
    placed(A),
    planned(A, true),
    evicting(A),
  ], placed(B, A)],
  ["a group is found on another server", [...A_AND_B, placed(A), opened(A)], placed(B, A, true)],
  ["a group leaves a server that is too full", [...A_AND_B, placed(A), opened(A)], {
    ...placed(B, A),
    overload: 0.95,
  }],
  ["a group leaves a server that is too full, where it is not", [...A_AND_B, placed(A)], {
    ...placed(B, B),
    overload: 0.95,
  }, [placed(A)]],
  ["a group is moved from where it is not", [appeared(A), placed(A), disabled(A, "")], placed(B, B), [
    placed(A),
  ]],
  ["a group leaves", [appeared(A), placed(A)], leaving(A, "1")],
  ["a group leaves that has a room", [appeared(A), placed(A), opened(A)], leaving(A, "1"), [
    placed(A),
    opened(A),
  ]],
  ["a group leaves that does so already", [placed(A), leaving(A, "1")], leaving(A, "2"), [
    placed(A),
    leaving(A, "1"),
  ]],
  ["a group leaves that is elsewhere", [placed(A)], leaving(B, "1"), [placed(A)]],
  ["a group leaves that is nowhere", [], leaving(A, "1"), [NOWHERE]],
  ["a group is released", [appeared(A), placed(A), leaving(A, "1")], released(A, "1")],
  ["a group is released whose leave is another", [placed(A), leaving(A, "2")], released(A, "1"), [
    placed(A),
    leaving(A, "2"),
  ]],
  [
    "a group is released in which a room was opened",
    [placed(A), leaving(A, "1"), opened(A)],
    released(A, "1"),
    [placed(A), opened(A)],
  ],
  ["a group is released that was placed anew", [placed(A), leaving(A, "1"), placed(A)], released(A, "1"), [
    placed(A),
  ]],
  ["a group is released whose server is alive", [appeared(A), placed(A)], released(A), [placed(A)]],
  ["a group is released whose server is silent", [appeared(A), placed(A), disabled(A, "")], released(A)],
  ["a group is released whose server is gone", [placed(A)], released(A)],
  ["a group is released that is elsewhere", [placed(A)], released(B), [placed(A)]],
  ["a group is released that is nowhere", [], released(A), [NOWHERE]],
  ["a room is opened", [placed(A)], opened(A)],
  ["a room is opened where its group is not", [placed(A)], opened(B), [placed(A)]],
  ["a room is opened whose group is nowhere", [], opened(B), [NOWHERE]],
  ["a room changes", [placed(A), opened(A)], changed(A)],
  ["a room changes where its group is not", [placed(A), opened(A)], changed(B), [placed(A), opened(A)]],
  ["a room is closed", [placed(A), opened(A)], closed(A)],
  ["a room is closed where its group is not", [placed(A), opened(A)], closed(B), [placed(A), opened(A)]],
  ["somebody is banned", [], banned(60_000)],
  ["a ban is lifted", [banned(60_000)], ended(60_000, true)],
  ["a ban is lifted that nobody knows", [], ended(60_000, true)],
  ["a ban ends", [banned(60_000)], ended(60_500, false)],
  ["a ban ends that was set anew", [banned(90_000)], ended(60_000, false), [banned(90_000)]],
  ["a ban ends that was lifted", [], ended(60_000, false), []],
  ["a task is moved that has ended", [], queued(1, B, true), [taskEnded(1)]],
  ["a task ends", [queued(1, A)], taskEnded(1)],
  ["a task ends that has ended", [], taskEnded(1), []],
  ["a server is odd", [], { type: "server-odd", server: A, what: "it is odd" }, []],
  ["somebody is let in", [], { type: "granted", ...ROOM, server: A, user: "u", customer: "acme" }],
];

/** Without members that are undefined, and times to 100 ms: each gateway measures the store's time. */
function plain(changes: readonly Change[]): unknown {
  return JSON.parse(
    JSON.stringify(changes, (key, its) => key === "until" ? Math.round(its / 100) * 100 : its),
  );
}

/** What every adapter must do that several gateways share. */
export function testSharedStore(name: string, create: () => SharedStoreUnderTest): void {
  function test(what: string, run: (...members: readonly [Member, Member, Member]) => Promise<void>): void {
    Deno.test(`${name}: ${what}`, async () => {
      const under = create();
      const start = performance.now();
      let over = false;
      const open = async (): Promise<Member> => {
        const told: Change[] = [];
        const store = await under.open({
          now: () => 1000 + performance.now() - start,
          unixTime: Date.now,
          others: (changes) => told.push(...changes),
          failed: (error: StoreError) => assert.ok(over, error),
          astray: () => Promise.reject(new Error("it has gone astray")),
        });
        await loaded(store);
        assert.ok(store.shared);
        return { store, shared: store.shared, told };
      };
      try {
        const members = [await open(), await open(), await open()] as const;
        await run(...members);
        over = true;
        for (const { store } of members) await store.close();
      } finally {
        over = true;
        await under.dispose();
      }
    });
  }

  for (const [what, before, change, refusal] of CASES) {
    test(`${what}: ${refusal === undefined ? "accepted" : "refused"}`, async (one, other) => {
      await one.store.commit(before, "process");
      await other.shared.catchUp();
      const { instead } = await other.store.commit([change], "process");
      assert.deepEqual(plain(instead), plain(refusal ?? []));
      await one.shared.catchUp();
      assert.deepEqual(plain(one.told), plain(refusal === undefined ? [change] : []));
    });
  }

  test("a task keeps its place in the order when it moves", async (one, other) => {
    const { order } = await one.store.commit([appeared(A), queued(7, A)], "process");
    await other.store.commit([queued(5, A), queued(7, B, true)], "process");
    await one.shared.catchUp();
    const [five, seven] = one.told;
    assert.ok(order !== undefined && five?.type === "task-queued" && seven?.type === "task-queued");
    assert.deepEqual([five.order, seven.order], [order + 2, order + 1]);
    assert.deepEqual((await loaded(one.store)).tasks.map(({ server, task }) => [server, task.sequence]), [[
      B,
      7,
    ], [A, 5]]);
  });

  test(
    "what is refused of a group is told once, with what else of the call was accepted",
    async (one, other) => {
      await one.store.commit([...A_AND_B, placed(A), opened(A)], "process");
      const changes = [placed(B), opened(B), banned(60_000), closed(B)];
      assert.deepEqual(
        plain((await other.store.commit(changes, "process")).instead),
        plain([placed(A), opened(A)]),
      );
      await one.shared.catchUp();
      assert.deepEqual(plain(one.told), plain([banned(60_000)]));
    },
  );

  test("what a call has done is seen by what comes after it in the same call", async (one, other) => {
    const changes = [appeared(A), placed(A), opened(A), leaving(A, "1")];
    assert.deepEqual(
      plain((await one.store.commit(changes, "process")).instead),
      plain([placed(A), opened(A)]),
    );
    const more = [
      closed(A),
      leaving(A, "1"),
      released(A, "1"),
      placed(B),
      disabled(A, ""),
      removed(A, ""),
      planned(A, true),
    ];
    assert.deepEqual((await one.store.commit(more, "process")).instead, []);
    await other.shared.catchUp();
    assert.deepEqual(plain(other.told), plain([...changes.slice(0, 3), ...more.slice(0, -1)]));
  });

  test("all are told of the same changes in the same order, and answered at their place in it", async (...members) => {
    const views = members.map(({ told }) => told);
    const calls: Promise<void>[] = [];
    for (let i = 0; i < 60; i++) {
      const its = i % 3;
      const { store } = members[its]!;
      const user = `u${i}`;
      const change: Change = { type: "granted", ...ROOM, server: A, user, customer: "acme" };
      // As it is answered, it has its place among what that gateway has been told.
      calls.push(
        store.commit([change], i % 2 === 0 ? "process" : "soon").then(() => void views[its]!.push(change)),
      );
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(calls);
    await Promise.all(members.map(({ shared }) => shared.catchUp()));
    assert.equal(views[0]!.length, 60);
    assert.deepEqual(views[1], views[0]);
    assert.deepEqual(views[2], views[0]);
  });

  test("places in the order grow with each change that is stored, whoever makes it", async (one, other) => {
    const orders: number[] = [];
    for (const { store } of [one, other, one]) {
      const { order } = await store.commit([banned(1000), banned(2000)], "process");
      orders.push(order ?? NaN);
    }
    const [first = NaN, second = NaN, third = NaN] = orders;
    assert.ok(second >= first + 2 && third >= second + 2, orders.join());
  });

  test("places in the order grow with each commit, also of what is not stored", async (one, other) => {
    const orders: number[] = [];
    for (const { store } of [one, other, one]) {
      const { order } = await store.commit([enabled(A), enabled(B)], "process");
      orders.push(order ?? NaN);
    }
    assert.deepEqual(orders, [...new Set(orders)].toSorted((a, b) => a - b));
  });

  test("when it has caught up, everything has been told that was committed before", async (one, other) => {
    for (let i = 1; i <= 20; i++) {
      await one.store.commit([banned(i * 1000)], "process");
      await other.shared.catchUp();
      assert.equal(other.told.length, i);
    }
  });

  test(
    "it says where a client's rooms are and whether it is banned, whatever has been told",
    async (one, other) => {
      const look = (user = "u") => one.shared.lookUp("ns", ["g", "x{g}"], user);
      assert.deepEqual(await look(), { server: undefined, banned: false });
      await other.store.commit([appeared(A), placed(A)], "process");
      assert.deepEqual(await look(), { server: A, banned: false });
      const ban = (name: string, user: string | undefined, until: number): Change => ({
        type: "banned",
        ban: { room: ["ns", name], user, until },
      });
      const far = 1e9;
      await other.store.commit(
        [ban("x{g}", "u", far), ban("x{g}", "v", -1), ban("h", undefined, far)],
        "process",
      );
      assert.deepEqual([(await look()).banned, (await look("v")).banned], [true, false]);
      await other.store.commit([ban("g", undefined, far)], "process");
      assert.ok((await look("v")).banned);
      await other.store.commit([leaving(A, "1")], "process");
      assert.equal((await look()).server, undefined);
    },
  );

  test("gateways are told apart, and know of each other", async (...members) => {
    const numbers = members.map(({ shared }) => shared.number);
    assert.equal(new Set(numbers).size, 3);
    for (const { shared } of members) {
      const all = await shared.gateways();
      assert.deepEqual(all.map(({ number }) => number), numbers.toSorted((a, b) => a - b));
      assert.deepEqual(all.filter(({ self }) => self).map(({ number }) => number), [shared.number]);
    }
    await members[2].store.close();
    assert.equal((await members[0].shared.gateways()).length, 2);
  });

  test(
    "one gateway hands tasks over to a server, until it is known what became of the answer",
    async (one, other) => {
      assert.equal(await one.shared.claimHandOver(A, 1), true);
      assert.equal(await other.shared.claimHandOver(A, 2), false);
      assert.equal(await other.shared.claimHandOver(B, 2), true);
      await one.store.commit([{ type: "hand-over-ended", server: A, id: 1, fate: "read" }], "process");
      assert.equal(await other.shared.claimHandOver(A, 3), true);
    },
  );

  test(
    "the right to hand over is a gateway's: ids of others are nothing to it, and a new one of its own replaces the last",
    async (one, other) => {
      const ended = (id: number): Change => ({ type: "hand-over-ended", server: A, id, fate: "read" });
      assert.equal(await one.shared.claimHandOver(A, 1), true);
      assert.equal(await other.shared.claimHandOver(A, 1), false);
      await other.store.commit([ended(1)], "process");
      assert.equal(await other.shared.claimHandOver(A, 2), false);
      assert.equal(await one.shared.claimHandOver(A, 2), true);
      await one.store.commit([ended(1)], "process");
      assert.equal(await other.shared.claimHandOver(A, 3), false);
    },
  );

  test("of a gateway that is gone nobody waits for the answer to a server", async (...members) => {
    const [one, other, third] = members;
    assert.equal(await one.shared.claimHandOver(A, 1), true);
    assert.equal(await other.shared.claimHandOver(A, 2), false);
    await one.store.close();
    assert.equal(await other.shared.claimHandOver(A, 3), true);
    assert.equal(await third.shared.claimHandOver(A, 4), false);
  });

  test("hand-overs are loaded while their fate is open, the newest of each server", async (one, other) => {
    const handed = (server: Address, id: number): Change => ({
      type: "handed-over",
      ...{ server, id, tasks: [id, 7] },
    });
    const open = async () =>
      (await loaded(other.store)).handOvers.map(({ server, id, tasks }) => [server, id, ...tasks]);
    await one.store.commit([appeared(A), handed(A, 1), handed(B, 2), handed(A, 3)], "process");
    assert.deepEqual(await open(), [[A, 1, 1, 7], [A, 3, 3, 7]], "of servers that are there");
    await other.store.commit([{ type: "hand-over-ended", server: A, id: 1, fate: "lost" }], "process");
    assert.deepEqual(await open(), [[A, 3, 3, 7]]);
    await one.store.commit(Array.from({ length: 9 }, (_, i) => handed(A, 10 + i)), "process");
    assert.deepEqual((await open()).map(([, id]) => id), [11, 12, 13, 14, 15, 16, 17, 18]);
    await one.store.commit([removed(A, ""), appeared(A)], "process");
    assert.deepEqual(await open(), []);
  });

  test("one gateway has the lead, until it gives it back, is taken it, or is gone", async (...members) => {
    const [one, other, third] = members;
    const lead = ({ shared }: Member, name = "fetching", takes = false) => shared.lead(name, 60_000, takes);
    assert.equal(await lead(one), true);
    assert.equal(await lead(other), false);
    assert.equal(await lead(other, "something else"), true);
    assert.equal(await lead(one), true, "it keeps it");
    await other.shared.resign("fetching");
    assert.equal(await lead(other), false, "who does not have it gives nothing back");
    await one.shared.resign("fetching");
    assert.equal(await lead(other), true);
    assert.equal(await lead(third, "fetching", true), true);
    assert.equal(await lead(other), false);
    await third.store.close();
    assert.equal(await lead(one), true);
  });

  test("the lead ends by itself", async (one, other) => {
    assert.equal(await one.shared.lead("fetching", 50, false), true);
    assert.equal(await other.shared.lead("fetching", 50, false), false);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await other.shared.lead("fetching", 50, false), true);
  });

  test("shares and what is reported are never more than the licence", async (one, other, third) => {
    const licence = { maxPeers: 20, maxRooms: Infinity };
    const share = ({ shared }: Member, peers: number, reported = 4) =>
      shared.share("acme", { peers, rooms: 1 }, licence, () => ({ peers: reported, rooms: 3 }), 10_000);
    assert.deepEqual(await share(one, 10), { peers: 10, rooms: 1 });
    assert.deepEqual(await share(other, 10), { peers: 6, rooms: 1 });
    assert.deepEqual(await share(third, 10), { peers: 0, rooms: 1 });
    assert.deepEqual(await share(one, 2), { peers: 2, rooms: 1 });
    assert.deepEqual(await share(third, 10), { peers: 8, rooms: 1 });
    assert.deepEqual(await share(third, 10, 12), { peers: 0, rooms: 1 }, "others have reported more");
    assert.deepEqual(
      await one.shared.share(
        "umbrella",
        { peers: 7, rooms: 0 },
        licence,
        () => ({ peers: 0, rooms: 0 }),
        10_000,
      ),
      {
        peers: 7,
        rooms: 0,
      },
    );
  });

  test("a share ends by itself", async (one, other) => {
    const licence = { maxPeers: 10, maxRooms: 10 };
    const share = ({ shared }: Member, lifetime: number) =>
      shared.share("acme", { peers: 10, rooms: 10 }, licence, () => ({ peers: 0, rooms: 0 }), lifetime);
    await share(one, 50);
    assert.deepEqual(await share(other, 1000), { peers: 0, rooms: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(await share(other, 1000), { peers: 10, rooms: 10 });
  });

  test(
    "what was given back is shared only by who knows of the report that it was given back for",
    async (one, other) => {
      const licence = { maxPeers: 10, maxRooms: 10 };
      const none = { peers: 0, rooms: 0 };
      // Each gateway has as reported what it has been told.
      const reportedBy = ({ told }: Member) => () => ({
        peers: told.some(({ type }) => type === "server-reported") ? 10 : 0,
        rooms: 0,
      });
      await one.store.commit([appeared(A)], "process");
      for (let i = 0; i < 10; i++) {
        await one.shared.share("acme", { peers: 10, rooms: 0 }, licence, () => none, 10_000);
        other.told.length = 0;
        const report = one.store.commit([reported(A, `${i}`)], "soon");
        await one.shared.share("acme", none, licence, () => ({ peers: 10, rooms: 0 }), 10_000);
        assert.deepEqual(
          await other.shared.share("acme", { peers: 10, rooms: 0 }, licence, reportedBy(other), 10_000),
          none,
        );
        await report;
      }
    },
  );

  test("rooms of a large group come, change and go, by one commit and by several", async (one, other) => {
    const names = Array.from({ length: 60 }, (_, i) => `{g} ${i}`);
    const room = (type: "room-opened" | "room-changed", name: string, customer = "acme"): Change => ({
      type,
      ...{ room: ["ns", name], server: A, customer, listed: true },
    });
    const gone = (name: string): Change => ({ type: "room-closed", room: ["ns", name], server: A });
    const ends = [names[0]!, names[59]!, names[20]!, names[58]!, names[1]!];
    const changes = [
      ...names.map((name) => room("room-opened", name)),
      ...ends.map(gone),
      ...["{g} 57", "{g} 2"].map((name) => room("room-changed", name, "other")),
      room("room-opened", names[20]!, "other"),
      gone("{g} 3"),
    ];
    const left = new Map(names.map((name) => [name, "acme"]));
    for (const name of [...ends, "{g} 3"]) left.delete(name);
    for (const name of ["{g} 57", "{g} 2", names[20]!]) left.set(name, "other");
    const rooms = async () =>
      (await loaded(other.store)).rooms.map(({ name, customer }) => [name, customer]).toSorted();
    await one.store.commit([appeared(A), placed(A), ...changes], "process");
    assert.deepEqual(await rooms(), [...left].toSorted());
    await one.store.commit([...left.keys()].map(gone), "process");
    assert.deepEqual(await rooms(), []);
    for (const change of changes) await one.store.commit([change], "process");
    assert.deepEqual(await rooms(), [...left].toSorted());
  });

  test("why a group is on its server is everybody's to ask, and nobody is told", async (one, other) => {
    await one.store.commit([...A_AND_B, placed(A)], "process");
    assert.equal(await other.shared.explanation("ns", "g"), undefined);
    await other.shared.catchUp();
    const now = 1000;
    const told = one.store.commit([explained(A, "g", now), explained(B, "h", now)], "soon");
    const ask = async ({ shared }: Member) => {
      const why = await shared.explanation("ns", "g");
      return why && { ...why, at: Math.round(why.at / 100) * 100 };
    };
    const why = explanationOf(A, now);
    assert.deepEqual(await ask(one), why, "with what the gateway that is asked has committed");
    await told;
    assert.deepEqual(await ask(other), why);
    assert.equal(await other.shared.explanation("ns", "h"), undefined, "it is not on that server");
    assert.deepEqual(other.told.slice(-1), [placed(A)]);
    await one.store.commit([placed(A), opened(A), explained(B, "g", now)], "process");
    assert.deepEqual(await ask(other), why, "nothing has moved");
    await one.store.commit([placed(B, A, true)], "process");
    assert.equal(
      await other.shared.explanation("ns", "g"),
      undefined,
      "its server has it for another reason",
    );
  });

  test("of explanations the newest are kept", async (one, other) => {
    const at = (group: string): Change => ({ type: "group-placed", namespace: "ns", group, server: A });
    await one.store.commit([appeared(A), ...["g", "h", "i"].map(at)], "process");
    for (const group of ["g", "h", "g", "i"]) await one.store.commit([explained(A, group, 0, 2)], "process");
    const kept = await Promise.all(["g", "h", "i"].map((group) => other.shared.explanation("ns", group)));
    assert.deepEqual(kept.map((each) => each !== undefined), [true, false, true]);
  });

  test("what is lacking is put in, what is there stays, and all are told", async (one, other) => {
    await one.store.commit([appeared(A), placed(A), opened(A), banned(60_000), queued(1, A)], "process");
    const before = await loaded(one.store);
    await other.shared.catchUp();
    other.told.length = 0;
    const placement = (group: string, server: Address) => ({ namespace: "ns", group, server });
    const room = (name: string) => ({ namespace: "ns", name, customer: "acme", listed: true });
    const [server] = before.servers;
    assert.ok(server);
    await one.shared.offer({
      servers: [{ ...server, load: 0.9 }, { ...server, address: B, enabled: false, report: "5" }],
      placements: [placement("g", B), placement("h", B)],
      rooms: [room("h")],
      bans: [ban(90_000), { ...ban(90_000), user: "u" }],
      tasks: [{ server: B, task: task(1) }, { server: B, task: task(2) }],
      kinds: [],
      names: [],
    });
    await Promise.all([one.shared.catchUp(), other.shared.catchUp()]);
    const after = await loaded(one.store);
    assert.deepEqual(after.servers.map(({ address, load, enabled }) => [address, load, enabled]).sort(), [
      [A, 0, true],
      [B, 0, false],
    ]);
    assert.deepEqual(after.placements.map(({ group, server }) => [group, server]).sort(), [["g", A], [
      "h",
      B,
    ]]);
    assert.deepEqual(after.rooms.map(({ name }) => name).sort(), ["g", "h"]);
    assert.deepEqual(after.bans.map(({ user, until }) => [user, Math.round(until / 1000)]), [
      [undefined, 60],
      ["u", 90],
    ]);
    assert.deepEqual(after.tasks.map(({ server, task }) => [server, task.sequence]), [[A, 1], [B, 2]]);
    const types = [
      ...["server-appeared", "server-reported", "server-planned", "server-disabled"],
      ...["group-placed", "room-opened", "banned", "task-queued"],
    ];
    assert.deepEqual(one.told.map(({ type }) => type), types);
    assert.deepEqual(other.told.map(({ type }) => type), types);
  });

  test("of a plan that sets one part the other stays as it was set by whom ever", async (one, other) => {
    const plan = (weight: number, draining: boolean, part?: "weight" | "draining"): Change => ({
      type: "server-planned",
      ...{ server: A, weight, draining: draining ? { deadline: undefined } : undefined, part },
    });
    await one.store.commit([appeared(A)], "process");
    const stored = async () => {
      const { servers } = await loaded(one.store);
      return servers.map(({ weight, draining }) => ({ weight, draining }));
    };
    const isDraining = { deadline: undefined };
    await one.store.commit([plan(0.5, true)], "power");
    assert.deepEqual(await stored(), [{ weight: 0.5, draining: isDraining }]);
    await one.store.commit([plan(0.25, false, "weight")], "power");
    assert.deepEqual(await stored(), [{ weight: 0.25, draining: isDraining }]);
    await other.store.commit([plan(1, false, "draining")], "power");
    assert.deepEqual(await stored(), [{ weight: 0.25, draining: undefined }]);
    await other.store.commit([plan(1, true, "draining")], "power");
    assert.deepEqual(await stored(), [{ weight: 0.25, draining: isDraining }]);
    await one.store.commit([evicting(A)], "soon");
    await one.store.commit([plan(0.75, false, "weight"), evicting(A)], "power");
    await other.store.shared!.catchUp();
    const parts = other.told.flatMap((change) => change.type === "server-planned" ? [change.part] : []);
    assert.deepEqual(parts, [undefined, "weight", "weight"]);
    const evictions = other.told.filter(({ type }) => type === "server-evicting");
    assert.equal(evictions.length, 1, "another weight does not begin the emptying anew");
  });

  test("a text is everybody's", async (one, other) => {
    await one.store.setValue("customers", "[]");
    assert.equal(await other.store.value("customers"), "[]");
    assert.equal(await other.store.value("nothing"), undefined);
  });

  test(
    "of a text of which the newest counts, an older one never takes the place of a newer one",
    async (one, other) => {
      const keep = (text: string, made: number) => one.shared.keepNewest("list", { text, made });
      assert.equal(await other.shared.newest("list", -1), undefined);
      assert.equal(await keep("of an unknown time", 0), "put in");
      assert.deepEqual(await other.shared.newest("list", -1), { text: "of an unknown time", made: 0 });
      const made = Math.floor(one.shared.unixTime);
      assert.ok(Math.abs(made - Date.now()) < 60_000);
      assert.equal(await keep("7\nnew", made), "put in");
      assert.equal(await keep("of the same time", made), "there");
      assert.equal(await keep("old", made - 1), "outdated");
      assert.deepEqual(await other.shared.newest("list", made - 1), { text: "7\nnew", made });
      assert.equal(await other.shared.newest("list", made), undefined);
      assert.equal(await other.store.value("list"), "7\nnew");
      assert.equal(await keep("newer", made + 1), "put in");
      assert.equal(await other.store.value("list"), "newer");
      await one.store.setValue("list", "of an unknown time again");
      assert.deepEqual(await other.shared.newest("list", -1), { text: "of an unknown time again", made: 0 });
    },
  );
}
