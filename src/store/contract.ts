import assert from "node:assert/strict";
import type {
  Address,
  Change,
  Draining,
  LearnedKind,
  LearnedName,
  QueuedTask,
  Snapshot,
} from "../fleet/mod.ts";
import type { Store, StoreError, StoreOptions } from "./port.ts";
import { type Loaded, loaded } from "./testing.ts";

/** A store under test: opened again, it is the same store after the process has ended. */
export interface StoreUnderTest {
  open(options: StoreOptions): Promise<Store>;
  dispose(): void | Promise<void>;
}

type Run = (open: (options?: Partial<StoreOptions>) => Promise<Store>) => Promise<void>;

const A = "a:1" as Address;
const B = "b:1" as Address;

const appeared = (server: Address): Change => ({ type: "server-appeared", server, pool: "eu", version: "1" });
const placed = (group: string, server: Address, from?: Address): Change => ({
  type: "group-placed",
  namespace: "ns",
  group,
  server,
  from,
});
const reported = {
  type: "server-reported",
  server: A,
  report: "1",
  pool: "eu",
  version: "1",
  load: 0.5,
  clients: 3,
  cost: [0, 0, 0, 0, 0],
  usage: [],
} as const;
const opened = (name: string, listed = false): Change => ({
  type: "room-opened",
  room: ["ns", name],
  customer: "acme",
  server: A,
  listed,
});
const kind = (namespace: string, template: string, at = 900): LearnedKind => ({
  namespace,
  template,
  sizes: { bins: [[0, 0], [0, 0], [1.5, 9]], fill: [6, 120_000], at },
});
const learnedName = (low: number, at = 900): LearnedName => ({
  ...{ high: 0xffff_ffff, low },
  known: { count: 3, size: 12.5, fillTime: 60_000, at },
});
const EMPTY = { servers: [], placements: [], rooms: [], bans: [], tasks: [], kinds: [], names: [] };
const task = (sequence: number, expires = 1e6): QueuedTask => ({
  sequence,
  room: ["ns", "r"],
  kind: "RoomUpdate",
  json: JSON.stringify({ task: "RoomUpdate", id: ["ns", "r"], user_data: [sequence] }),
  expires,
  customer: "acme",
});

/**
 * What a store has, without what is of use to several gateways only; a server is first seen within a second, and other times
 * are at full hundredths: a store with a clock of its own measures it.
 */
async function contents(store: Store): Promise<Omit<Loaded, "handOvers">> {
  const { servers, bans, tasks, kinds, handOvers: _, ...others } = await loaded(store);
  const near = (time: number) => Math.round(time / 10) * 10;
  return {
    servers: servers.map(({ report: _, firstSeen, draining, ...server }) => ({
      ...server,
      firstSeen: Math.floor((firstSeen + 100) / 1000) * 1000,
      draining: draining && { deadline: draining.deadline && near(draining.deadline) },
    })),
    bans: bans.map((ban) => ({ ...ban, until: near(ban.until) })),
    tasks: tasks.map(({ server, task }) => ({ server, task: { ...task, expires: near(task.expires) } })),
    kinds: kinds.map(({ sizes, ...kind }) => ({ ...kind, sizes: sizes && { ...sizes, at: near(sizes.at) } })),
    ...others,
  };
}

/** Runs a case with a store of its own. */
function runner(name: string, create: () => StoreUnderTest): (what: string, run: Run) => void {
  return (what, run) =>
    Deno.test(`${name}: ${what}`, async () => {
      const store = create();
      let ended = false;
      try {
        await run((options = {}) =>
          store.open({
            now: () => 1000,
            unixTime: () => 1_700_000_000_000,
            others: () => assert.fail("told of its own changes"),
            failed: (error: StoreError) => assert.ok(ended, error),
            ...options,
          })
        );
      } finally {
        ended = true;
        await store.dispose();
      }
    });
}

/** What every adapter of the store must do. */
export function testStore(name: string, create: () => StoreUnderTest): void {
  const test = runner(name, create);

  test("a new store is empty", async (open) => {
    const store = await open();
    assert.deepEqual(await contents(store), EMPTY);
    assert.equal(await store.value("x"), undefined);
    await store.close();
  });

  test("what was committed is there when it is opened again", async (open) => {
    const store = await open();
    await store.commit([
      appeared(A),
      placed("r", A),
      opened("r"),
      { type: "banned", ban: { room: ["ns", "r"], until: 61_000 } },
      { type: "banned", ban: { room: ["ns", "r"], user: "u", until: 61_000, customer: "acme", by: "key" } },
      { type: "task-queued", server: A, task: task(1) },
      { type: "task-queued", server: A, task: task(2) },
      { type: "kind-learned", kind: kind("ns", "match-#") },
      { type: "kind-learned", kind: kind("", "", 800) },
      { type: "name-learned", name: learnedName(7) },
    ], "power");
    await store.setValue("customers", "[]");
    await store.close();
    const again = await open();
    assert.deepEqual(await contents(again), {
      servers: [{
        address: A,
        pool: "eu",
        version: "1",
        enabled: true,
        load: 0,
        clients: 0,
        usage: [],
        firstSeen: 1000,
        cost: [0, 0, 0, 0, 0],
        weight: 1,
        draining: undefined,
      }],
      placements: [{ namespace: "ns", group: "r", server: A }],
      rooms: [{ namespace: "ns", name: "r", customer: "acme", listed: false }],
      bans: [
        { room: ["ns", "r"], user: undefined, until: 61_000, customer: undefined, by: undefined },
        { room: ["ns", "r"], user: "u", until: 61_000, customer: "acme", by: "key" },
      ],
      tasks: [{ server: A, task: task(1) }, { server: A, task: task(2) }],
      kinds: [kind("", "", 800), kind("ns", "match-#")],
      names: [learnedName(7)],
    });
    assert.equal(await again.value("customers"), "[]");
    await again.close();
  });

  test("what ends is gone: rooms, groups, bans, tasks, servers, kinds, names", async (open) => {
    const store = await open();
    await store.commit([
      appeared(A),
      placed("r", A),
      opened("r"),
      { type: "banned", ban: { room: ["ns", "r"], until: 61_000 } },
      { type: "task-queued", server: A, task: task(1) },
      { type: "kind-learned", kind: kind("ns", "match-#") },
      { type: "name-learned", name: learnedName(7) },
    ], "power");
    await store.commit([
      { type: "room-closed", room: ["ns", "r"], server: A },
      { type: "group-leaving", namespace: "ns", group: "r", server: A, leave: "1" },
      { type: "group-released", namespace: "ns", group: "r", server: A, leave: "1" },
      { type: "ban-ended", ban: { room: ["ns", "r"], until: 61_000 }, lifted: false },
      { type: "task-ended", sequence: 1 },
      { type: "kind-learned", kind: { ...kind("ns", "match-#"), sizes: undefined } },
      { type: "name-learned", name: { ...learnedName(7), known: undefined } },
      { type: "server-removed", server: A, report: "" },
    ], "power");
    assert.deepEqual(await contents(store), EMPTY);
    await store.close();
  });

  test("a report's sums, and what it listed, replace what was there", async (open) => {
    const store = await open();
    const usage = [{ customer: "acme", peers: 3, rooms: 1 }];
    const cost = [1, 3, 0.5, 9, 1.5] as const;
    await store.commit([appeared(A), placed("r", A), opened("r")], "power");
    await store.commit([
      opened("r", true),
      { ...reported, pool: "us", version: "2", cost, usage },
      { type: "server-disabled", server: A, report: "1" },
    ], "power");
    const { servers: [server], rooms: [room] } = await contents(store);
    assert.deepEqual(server, {
      address: A,
      pool: "us",
      version: "2",
      enabled: false,
      load: 0.5,
      clients: 3,
      usage,
      firstSeen: 1000,
      cost: [...cost],
      weight: 1,
      draining: undefined,
    });
    assert.equal(room?.listed, true);
    await store.close();
  });

  test("a server that reports after it was disabled is enabled when the store is opened again", async (open) => {
    const store = await open();
    await store.commit([appeared(A), { type: "server-disabled", server: A, report: "" }, reported], "power");
    await store.close();
    const again = await open();
    assert.deepEqual((await contents(again)).servers.map(({ enabled }) => enabled), [true]);
    await again.close();
  });

  test("kinds come from the one learned longest ago to the newest, whatever their names", async (open) => {
    const store = await open();
    const kinds = [kind("z", "z", 700), kind("", "", 800), kind("a", "b", 900), kind("a", "a", 950)];
    await store.commit([2, 0, 3, 1].map((i) => ({ type: "kind-learned", kind: kinds[i]! })), "power");
    assert.deepEqual((await contents(store)).kinds, kinds);
    await store.close();
  });

  test("what an operator wants of a server is kept until it wants something else", async (open) => {
    const store = await open();
    const plan = (weight: number, draining: Draining | undefined): Change => ({
      type: "server-planned",
      server: A,
      weight,
      draining,
    });
    const kept = async () =>
      (await contents(store)).servers.map(({ weight, draining }) => ({ weight, draining }));
    await store.commit([appeared(A), plan(0.5, { deadline: 61_000 })], "power");
    assert.deepEqual(await kept(), [{ weight: 0.5, draining: { deadline: 61_000 } }]);
    await store.commit([plan(0.5, { deadline: undefined })], "power");
    assert.deepEqual(await kept(), [{ weight: 0.5, draining: { deadline: undefined } }]);
    await store.commit([plan(1, undefined)], "power");
    assert.deepEqual(await kept(), [{ weight: 1, draining: undefined }]);
    await store.close();
  });

  test("the first to claim a group wins; moving it takes knowing where it is", async (open) => {
    const store = await open();
    const claim = async (...claims: Change[]) => (await store.commit(claims, "process")).instead;
    assert.deepEqual(await claim(placed("r", A)), []);
    assert.deepEqual(await claim(placed("r", A), placed("s", B)), []);
    assert.deepEqual(await claim(placed("r", B)), [{
      type: "group-placed",
      namespace: "ns",
      group: "r",
      server: A,
    }]);
    assert.deepEqual(await claim(placed("r", B, A)), []);
    assert.deepEqual((await contents(store)).placements.map(({ server }) => server), [B, B]);
    await store.close();
  });

  test("of claims that come together each is told of its own", async (open) => {
    const store = await open();
    const claims = [placed("r", A), placed("r", B), placed("s", B)];
    const answers = await Promise.all(claims.map((claim) => store.commit([claim], "process")));
    assert.deepEqual(answers.map(({ instead }) => instead), [[], [{
      type: "group-placed",
      namespace: "ns",
      group: "r",
      server: A,
    }], []]);
    await store.close();
  });

  test("commits that come together are all durable, and answered in order", async (open) => {
    const answered: number[] = [];
    const store = await open();
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const change: Change = { type: "task-queued", server: A, task: task(i) };
        await store.commit([change], "power");
        answered.push(i);
      }),
    );
    assert.deepEqual(answered, Array.from({ length: 50 }, (_, i) => i));
    assert.equal((await contents(store)).tasks.length, 50);
    await store.close();
  });

  test("everything comes once, in order, in pieces of at most 2,000 rows of one kind", async (open) => {
    const store = await open();
    const names = ["", "\u{10ffff}", ...Array.from({ length: 4100 }, (_, i) => `r-${i}`)];
    const changes = names.flatMap((name, i): Change[] => [
      placed(name, A),
      opened(name),
      { type: "banned", ban: { room: ["ns", name], until: 61_000 } },
      { type: "kind-learned", kind: kind("ns", name, 800) },
      { type: "task-queued", server: A, task: task(i) },
    ]);
    await store.commit([appeared(A)], "power");
    for (let i = 0; i < changes.length; i += 3000) await store.commit(changes.slice(i, i + 3000), "power");
    const kinds: string[] = [];
    for await (const piece of store.load()) {
      const [[kind, rows], ...others] = Object.entries(piece) as [[string, Iterable<unknown>], ...unknown[]];
      assert.deepEqual(others, []);
      assert.ok([...rows].length <= 2000);
      kinds.push(kind);
    }
    const order = ["servers", "placements", "rooms", "bans", "kinds", "tasks"];
    assert.deepEqual([...new Set(kinds)], order);
    // Rooms may come between placements, each after its group.
    const rank = (kind: string) => order.indexOf(kind === "rooms" ? "placements" : kind);
    assert.deepEqual(kinds, kinds.toSorted((a, b) => rank(a) - rank(b)));
    const { placements, rooms, bans, kinds: learned, tasks } = await contents(store);
    const expected = names.toSorted();
    assert.deepEqual(placements.map(({ group }) => group).sort(), expected);
    assert.deepEqual(rooms.map(({ name }) => name).sort(), expected);
    assert.deepEqual(bans.map(({ room }) => room[1]).sort(), expected);
    assert.deepEqual(learned.map(({ template }) => template).sort(), expected);
    assert.deepEqual(tasks.map(({ task }) => task.sequence), names.map((_, i) => i));
    await store.close();
  });

  test("what is to be durable soon is within 100 ms, or when the store is closed", async (open) => {
    const store = await open();
    const start = performance.now();
    await store.commit([appeared(A)], "soon");
    assert.ok(performance.now() - start < 1000);
    const waiting = store.commit([appeared(B)], "soon");
    await store.close();
    await waiting;
    const again = await open();
    assert.equal((await contents(again)).servers.length, 2);
    await again.close();
  });
}

/** What a store must do besides that one gateway has to itself. */
export function testStoreOfOne(name: string, create: () => StoreUnderTest): void {
  const test = runner(name, create);

  test("times are kept as unix time, whatever the monotonic clock says after a restart", async (open) => {
    const store = await open();
    await store.commit([{ type: "banned", ban: { room: ["ns", "r"], until: 61_000 } }], "power");
    await store.close();
    const again = await open({ now: () => 5, unixTime: () => 1_700_000_020_000 });
    assert.deepEqual((await loaded(again)).bans.map(({ until }) => until), [40_005]);
    await again.close();
  });

  test("a snapshot stands for all that was written before it, stored or not", async (open) => {
    const store = await open();
    const waiting = store.commit([appeared(A), placed("r", A), opened("r")], "soon");
    await store.replace(EMPTY);
    await waiting;
    await store.close();
    const again = await open();
    assert.deepEqual(await contents(again), EMPTY);
    await again.close();
  });

  test("a snapshot replaces everything but the values", async (open) => {
    const store = await open();
    await store.commit([
      appeared(B),
      placed("old", B),
      opened("old"),
      { type: "banned", ban: { room: ["ns", "lifted since"], until: 61_000 } },
      { type: "task-queued", server: B, task: task(7) },
      { type: "kind-learned", kind: kind("ns", "old-#") },
      { type: "name-learned", name: learnedName(7) },
    ], "power");
    await store.setValue("customers", "[]");
    const snapshot: Snapshot = {
      servers: [{
        address: A,
        pool: "eu",
        version: "1",
        enabled: false,
        load: 1,
        clients: 2,
        usage: [],
        firstSeen: 0,
        cost: [1, 2, 1, 4, 2],
        weight: 0.5,
        draining: { deadline: 70_000 },
      }],
      placements: [{ namespace: "ns", group: "r", server: A }],
      rooms: [{ namespace: "ns", name: "r", customer: "acme", listed: true }],
      bans: [{ room: ["ns", "r"], user: "u", until: 61_000, customer: "acme", by: "key" }],
      tasks: [{ server: A, task: task(1) }],
      kinds: [kind("ns", "match-#")],
      names: [learnedName(8)],
    };
    await store.replace(snapshot);
    assert.deepEqual(await contents(store), snapshot);
    assert.equal(await store.value("customers"), "[]");
    await store.close();
  });
}
