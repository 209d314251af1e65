import assert from "node:assert/strict";
import { TemporaryFolder } from "../../sim/program.ts";
import {
  type Address,
  appeared,
  type Change,
  type ConnectInput,
  type Snapshot,
  type Task,
  tick,
} from "../fleet/mod.ts";
import { address, SETTINGS } from "../fleet/testing.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { type Observer, Observers } from "./observers.ts";
import { RUNTIME_TIMERS } from "./timers.ts";
import { NO_STORE } from "../store/no_store.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import {
  type Committed,
  type Safety,
  type SharedStore,
  type Store,
  type StoredPlace,
  StoreError,
  type StoreOptions,
} from "../store/port.ts";

const HOUR = 3_600_000;

const input: ConnectInput = {
  customer: "acme",
  licence: { maxPeers: Infinity, maxRooms: Infinity },
  namespace: "acme",
  rooms: ["r"],
  user: "u",
  pool: "default",
};

/** Observers of which one is this; what it throws fails the test. */
function observing(observer: Observer): Observers {
  const observers = new Observers((error) => {
    throw error;
  });
  observers.add(observer);
  return observers;
}

/** A gateway on a real store, with clocks that the test sets. */
function gatewayWithClocks(folder: string, clock: { now: number; unix: number }): Promise<Gateway> {
  return Gateway.open(SETTINGS, {
    openStore: (options) => SqliteStore.open(folder, options),
    waitForReports: false,
    now: () => clock.now,
    unixTime: () => clock.unix,
  });
}

const report = (gateway: Gateway, server = "a") =>
  gateway.report(
    { address: address(server), pool: "default", version: "1", load: 0, clients: 0, rooms: [] },
    true,
  );
const ban = (gateway: Gateway) =>
  gateway.manage({
    task: { task: "RoomClose", id: ["acme", "banned"], ban_time: { secs: 1800, nanos: 0 } },
    banTime: HOUR / 2,
  });

for (const jump of [HOUR, -HOUR]) {
  Deno.test(`a wall clock that jumps by ${jump / HOUR} h disables no server and neither lifts nor prolongs a ban`, async () => {
    using folder = new TemporaryFolder();
    const clock = { now: 0, unix: 1_700_000_000_000 };
    const gateway = await gatewayWithClocks(folder.path, clock);
    await report(gateway);
    assert.equal(await ban(gateway), "accepted");
    clock.unix += jump;
    clock.now += 1000;
    gateway.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok((await gateway.connect(input)).granted, "the server was disabled");
    const refused = await gateway.connect({ ...input, rooms: ["banned"] });
    assert.ok(!refused.granted && refused.reason === "banned");
    clock.now = HOUR / 2;
    await report(gateway);
    assert.ok((await gateway.connect({ ...input, rooms: ["banned"] })).granted);
    await gateway.stop();
  });
}

Deno.test("a ban holds over a restart until its end by the wall clock", async () => {
  using folder = new TemporaryFolder();
  const clock = { now: 5_000_000, unix: 1_700_000_000_000 };
  const before = await gatewayWithClocks(folder.path, clock);
  assert.equal(await ban(before), "accepted");
  await before.stop();
  clock.now = 0;
  clock.unix += HOUR / 4;
  const after = await gatewayWithClocks(folder.path, clock);
  await report(after);
  const refused = await after.connect({ ...input, rooms: ["banned"] });
  assert.ok(!refused.granted && refused.reason === "banned");
  clock.now = HOUR / 4;
  assert.ok((await after.connect({ ...input, rooms: ["banned"] })).granted);
  await after.stop();
});

Deno.test("how the load of rooms grows with their clients is known over a restart", async () => {
  using folder = new TemporaryFolder();
  const clock = { now: 0, unix: 1_700_000_000_000 };
  const before = await gatewayWithClocks(folder.path, clock);
  for (let i = 0; i < 500; i++) {
    clock.now += 5000;
    const clients = 10 + i % 50;
    const rooms = [{
      id: ["acme", "r"],
      customer: "acme",
      peers: clients,
      age: { secs: 9999, nanos: 0 },
    }] as const;
    const load = (clients / 100) ** 2;
    await before.report(
      { address: address("a"), pool: "default", version: "1", load, clients, rooms },
      true,
    );
    before.inspect((model) => tick(model, clock.now));
  }
  const exponentOf = (gateway: Gateway) =>
    gateway.inspect(({ servers }) => servers.get(address("b"))?.work?.exponent);
  await report(before, "b");
  assert.equal(exponentOf(before), 2);
  clock.now += 60_000;
  before.start();
  for (let i = 0; i < 100 && await before.store.value("room-cost") === undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await before.stop();
  clock.now = 0;
  const after = await gatewayWithClocks(folder.path, clock);
  assert.equal(exponentOf(after), 2);
  await after.stop();
});

/** A shared store on which nothing happens by itself. */
const SHARED: SharedStore = {
  clockDifference: 0,
  missing: 0,
  number: 1,
  silence: 0,
  catchUp: () => Promise.resolve(),
  lookUp: () => Promise.resolve({ server: undefined, banned: false }),
  offer: () => Promise.resolve(),
  claimHandOver: () => Promise.resolve(true),
  share: (_customer, wanted) => Promise.resolve({ ...wanted }),
  lead: () => Promise.resolve(true),
  resign: () => Promise.resolve(),
  explanation: () => Promise.resolve(undefined),
  unixTime: 0,
  newest: () => Promise.resolve(undefined),
  keepNewest: () => Promise.resolve("put in"),
  gateways: () => Promise.resolve([]),
};

Deno.test("what no replica has in time is answered as what cannot be stored, holds all the same, and is told", async () => {
  const reason = new StoreError("no replica has it");
  const told: string[] = [];
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () =>
      Promise.resolve({
        ...NO_STORE,
        shared: SHARED,
        commit: (_, safety) =>
          Promise.resolve({
            instead: [],
            order: 1,
            unsafe: safety === "soon" ? undefined : Promise.resolve(reason),
          }),
      }),
    waitForReports: false,
    observers: observing({ heldUnsafe: ({ message }) => void told.push(message) }),
  });
  await report(gateway);
  assert.equal(await ban(gateway), "not-durable");
  assert.deepEqual(told, ["no replica has it"]);
  const banned = await gateway.connect({ ...input, rooms: ["banned"] });
  assert.equal(banned.granted ? "let in" : banned.reason, "banned");
  const needsNone = await gateway.connect({ ...input, rooms: ["another"] });
  assert.equal(needsNone.granted, true);
  await gateway.stop();
});

Deno.test("a gateway that does not know what others did lately lets in whom the store would, and if that is away whom it knows", async () => {
  const away = () => Promise.reject(new StoreError("away"));
  let found: StoredPlace | undefined;
  const shared = {
    ...SHARED,
    silence: 5000,
    lookUp: () => found === undefined ? away() : Promise.resolve(found),
  };
  let others: StoreOptions["others"] | undefined;
  const gateway = await Gateway.open(SETTINGS, {
    openStore: (options) => {
      ({ others } = options);
      return Promise.resolve({ ...NO_STORE, shared });
    },
    waitForReports: false,
  });
  const [a, b] = [address("a"), address("b")];
  others!([
    { type: "server-appeared", server: a, pool: "default", version: "1" },
    { type: "server-enabled", server: a },
    { type: "group-placed", namespace: "acme", group: "r", server: a },
    { type: "room-opened", room: ["acme", "r"], customer: "acme", server: a, listed: false },
  ]);
  const isLetIn = async (place: StoredPlace | undefined) => {
    found = place;
    return (await gateway.connect({ ...input, rooms: ["r"] })).granted;
  };
  shared.catchUp = away;
  assert.equal(await isLetIn({ server: a, banned: true }), false);
  assert.equal(await isLetIn({ server: b, banned: false }), false);
  assert.equal(await isLetIn({ server: undefined, banned: false }), false);
  assert.equal(await isLetIn({ server: a, banned: false }), true);
  assert.equal(await isLetIn(undefined), true);
  shared.silence = 700_000;
  assert.equal(await isLetIn(undefined), false);
  assert.equal(await isLetIn({ server: a, banned: false }), true);
  await gateway.stop();
});

Deno.test("what another gateway did, as the store tells it, is served and told like one's own", async () => {
  let others: StoreOptions["others"] | undefined;
  const told: string[] = [];
  const gateway = await Gateway.open(SETTINGS, {
    openStore: (options) => {
      ({ others } = options);
      return Promise.resolve({ ...NO_STORE, shared: SHARED });
    },
    waitForReports: false,
    observers: observing({ followed: ({ type }) => void told.push(type) }),
  });
  const server = address("a");
  others!([
    { type: "server-appeared", server, pool: "default", version: "1" },
    {
      type: "server-reported",
      server,
      report: "1.1",
      pool: "default",
      version: "1",
      load: 0.1,
      clients: 0,
      cost: [0, 0, 0, 0, 0],
      usage: [],
    },
    { type: "group-placed", namespace: "acme", group: "r", server },
    { type: "room-opened", room: ["acme", "r"], customer: "acme", server, listed: false },
    { type: "banned", ban: { room: ["acme", "r"], user: "banned", until: Infinity } },
  ]);
  assert.deepEqual(told, ["server-appeared", "server-reported", "group-placed", "room-opened", "banned"]);
  const outcome = await gateway.connect(input);
  assert.ok(outcome.granted && outcome.server === server);
  const refused = await gateway.connect({ ...input, user: "banned" });
  assert.ok(!refused.granted && refused.reason === "banned");
  await gateway.stop();
});

Deno.test("what the gateway could not hear while it did not run is no server's silence", async () => {
  const clock = { now: 0 };
  const paused: number[] = [];
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
    now: () => clock.now,
    observers: observing({ paused: (gap) => paused.push(gap) }),
  });
  await report(gateway);
  gateway.start();
  await gateway.connect(input);
  clock.now = 60_000; // as after SIGSTOP and SIGCONT
  await new Promise((resolve) => setTimeout(resolve, 400));
  const outcome = await gateway.connect({ ...input, user: "v" });
  assert.ok(outcome.granted && outcome.server === address("a"));
  assert.equal(paused.length, 1);
  await gateway.stop();
});

Deno.test("an observer that throws harms neither a call nor what is durable, nor other observers", async () => {
  using folder = new TemporaryFolder();
  const failures: unknown[] = [];
  const told: string[] = [];
  const observers = new Observers((error) => failures.push(error));
  const throwing = () => {
    throw new Error("an observer");
  };
  observers.add({ changed: throwing, granted: throwing, reported: throwing });
  observers.add({ changed: ({ type }) => void told.push(type) });
  const open = () =>
    Gateway.open(SETTINGS, {
      openStore: (options) => SqliteStore.open(folder.path, options),
      waitForReports: false,
      observers,
    });
  const gateway = await open();
  await report(gateway);
  assert.ok((await gateway.connect(input)).granted);
  assert.equal(failures.length, told.length + 2, "each change, the grant and the report");
  assert.ok(told.includes("group-placed"));
  await gateway.stop();
  const again = await open();
  assert.equal((await again.info()).rooms.length, 1);
  await again.stop();
});

Deno.test("while a large store is taken up others get their turn, and that time is held against nobody", async () => {
  let now = 0;
  let turns = 0;
  const turning = setInterval(() => turns++);
  const ticks: (() => void)[] = [];
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () =>
      Promise.resolve({
        ...NO_STORE,
        async *load() {
          const server = {
            server: address("a"),
            pool: "default",
            version: "1",
            type: "server-appeared",
          } as const;
          yield { servers: [appeared(server, 0)] };
          yield { placements: [{ namespace: "acme", group: "r", server: address("a") }] };
          yield { rooms: [{ namespace: "acme", name: "r", customer: "acme", listed: false }] };
          for (const start = performance.now(); performance.now() - start < 100;) {
            for (const each = performance.now(); performance.now() - each < 10;);
            yield { bans: [] };
          }
          now += HOUR;
        },
      }),
    waitForReports: false,
    now: () => now,
    unixTime: () => now,
    timers: { ...RUNTIME_TIMERS, every: (_interval, act) => (ticks.push(act), () => {}) },
  });
  clearInterval(turning);
  assert.ok(turns >= 3, `${turns} turns`);
  gateway.start();
  for (const tick of ticks) tick();
  assert.equal(gateway.condition.servers, 1);
  assert.equal((await gateway.info()).rooms.length, 1);
  await gateway.stop();
});

/** A store that a test looks into, and makes do what stores do. */
class TestStore {
  options!: StoreOptions;
  readonly commits: { readonly changes: readonly Change[]; readonly safety: Safety }[] = [];
  /** What is to be durable soon. */
  readonly written: Change[] = [];
  /** Of how many changes each commit of these was. */
  readonly lengths: number[] = [];
  readonly snapshots: Snapshot[] = [];
  /** How many snapshots are refused before one is taken. */
  refusals = 0;
  /** Whether commits wait until the test lets them go or fail. */
  holds = false;
  readonly waiting: PromiseWithResolvers<Committed>[] = [];
  /** What a commit that does not wait is answered. */
  answer: (changes: readonly Change[]) => Committed = () => ({ instead: [] });

  readonly open = (options: StoreOptions): Promise<Store> => {
    this.options = options;
    return Promise.resolve({
      ...NO_STORE,
      commit: (changes, safety) => {
        if (safety === "soon") {
          this.written.push(...changes);
          this.lengths.push(changes.length);
          return NO_STORE.commit(changes, safety);
        }
        this.commits.push({ changes, safety });
        if (!this.holds) return Promise.resolve(this.answer(changes));
        const waiting = Promise.withResolvers<Committed>();
        this.waiting.push(waiting);
        return waiting.promise;
      },
      replace: (snapshot) => {
        if (this.refusals-- > 0) return Promise.reject(new StoreError("the disk is still full"));
        this.snapshots.push({ ...snapshot, rooms: [...snapshot.rooms] });
        return Promise.resolve();
      },
    });
  };

  /** Those that wait are durable now. */
  release(): void {
    for (const { resolve } of this.waiting.splice(0)) resolve({ instead: [] });
  }

  /** Those that wait fail, and what comes later too until a snapshot is taken. */
  fail(waiting = this.waiting.splice(0)): void {
    const error = new StoreError("the disk is full");
    for (const { reject } of waiting.toReversed()) reject(error);
    this.options.failed(error);
  }
}

/** A gateway on such a store, with a server; and when its store has recovered. */
async function gatewayOn(store: TestStore, options: Partial<GatewayOptions> = {}, observer: Observer = {}) {
  const recovered = Promise.withResolvers<void>();
  const gateway = await Gateway.open(SETTINGS, {
    openStore: store.open,
    waitForReports: false,
    observers: observing({ storeRecovered: () => recovered.resolve(), ...observer }),
    ...options,
  });
  await report(gateway);
  return { gateway, recovered: recovered.promise };
}

/** A report of server `a` with these rooms, a peer in each. */
const hear = (gateway: Gateway, ...names: readonly string[]) =>
  gateway.report({
    address: address("a"),
    pool: "default",
    version: "1",
    load: 0,
    clients: names.length,
    rooms: names.map((name) => ({ id: ["acme", name], customer: "acme", peers: 1 })),
  }, true);

Deno.test("where another gateway was first to place a group, the client is granted the server that it chose", async () => {
  const store = new TestStore();
  const { gateway } = await gatewayOn(store);
  await report(gateway, "b");
  store.answer = (changes) => {
    const claim = changes.find((change) => change.type === "group-placed");
    if (claim === undefined) return { instead: [] };
    const server = address(claim.server === address("a") ? "b" : "a");
    store.answer = () => ({ instead: [] });
    return { instead: [{ ...claim, server }] };
  };
  const outcome = await gateway.connect(input);
  const [claim] = store.commits[0]!.changes;
  assert.ok(outcome.granted && claim?.type === "group-placed");
  assert.notEqual(outcome.server, claim.server);
  const next = await gateway.connect({ ...input, user: "v" });
  assert.ok(next.granted && next.server === outcome.server);
  assert.equal((await gateway.info()).rooms.length, 1);
  await gateway.stop();
});

Deno.test("where a server turns out to have the room before its place is durable, the client is granted that one", async () => {
  const store = new TestStore();
  const { gateway } = await gatewayOn(store);
  const report = (name: string, rooms: number) =>
    gateway.report({
      ...{ address: address(name), pool: "default", version: "1", load: 0, clients: rooms },
      rooms: Array.from({ length: rooms }, () => ({ id: ["acme", "r"], customer: "acme", peers: 1 })),
    }, true);
  await report("b", 0);
  store.holds = true;
  const connecting = gateway.connect({ ...input, rooms: ["r"] });
  const claim = store.commits[0]!.changes.find((change) => change.type === "group-placed")!;
  const [placed, other] = claim.server === address("a") ? ["a", "b"] : ["b", "a"];
  const reporting = report(other!, 1);
  store.holds = false;
  store.release();
  const outcome = await connecting;
  assert.ok(outcome.granted && outcome.server === address(other!));
  await reporting;
  const { tasks } = await report(placed!, 0) as { readonly tasks: readonly unknown[] };
  assert.deepEqual(tasks, [], "nobody was told to come there");
  await gateway.stop();
});

Deno.test("a report of very many rooms is written in commits of a thousand changes at most, in their order", async () => {
  const store = new TestStore();
  const { gateway } = await gatewayOn(store);
  const names = Array.from({ length: 5000 }, (_, i) => `r${i}`);
  await hear(gateway, ...names);
  const opened = store.written.flatMap((change) => change.type === "room-opened" ? [change.room[1]] : []);
  assert.deepEqual(opened, names);
  assert.ok(Math.max(...store.lengths) <= 1000, `${Math.max(...store.lengths)} changes in one commit`);
  await gateway.stop();
});

Deno.test("management calls and plans are safe from loss of power, and places where that is wanted", async () => {
  for (const syncPlaces of [true, false]) {
    const store = new TestStore();
    const { gateway } = await gatewayOn(store, { syncPlaces });
    await gateway.connect(input);
    await ban(gateway);
    await gateway.plan(address("a"), { weight: 0.5 });
    assert.deepEqual(store.commits.map(({ safety }) => safety), [
      syncPlaces ? "power" : "process",
      "power",
      "power",
    ]);
    await gateway.stop();
  }
});

Deno.test("whoever relies on the claim of another call is granted the server that won as well", async () => {
  const store = new TestStore();
  const { gateway } = await gatewayOn(store);
  await report(gateway, "b");
  store.holds = true;
  const both = [gateway.connect(input), gateway.connect({ ...input, user: "v" })];
  const claim = store.commits[0]!.changes.find((change) => change.type === "group-placed")!;
  const winner = address(claim.server === address("a") ? "b" : "a");
  const [first, second] = store.waiting.splice(0);
  store.holds = false;
  first!.resolve({ instead: [{ ...claim, server: winner }] });
  second!.resolve({ instead: [] });
  for (const outcome of await Promise.all(both)) assert.ok(outcome.granted && outcome.server === winner);
  await gateway.stop();
});

Deno.test("calls that are refused together leave nothing, whatever they did to one another", async () => {
  const store = new TestStore();
  const { gateway, recovered } = await gatewayOn(store);
  store.holds = true;
  const refused = Promise.all([
    gateway.connect(input),
    gateway.connect({ ...input, user: "v" }),
    ban(gateway),
    ban(gateway),
    gateway.plan(address("a"), { weight: 0 }),
  ]);
  await new Promise((resolve) => setTimeout(resolve));
  store.fail();
  assert.deepEqual(await refused, [
    { granted: false, reason: "not-durable" },
    { granted: false, reason: "not-durable" },
    "not-durable",
    "not-durable",
    "not-durable",
  ]);
  const { servers, rooms } = await gateway.info();
  assert.deepEqual(rooms, []);
  assert.deepEqual([servers[0]?.grants, servers[0]?.weight], [0, 1]);
  store.holds = false;
  await recovered;
  assert.ok((await gateway.connect({ ...input, rooms: ["banned"] })).granted, "the ban was refused");
  await gateway.stop();
});

Deno.test("what changes while the store takes a snapshot reaches it afterwards, and relies on nothing before", async () => {
  const store = new TestStore();
  const taking = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const recovered = Promise.withResolvers<void>();
  const gateway = await Gateway.open(SETTINGS, {
    openStore: async (options) => ({
      ...await store.open(options),
      replace: () => {
        taking.resolve();
        return taken.promise;
      },
    }),
    waitForReports: false,
    observers: observing({ storeRecovered: () => recovered.resolve() }),
  });
  await report(gateway);
  store.fail();
  await taking.promise;
  const before = store.written.length;
  await hear(gateway, "since");
  assert.equal(await ban(gateway), "not-durable", "a call is refused until the store has everything");
  assert.equal(store.written.length, before);
  taken.resolve();
  await recovered.promise;
  const since = store.written.slice(before).map(({ type }) => type);
  assert.ok(since.includes("group-placed") && since.includes("room-opened"), since.join());
  assert.equal(await ban(gateway), "accepted");
  await gateway.stop();
});

Deno.test("while the store is away nothing is written to it, and calls leave nothing; then it gets everything at once", async () => {
  const store = new TestStore();
  let failures = 0;
  const { gateway, recovered } = await gatewayOn(store, {}, { storeFailed: () => void failures++ });
  store.fail();
  store.fail();
  const before = store.written.length;
  assert.equal(await ban(gateway), "not-durable");
  assert.deepEqual(await gateway.connect(input), { granted: false, reason: "not-durable" });
  await hear(gateway, "listed");
  assert.equal(store.written.length, before);
  assert.equal(store.commits.length, 0);
  await recovered;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(failures, 1, "told once");
  assert.deepEqual(store.snapshots.map(({ rooms }) => [...rooms].map(({ name }) => name)), [["listed"]]);
  assert.deepEqual([...store.snapshots[0]!.bans], []);
  const known = await gateway.connect({ ...input, rooms: ["listed"] });
  assert.ok(known.granted);
  assert.equal(store.commits.length, 0, "the place of a known room is durable");
  await hear(gateway, "listed", "another");
  assert.ok(store.written.length > before, "what comes later is written again");
  await gateway.stop();
});

Deno.test("a store that refuses a snapshot is tried again until it takes one", async () => {
  const store = new TestStore();
  store.refusals = 1;
  const { gateway, recovered } = await gatewayOn(store);
  await gateway.plan(address("a"), { draining: true });
  store.fail();
  await recovered;
  assert.equal(store.snapshots.length, 1);
  const [server] = store.snapshots[0]!.servers;
  assert.deepEqual(server!.draining, { deadline: undefined }, "what operators want is in it");
  assert.equal(await ban(gateway), "accepted");
  await gateway.stop();
});

Deno.test("a call that the store does not refuse goes on when others fail", async () => {
  const store = new TestStore();
  const { gateway, recovered } = await gatewayOn(store);
  store.holds = true;
  const syncing = ban(gateway);
  const waiting = gateway.plan(address("a"), { weight: 0 });
  await new Promise((resolve) => setTimeout(resolve));
  store.fail(store.waiting.splice(1));
  store.release();
  assert.deepEqual(await Promise.all([syncing, waiting]), ["accepted", "not-durable"]);
  store.holds = false;
  await recovered;
  assert.equal((await gateway.connect({ ...input, rooms: ["banned"] })).granted, false);
  await gateway.stop();
});

Deno.test("nobody is let in by the lift of a ban before it is durable", async () => {
  for (const durable of [true, false]) {
    const store = new TestStore();
    const { gateway } = await gatewayOn(store);
    await ban(gateway);
    store.holds = true;
    const lift = gateway.manage({
      task: { task: "RoomClose", id: ["acme", "banned"], ban_time: { secs: 0, nanos: 0 } },
      banTime: 0,
    });
    store.holds = false;
    const connect = gateway.connect({ ...input, rooms: ["banned"] });
    const elsewhere = await gateway.connect({ ...input, rooms: ["another"] });
    assert.ok(elsewhere.granted, "other rooms wait for nothing");
    if (durable) store.release();
    else store.fail();
    assert.equal(await lift, durable ? "accepted" : "not-durable");
    const outcome = await connect;
    assert.equal(outcome.granted, durable);
    if (!outcome.granted) assert.equal(outcome.reason, "banned");
    await gateway.stop();
  }
});

Deno.test("a task whose call may still be refused is not handed over", async () => {
  const update: Task = { task: "RoomUpdate", id: ["acme", "r"], user_data: [1] };
  for (const durable of [true, false]) {
    const store = new TestStore();
    const { gateway } = await gatewayOn(store);
    await hear(gateway, "r");
    store.holds = true;
    const call = gateway.manage({ task: update });
    const answer = hear(gateway, "r");
    await new Promise((resolve) => setImmediate(resolve)); // the answer waits for the call
    if (durable) store.release();
    else store.fail();
    assert.equal(await call, durable ? "accepted" : "not-durable");
    const outcome = await answer;
    assert.ok(outcome.accepted);
    assert.deepEqual(outcome.tasks, durable ? [update] : []);
    await gateway.stop();
  }
});

Deno.test("the reports of a server are taken in one after the other, however long one is", async () => {
  const { gateway } = await gatewayOn(new TestStore());
  const names = Array.from({ length: 30_000 }, (_, i) => `r${i}`);
  await Promise.all([hear(gateway, ...names), hear(gateway, "last")]);
  const { rooms } = await gateway.info();
  assert.deepEqual(rooms.map(({ id }) => id[1]), ["last"]);
  await gateway.stop();
});

Deno.test("with an empty store, rooms that are not known wait for the servers: as many as expected, or for a while", async () => {
  for (const expectedServers of [2, 3]) {
    const clock = { now: 0 };
    const { gateway } = await gatewayOn(new TestStore(), {
      waitForReports: true,
      expectedServers,
      now: () => clock.now,
    });
    assert.deepEqual(await gateway.connect(input), { granted: false, reason: "learning" });
    await report(gateway, "b");
    assert.equal((await gateway.connect(input)).granted, expectedServers === 2);
    clock.now = SETTINGS.disableTimeout;
    assert.ok((await gateway.connect(input)).granted);
    await gateway.stop();
  }
});

Deno.test("with servers in its store, a gateway that starts waits for none of them", async () => {
  using folder = new TemporaryFolder();
  const open = () =>
    Gateway.open(SETTINGS, {
      openStore: (options) => SqliteStore.open(folder.path, options),
      waitForReports: true,
    });
  const before = await open();
  await report(before);
  await before.stop();
  const after = await open();
  assert.ok((await after.connect(input)).granted);
  await after.stop();
});

Deno.test("servers that report while nobody reads the sockets are not silent", async () => {
  const gateway = await Gateway.open({ ...SETTINGS, disableTimeout: 400 }, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
    hears: () => false,
  });
  await report(gateway);
  gateway.start();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.deepEqual((await gateway.info()).servers.map(({ disabled }) => disabled), [false]);
  await gateway.stop();
});

Deno.test("what is shown of plans and placements is in unix time", async () => {
  const clock = { now: 1000, unix: 1_700_000_000_000 };
  const { gateway } = await gatewayOn(new TestStore(), {
    now: () => clock.now,
    unixTime: () => clock.unix,
  });
  await gateway.connect(input);
  const placed = clock.unix;
  const deadline = clock.unix + 60_000;
  const a = address("a");
  assert.deepEqual(await gateway.plan(a, { draining: true, within: 60_000 }), {
    before: { weight: 1, draining: undefined },
    after: { weight: 1, draining: { deadline } },
  });
  clock.now += 20_000;
  clock.unix += 20_000;
  assert.equal((await gateway.info()).servers[0]!.draining?.deadline, deadline);
  assert.equal((await gateway.explain(["acme", "r"]))?.explanation?.at, placed);
  assert.deepEqual(await gateway.plan(a, { weight: 0.5 }), {
    before: { weight: 1, draining: { deadline } },
    after: { weight: 0.5, draining: { deadline } },
  });
  assert.deepEqual(await gateway.plan(a, { draining: false }), {
    before: { weight: 0.5, draining: { deadline } },
    after: { weight: 0.5, draining: undefined },
  });
  await gateway.stop();
});

Deno.test("a call whose fsync runs when the store fails is refused, and leaves nothing", async () => {
  using folder = new TemporaryFolder();
  const { syncData } = Deno.FsFile.prototype;
  const syncing = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  Deno.FsFile.prototype.syncData = async function () {
    syncing.resolve();
    await goOn.promise;
    return syncData.call(this);
  };
  try {
    const failed = Promise.withResolvers<void>();
    const gateway = await Gateway.open(SETTINGS, {
      openStore: (options) => SqliteStore.open(folder.path, options),
      waitForReports: false,
      observers: observing({ storeFailed: () => failed.resolve() }),
    });
    await report(gateway);
    const banned = ban(gateway);
    await syncing.promise;
    Deno.removeSync(`${folder.path}/gateway.db`);
    await failed.promise;
    goOn.resolve();
    assert.equal(await banned, "not-durable");
    const granted = await gateway.connect({ ...input, rooms: ["banned"] });
    assert.ok(granted.granted || granted.reason === "not-durable", "the ban that was refused is in force");
    await gateway.stop();
  } finally {
    Deno.FsFile.prototype.syncData = syncData;
  }
});

Deno.test("after a start without data, rooms wait for reports that are still coming, and for all servers that are expected", async () => {
  const clock = { now: 0 };
  const open = (expectedServers?: number) =>
    Gateway.open(SETTINGS, {
      openStore: () => Promise.resolve(NO_STORE),
      waitForReports: true,
      expectedServers,
      now: () => clock.now,
    });
  const reportOf = (gateway: Gateway, name: string, rooms = 0) =>
    gateway.report({
      address: address(name),
      pool: "default",
      version: "1",
      load: 0,
      clients: rooms,
      rooms: Array.from(
        { length: rooms },
        (_, i) => ({ id: ["acme", `of ${name} ${i}`] as const, customer: "acme", peers: 1 }),
      ),
    }, true);
  const learns = async (gateway: Gateway, room: string) => {
    const outcome = await gateway.connect({ ...input, rooms: [room] });
    return !outcome.granted && outcome.reason === "learning";
  };
  const gateway = await open();
  await reportOf(gateway, "a");
  const arrival = gateway.reportComes(); // a large body, which takes its time
  clock.now = SETTINGS.disableTimeout + 5000;
  await reportOf(gateway, "a");
  assert.ok(await learns(gateway, "new"));
  await reportOf(gateway, "b", 3);
  gateway.reportCame(arrival);
  clock.now += 10;
  assert.ok(!await learns(gateway, "new"));
  await gateway.stop();

  clock.now = 0;
  const expecting = await open(2);
  const large = reportOf(expecting, "large", 50_000);
  await reportOf(expecting, "small");
  assert.ok(await learns(expecting, "of large 49999"), "its report is not taken in yet");
  await large;
  const outcome = await expecting.connect({ ...input, rooms: ["of large 49999"] });
  assert.ok(outcome.granted && outcome.server === address("large"));
  assert.ok(!await learns(expecting, "new"));
  await expecting.stop();
});

Deno.test("a plan has no effect before it is durable, and two at once keep what the other wants", async () => {
  const store = new TestStore();
  const { gateway } = await gatewayOn(store);
  store.holds = true;
  const plans = [
    gateway.plan(address("a"), { draining: true, within: 0 }),
    gateway.plan(address("a"), { weight: 0.5 }),
  ];
  const shown = async () => (await gateway.info()).servers[0]!;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal((await shown()).draining, undefined);
  while (store.waiting.length > 0) {
    store.release();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await Promise.all(plans);
  const { draining, weight } = await shown();
  assert.ok(draining !== undefined && weight === 0.5);
  await gateway.stop();
});

Deno.test("a deadline for draining counts from its call, not from when calls before it are durable", async () => {
  const clock = { now: 0 };
  const store = new TestStore();
  const { gateway } = await gatewayOn(store, { now: () => clock.now, unixTime: () => clock.now });
  store.holds = true;
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const before = gateway.plan(address("a"), { weight: 0.5 });
  const draining = gateway.plan(address("a"), { draining: true, within: 60_000 });
  await turn();
  clock.now = 5000;
  store.release();
  await turn();
  store.release();
  const [, planned] = await Promise.all([before, draining]);
  assert.ok(typeof planned === "object");
  assert.equal(planned.after.draining?.deadline, 60_000);
  await gateway.stop();
});

for (const set of [HOUR, -HOUR]) {
  Deno.test(`a wall clock that is set by ${set / HOUR} h while the gateway runs ends no ban at the next start`, async () => {
    using folder = new TemporaryFolder();
    const clock = { now: 0, unix: 1_700_000_000_000 };
    const gateway = await gatewayWithClocks(folder.path, clock);
    await report(gateway);
    assert.equal(await ban(gateway), "accepted");
    gateway.start();
    clock.unix += set;
    await new Promise((resolve) => setTimeout(resolve, 600)); // a tick or two
    await gateway.stop();
    clock.unix += HOUR / 4;
    const again = await gatewayWithClocks(folder.path, { now: 0, unix: clock.unix });
    const refused = await again.connect({ ...input, rooms: ["banned"] });
    assert.ok(!refused.granted && refused.reason === "banned");
    await again.stop();
    const later = await gatewayWithClocks(folder.path, { now: 0, unix: clock.unix + HOUR / 4 });
    const outcome = await later.connect({ ...input, rooms: ["banned"] });
    assert.ok(outcome.granted || outcome.reason !== "banned");
    await later.stop();
  });
}

Deno.test("what a start takes is no server's silence", async () => {
  using folder = new TemporaryFolder();
  const clock = { now: 0, unix: 1_700_000_000_000 };
  const before = await gatewayWithClocks(folder.path, clock);
  await report(before);
  assert.ok((await before.connect(input)).granted);
  await before.stop();
  const gateway = await gatewayWithClocks(folder.path, clock);
  clock.now += 20_000; // customers are read, the listener begins
  gateway.start();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { servers: [server] } = await gateway.info();
  assert.equal(server!.disabled, false);
  await gateway.stop();
});

Deno.test("a start from a backup can wait for the servers as one without data does", async () => {
  using folder = new TemporaryFolder();
  const clock = { now: 0, unix: 1_700_000_000_000 };
  const before = await gatewayWithClocks(folder.path, clock);
  await report(before);
  await before.stop();
  const gateway = await Gateway.open(SETTINGS, {
    openStore: (options) => SqliteStore.open(folder.path, options),
    waitForReports: "always",
    now: () => clock.now,
  });
  const outcome = await gateway.connect(input);
  assert.ok(!outcome.granted && outcome.reason === "learning");
  clock.now += SETTINGS.disableTimeout;
  await report(gateway);
  assert.ok((await gateway.connect(input)).granted);
  await gateway.stop();
});

Deno.test("a shorter lifetime of tokens forgets no place while a longer token for it may be out", async () => {
  const later: { wait: number; act: () => void }[] = [];
  let now = 0;
  const gateway = await Gateway.open({ ...SETTINGS, tokenLifetime: 300_000 }, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
    now: () => now,
    unixTime: () => now,
    timers: {
      after(wait, act) {
        const timer = { wait, act };
        later.push(timer);
        return () => void later.splice(later.indexOf(timer), 1);
      },
      every: () => () => {},
    },
  });
  const lifetime = () => gateway.inspect(({ settings }) => settings.tokenLifetime);
  gateway.configure({ ...SETTINGS, tokenLifetime: 60_000 }, false);
  assert.equal(lifetime(), 300_000);
  gateway.configure({ ...SETTINGS, tokenLifetime: 90_000 }, false);
  assert.deepEqual(later.map(({ wait }) => wait), [300_000], "the first change is called off");
  now = 300_000;
  later[0]!.act();
  assert.equal(lifetime(), 90_000);
  gateway.configure({ ...SETTINGS, tokenLifetime: 600_000 }, false);
  assert.equal(lifetime(), 600_000, "a longer one holds at once");
  await gateway.stop();
});

Deno.test("a server is forgotten once that is durable, and not at all where it is not; its next report waits", async () => {
  const store = new TestStore();
  let now = 0;
  const ticks: (() => void)[] = [];
  const timers = {
    after: () => () => {},
    every: (_interval: number, act: () => void) => {
      ticks.push(act);
      return () => {};
    },
  };
  const { gateway } = await gatewayOn(store, { now: () => now, timers });
  gateway.start();
  await hear(gateway, "r");
  assert.equal(await gateway.forget(address("a")), "not-silent");
  for (let i = 0; i < 40; i++) {
    now += 250;
    ticks.forEach((tick) => tick());
  }
  const shown = async () => {
    const { servers, rooms } = await gateway.info();
    return [servers.map(({ disabled }) => disabled), rooms.length];
  };
  store.holds = true;
  const refused = gateway.forget(address("a"));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(await shown(), [[true], 1], "nothing has an effect before it is durable");
  const rejected = store.waiting.splice(0);
  rejected.forEach(({ reject }) => reject(new StoreError("no")));
  assert.equal(await refused, "not-durable");
  assert.deepEqual(await shown(), [[true], 1]);

  const forgetting = gateway.forget(address("a"));
  const reporting = hear(gateway, "r");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(await shown(), [[true], 1], "the report waits");
  store.release();
  assert.equal(await forgetting, "forgotten");
  await reporting;
  assert.deepEqual(await shown(), [[false], 1], "the server has appeared anew");
  const told = store.written.map(({ type }) => type);
  assert.ok(told.lastIndexOf("server-removed") < told.lastIndexOf("server-appeared"), told.join());
  assert.equal(await gateway.forget(address("b")), "no-server");
  await gateway.stop();
});

Deno.test("a store that was given up is taken back with everything in it, and what became of answers meanwhile", async () => {
  using folder = new TemporaryFolder();
  const open = () =>
    Gateway.open(SETTINGS, {
      openStore: (options) => SqliteStore.open(folder.path, options),
      waitForReports: false,
    });
  const gateway = await open();
  await report(gateway);
  await gateway.connect(input);
  const close = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 9, nanos: 0 } } as const;
  assert.equal(await gateway.manage({ task: close, banTime: HOUR }), "accepted");
  const { delivery } = await report(gateway) as { delivery: { server: Address; id: number } };
  await gateway.release();
  gateway.delivered(delivery, "read");
  {
    const other = await open();
    assert.equal(other.inspect(({ bans }) => bans.size), 1);
    await other.manage({
      task: { task: "RoomClose", id: ["acme", "theirs"], ban_time: { secs: 9, nanos: 0 } },
      banTime: HOUR,
    });
    await other.stop();
  }
  await gateway.resume();
  assert.equal(
    gateway.inspect(({ servers }) => servers.get(address("a"))!.tasks.size),
    0,
    "its server has read it",
  );
  assert.equal(await ban(gateway), "accepted");
  await gateway.stop();
  const after = await open();
  assert.equal(after.inspect(({ bans }) => bans.size), 2, "what the other one did counts for nothing");
  await after.stop();
});
