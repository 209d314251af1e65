import assert from "node:assert/strict";
import {
  type Address,
  type ConnectInput,
  defaultFleetSettings,
  type FleetOverrides,
  type Milliseconds,
  type Model,
  type Report,
  type StoredServer,
  type Task,
} from "../fleet/mod.ts";
import { address, checkConsistency } from "../fleet/testing.ts";
import type { Place } from "../lists/pages.ts";
import { SharedLog } from "../store/memory/shared_log.ts";
import { NO_STORE } from "../store/no_store.ts";
import { MemoryStore } from "../store/memory/store.ts";
import { Clock } from "../../sim/faults/clock.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";

/** The scenarios H1 to H15: several gateways over one store, on simulated time. What one does the others hear 20 ms later. */

const LAG = 20;
const INTERVAL = 5000;
const [A, B] = [address("a"), address("b")];
const UNLIMITED = { maxPeers: Infinity, maxRooms: Infinity };

/** Gateways that share a log in memory, and time that passes when the test lets it. */
class Cluster {
  readonly clock = new Clock();
  readonly log = new SharedLog(() => Math.floor(this.clock.now));
  readonly gateways: Gateway[] = [];
  /** Gateways that cannot reach the store, nor hear of others. */
  readonly away = new Set<number>();
  /** Gateways that hear of others later than {@link LAG}. */
  readonly lags = new Map<number, Milliseconds>();
  /** Gateways that do not run, with what is to happen once they do. */
  readonly #paused = new Map<number, Record<"timers" | "messages", (() => void)[]>>();

  static async of(count: number, settings: FleetOverrides = {}): Promise<Cluster> {
    const cluster = new Cluster();
    for (let i = 0; i < count; i++) await cluster.open(settings);
    for (const gateway of cluster.gateways) gateway.start();
    return cluster;
  }

  /** Opens a gateway more, which then is to be started. */
  async open(settings: FleetOverrides = {}, start: Partial<GatewayOptions> = {}): Promise<Gateway> {
    const i = this.gateways.length;
    const gateway = await Gateway.open(defaultFleetSettings(settings), {
      openStore: (options) =>
        Promise.resolve(
          new MemoryStore(this.log, options, {
            isAway: () => this.away.has(i),
            lag: () => this.away.has(i) ? Infinity : this.lags.get(i) ?? LAG,
            after: (wait, act) => this.clock.after(wait, this.#whenRunning(i, "messages", act)),
            handOverFor: INTERVAL,
          }),
        ),
      waitForReports: false,
      now: () => Math.floor(this.clock.now),
      unixTime: () => Math.floor(this.clock.now),
      timers: {
        after: (wait, act) => this.clock.after(wait, this.#whenRunning(i, "timers", act)),
        every: (interval, act) => this.clock.every(interval, this.#whenRunning(i, "timers", act)),
        work: () => ({ due: false, letOthersPass: () => Promise.resolve() }), // the real clock counts for nothing
      },
      random: () => 0.5,
      ...start,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  /** From now on it does not run. */
  pause(gateway: number): void {
    this.#paused.set(gateway, { timers: [], messages: [] });
  }

  /** It runs again: timers come before what has arrived, as in the event loop. */
  resume(gateway: number): void {
    const { timers = [], messages = [] } = this.#paused.get(gateway) ?? {};
    this.#paused.delete(gateway);
    for (const act of [...timers, ...messages]) act();
  }

  #whenRunning(gateway: number, which: "timers" | "messages", act: () => void): () => void {
    return () => {
      const paused = this.#paused.get(gateway);
      if (paused === undefined) act();
      else paused[which].push(act);
    };
  }

  async pass(span: Milliseconds): Promise<void> {
    await this.clock.run(this.clock.now + span, () => {});
  }

  /** What a call answers, once as much time has passed as it takes. */
  async settle<Result>(call: Promise<Result>): Promise<Result> {
    let isOver = false;
    call.then(() => isOver = true, () => isOver = true);
    for (let step = 0; step < 1000 && !isOver; step++) await this.pass(10);
    return await call;
  }

  async hear(
    gateway: number,
    server: Address,
    rooms: Record<string, number> = {},
    more: Partial<Report> = {},
  ) {
    const clients = Object.values(rooms).reduce((sum, peers) => sum + peers, 0);
    const report = {
      ...{ address: server, pool: "default", version: "1", load: clients / 1000, clients },
      rooms: Object.entries(rooms).map(([name, peers]) => ({
        id: ["acme", name] as const,
        customer: "acme",
        peers,
      })),
      ...more,
    };
    const outcome = await this.settle(this.gateways[gateway]!.report(report, true));
    assert.ok(outcome.accepted);
    return outcome;
  }

  /** Reports in which servers go on as they are, each at one gateway, for so long. */
  async live(span: Milliseconds, servers: Record<string, Record<string, number>>): Promise<void> {
    for (let passed = 0; passed < span; passed += INTERVAL) {
      for (const [name, rooms] of Object.entries(servers)) await this.hear(0, address(name), rooms);
      await this.pass(INTERVAL - 100);
    }
  }

  ask(gateway: number, room: string, user: string, more: Partial<ConnectInput> = {}) {
    return this.gateways[gateway]!.connect({
      ...{ customer: "acme", licence: UNLIMITED, namespace: "acme", rooms: [room], user, pool: "default" },
      ...more,
    });
  }

  async place(gateway: number, room: string, user: string): Promise<Address> {
    const outcome = await this.settle(this.ask(gateway, room, user));
    assert.ok(outcome.granted, JSON.stringify(outcome));
    return outcome.server;
  }

  holderOf(gateway: number, group: string): Address | undefined {
    return this.inspect(gateway, (model) => model.groups.get("acme", group)?.server.address);
  }

  inspect<Result>(gateway: number, look: (model: Model) => Result): Result {
    return this.gateways[gateway]!.inspect(look);
  }

  [Symbol.dispose](): void {
    for (const [i] of this.gateways.entries()) this.inspect(i, checkConsistency);
  }
}

const update = (byte: number): Task => ({ task: "RoomUpdate", id: ["acme", "r"], user_data: [byte] });
const message = (byte: number): Task => ({
  task: "RoomSendMessage",
  ...{ id: ["acme", "r"] as const, message: [byte], user_id: "u" },
});
const close = (secs: number): Task => ({
  task: "RoomClose",
  id: ["acme", "r"],
  ban_time: { secs, nanos: 0 },
});

Deno.test("gateways that start on an empty store wait for servers as long as the first of them, and for as many", async () => {
  for (const expectedServers of [undefined, 2]) {
    using cluster = new Cluster();
    const open = async () => {
      const gateway = await cluster.open({}, { waitForReports: true, expectedServers });
      gateway.start();
      return cluster.gateways.length - 1;
    };
    await open();
    await cluster.hear(0, A, { known: 1 });
    await cluster.pass(2000);
    await open();
    const outcomes = async (user: string) => {
      const asked = [0, 1].map((gateway) => cluster.settle(cluster.ask(gateway, `new-${user}`, user)));
      return (await Promise.all(asked)).map((outcome) => outcome.granted || outcome.reason);
    };
    assert.deepEqual(await outcomes("u"), ["learning", "learning"]);
    assert.equal(await cluster.place(1, "known", "u"), A, "what is known is served");
    if (expectedServers === undefined) {
      await cluster.hear(0, A, { known: 1 });
      await cluster.pass(4500);
      assert.deepEqual(await outcomes("v"), ["learning", "learning"]);
      await cluster.pass(1000);
    } else {
      await cluster.hear(1, B);
      await cluster.pass(100);
    }
    assert.deepEqual(await outcomes("w"), [true, true]);
    await open();
    assert.ok(await cluster.place(2, "newer", "u"), "a later one waits for nobody");
  }
});

Deno.test("H1: tasks queued at two gateways at once are all delivered, in one order, whoever is asked", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  const queued = [0, 1, 0, 1].map((gateway, i) => cluster.gateways[gateway]!.manage({ task: update(i) }));
  assert.deepEqual(await cluster.settle(Promise.all(queued)), new Array(4).fill("accepted"));
  await cluster.pass(100);
  const orders = [0, 1].map((gateway) =>
    cluster.inspect(gateway, (model) => Array.from(model.servers.get(A)!.tasks, ({ json }) => json))
  );
  assert.equal(orders[0]!.length, 4);
  assert.deepEqual(orders[0], orders[1]);
  const { tasks } = await cluster.hear(1, A, { r: 1 });
  assert.deepEqual(tasks, orders[0]!.map((json) => JSON.parse(json)));
});

Deno.test("H2: a room that somebody was let into elsewhere keeps its place, though one gateway gives it up", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.hear(0, B);
  await cluster.pass(300_000);
  await cluster.hear(0, A, { r: 1 });
  await cluster.hear(0, B);
  await cluster.pass(100);
  const granted = cluster.ask(1, "r", "u1");
  await cluster.hear(0, A); // it has not been told of the grant
  assert.ok((await granted).granted);
  await cluster.live(10_000, { a: {}, b: {} });
  assert.equal(await cluster.place(0, "r", "u2"), A);
  assert.equal(cluster.holderOf(1, "r"), A);
});

Deno.test("a room that nobody is on the way to loses its place, at all gateways", async () => {
  using cluster = await Cluster.of(3);
  await cluster.place(1, "r", "u").catch(() => {});
  await cluster.hear(0, A, { r: 1 });
  await cluster.live(305_000, { a: {} });
  for (const gateway of [0, 1, 2]) assert.equal(cluster.holderOf(gateway, "r"), undefined);
  assert.deepEqual([...cluster.log.tables.snapshot().placements], []);
});

Deno.test("H3: a licence holds over all gateways, exactly", async () => {
  using cluster = await Cluster.of(3);
  for (const gateway of [0, 1, 2]) await cluster.hear(gateway, address(`s${gateway}`));
  await cluster.pass(100);
  const licence = { maxPeers: 10, maxRooms: 3 };
  const asked = Array.from(
    { length: 60 },
    (_, i) => cluster.ask(i % 3, `r${i % 3}`, `u${i}`, { licence }),
  );
  const outcomes = await cluster.settle(Promise.all(asked));
  assert.equal(outcomes.filter(({ granted }) => granted).length, 10);
  await cluster.pass(2000);
  const rooms = await cluster.settle(
    Promise.all(
      Array.from({ length: 9 }, (_, i) =>
        cluster.ask(i % 3, `room-${i}`, "u", {
          customer: "other",
          licence: { maxPeers: 100, maxRooms: 4 },
        })),
    ),
  );
  assert.equal(rooms.filter(({ granted }) => granted).length, 4);
});

Deno.test("while the store is away, nobody is told of a limit that may not be reached", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(5000); // until it is known how many gateways there are
  cluster.away.add(0).add(1);
  const licence = { maxPeers: 6, maxRooms: 3 };
  const outcomes: unknown[] = [];
  for (let user = 0; user < 8; user++) {
    const outcome = await cluster.settle(cluster.ask(user % 2, "r", `u${user}`, { licence }));
    outcomes.push(outcome.granted || outcome.reason);
  }
  const [let_in, refused] = [
    outcomes.filter((each) => each === true),
    outcomes.filter((each) => each !== true),
  ];
  assert.equal(let_in.length, 4, "each gateway has half of the five that are left");
  assert.deepEqual(new Set(refused), new Set(["not-durable"]));
  await cluster.hear(0, A, { r: 2 }); // what comes free, the other may have let in
  const again = await cluster.settle(cluster.ask(0, "r", "u8", { licence }));
  assert.deepEqual(again, { granted: false, reason: "not-durable" });
  cluster.away.clear();
  await cluster.live(20_000, { a: { r: 2 } }); // until those have come who were let in meanwhile, or are given up
  const last = await cluster.settle(cluster.ask(0, "r", "u9", { licence }));
  assert.ok(last.granted);
});

Deno.test("what gateways let in while the store was away counts once it is back, also when it is away again at once", async () => {
  using cluster = await Cluster.of(3);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(6000); // they have counted each other
  const licence = { maxPeers: 31, maxRooms: Infinity };
  let asked = 0;
  const letIn = async () => {
    const calls = Array.from({ length: 60 }, (_, i) => cluster.ask(i % 3, "r", `u${asked++}`, { licence }));
    const outcomes = await cluster.settle(Promise.all(calls));
    return outcomes.filter(({ granted }) => granted).length;
  };
  for (const outage of [1, 2]) {
    for (const gateway of [0, 1, 2]) cluster.away.add(gateway);
    await cluster.pass(1500);
    const count = await letIn();
    if (outage === 1) assert.ok(count > 20 && count <= 30, `${count}`);
    else assert.equal(count, 0);
    cluster.away.delete(0);
    await cluster.pass(1000);
    const first = await cluster.settle(cluster.ask(0, "r", `u${asked++}`, { licence }));
    assert.equal(first.granted, false, "the others have not told yet whom they let in");
    cluster.away.clear();
    await cluster.pass(1000);
    assert.equal(await letIn(), 0);
  }
  await cluster.live(310_000, { a: { r: 11 } }); // the others did not come while their tokens were valid
  assert.equal(await letIn(), 20, "those who did not come leave their places to others");
});

for (const isUsed of [true, false]) {
  const what = isUsed ? "gateways whose shares are in use" : "a gateway that has just started";
  Deno.test(`${what} and the others exceed no licence when the store goes away`, async () => {
    using cluster = await Cluster.of(isUsed ? 3 : 2);
    await cluster.live(10_000, { a: { r: 1 } });
    const licence = { maxPeers: 601, maxRooms: Infinity };
    let asked = 0;
    const letIn = async (gateways: number, users: number) => {
      const calls = Array.from(
        { length: users },
        (_, i) => cluster.ask(i % gateways, "r", `u${asked++}`, { licence }),
      );
      return (await cluster.settle(Promise.all(calls))).filter(({ granted }) => granted).length;
    };
    let count = await letIn(isUsed ? 3 : 2, 12);
    await cluster.pass(1000);
    if (!isUsed) {
      (await cluster.open()).start();
      await cluster.pass(500);
    }
    for (const gateway of [0, 1, 2]) cluster.away.add(gateway);
    await cluster.pass(2000);
    count += await letIn(3, 900);
    assert.ok(count > 300 && count <= 600, `${count}`);
    cluster.away.clear();
    await cluster.pass(2000);
    assert.ok(count + await letIn(3, 900) <= 600);
  });
}

Deno.test("a gateway that starts before those are back that were cut off exceeds no licence", async () => {
  using cluster = await Cluster.of(3);
  await cluster.live(10_000, { a: { r: 1 } });
  const licence = { maxPeers: 31, maxRooms: Infinity };
  let asked = 0;
  const letIn = async (...gateways: readonly number[]) => {
    const calls = Array.from(
      { length: 60 },
      (_, i) => cluster.ask(gateways[i % gateways.length]!, "r", `u${asked++}`, { licence }),
    );
    return (await cluster.settle(Promise.all(calls))).filter(({ granted }) => granted).length;
  };
  for (const gateway of [0, 1, 2]) cluster.away.add(gateway);
  await cluster.pass(3000);
  let count = await letIn(0, 1);
  assert.equal(count, 20);
  (await cluster.open()).start();
  await cluster.pass(100);
  count += await letIn(3);
  cluster.away.clear();
  await cluster.pass(3000);
  count += await letIn(3);
  assert.ok(count > 20 && count <= 30, `${count}`);
});

Deno.test("whoever has come is in no share any more: of one place that is free not each gateway gives one away", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 0 });
  await cluster.pass(100);
  const licence = { maxPeers: 8, maxRooms: Infinity };
  const ask = (gateway: number, user: string) => cluster.ask(gateway, "r", user, { licence });
  for (let i = 0; i < 8; i++) assert.ok((await cluster.settle(ask(i % 2, `u${i}`))).granted, `client ${i}`);
  await cluster.hear(0, A, { r: 8 });
  await cluster.hear(0, A, { r: 6 }); // with one who is on the way: seven
  await cluster.pass(30); // both know that, and have given nothing back yet
  const outcomes = await cluster.settle(Promise.all([ask(0, "late 0"), ask(1, "late 1")]));
  assert.equal(outcomes.filter(({ granted }) => granted).length, 1);
});

/** Three gateways that know of each other, and what lets in clients of a licence by some of them: how many of so many. */
async function withLicence(maxPeers: number) {
  const cluster = await Cluster.of(3);
  await cluster.live(10_000, { a: { r: 1 } });
  const licence = { maxPeers, maxRooms: Infinity };
  let asked = 0;
  const letIn = async (users: number, ...gateways: readonly number[]) => {
    const calls = Array.from(
      { length: users },
      (_, i) => cluster.ask(gateways[i % gateways.length]!, "r", `u${asked++}`, { licence }),
    );
    return (await cluster.settle(Promise.all(calls))).filter(({ granted }) => granted).length;
  };
  const goAway = () => [0, 1, 2].forEach((gateway) => cluster.away.add(gateway));
  return { cluster, letIn, goAway };
}

for (const after of [3000, 6500, 60_000]) {
  Deno.test(`a customer whose first client comes ${after / 1000} s after the store went away has its part of the licence`, async () => {
    const { cluster: its, letIn, goAway } = await withLicence(31);
    using cluster = its;
    goAway();
    await cluster.pass(after);
    assert.equal(await letIn(60, 0, 1, 2), 30);
    cluster.away.clear();
    await cluster.pass(1000);
    assert.equal(await letIn(9, 0, 1, 2), 0);
  });
}

for (const time of [300, 800, 1500, 4000]) {
  Deno.test(`a gateway that is back alone for ${time / 1000} s counts the others all the same when the store goes away again`, async () => {
    const { cluster: its, letIn, goAway } = await withLicence(61);
    using cluster = its;
    goAway();
    await cluster.pass(3000);
    cluster.away.delete(0);
    await cluster.pass(time);
    goAway();
    await cluster.pass(1500);
    const counts = [await letIn(90, 0), await letIn(90, 1), await letIn(90, 2)];
    for (const count of counts) assert.ok(count > 0 && count <= 20, `${counts}`);
    cluster.away.clear();
    await cluster.pass(1000);
  });
}

Deno.test("what is left of parts of a licence goes back once all have been heard that were let in by them", async () => {
  const { cluster: its, letIn, goAway } = await withLicence(301);
  using cluster = its;
  goAway();
  await cluster.pass(1000);
  assert.equal(await letIn(3, 0, 1, 2), 3);
  cluster.away.clear();
  await cluster.live(20_000, { a: { r: 4 } });
  await letIn(3, 0, 1, 2); // it is used all the time
  await cluster.pass(1000);
  assert.equal(await letIn(180, 1), 180);
});

Deno.test("whom others have let in counts at a gateway that starts since, and is not on the way for longer by that", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  for (let user = 0; user < 6; user++) await cluster.place(user % 2, "r", `u${user}`);
  await cluster.pass(10_000);
  (await cluster.open()).start();
  await cluster.pass(100);
  const onTheWay = () =>
    [0, 1, 2].map((gateway) => cluster.inspect(gateway, (model) => model.usage.get("acme")?.granted.peers));
  assert.deepEqual(onTheWay(), [6, 6, 6]);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(5500);
  assert.deepEqual(onTheWay().slice(0, 2), [0, 0]);
});

Deno.test("a gateway that cannot reach the store says so, and not that there is no server: others may know of one", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  await cluster.pass(100);
  const ask = () => cluster.settle(cluster.ask(1, "r", "u", { pool: "other" }));
  assert.deepEqual(await ask(), { granted: false, reason: "no-server" });
  cluster.away.add(1);
  assert.deepEqual(await ask(), { granted: false, reason: "not-durable" });
});

Deno.test("what one gateway has of a licence and does not need another one gets", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  await cluster.pass(100);
  const licence = { maxPeers: 40, maxRooms: Infinity };
  const ask = (gateway: number, user: string) => cluster.settle(cluster.ask(gateway, "r", user, { licence }));
  assert.ok((await ask(0, "first")).granted);
  for (let i = 0; i < 39; i++) assert.ok((await ask(1, `u${i}`)).granted, `client ${i}`);
  assert.equal((await ask(1, "one too many")).granted, false);
  await cluster.hear(1, A, { r: 20 }); // half of them have come, the rest never will
  await cluster.live(320_000, { a: { r: 20 } }); // near the limit they count while their tokens are valid
  for (let i = 0; i < 20; i++) assert.ok((await ask(i % 2, `later ${i}`)).granted, `later client ${i}`);
  assert.equal((await ask(0, "one too many")).granted, false);
});

Deno.test("H4: two plans for a server at once: the later one holds at all gateways", async () => {
  using cluster = await Cluster.of(3);
  await cluster.hear(0, A);
  await cluster.pass(100);
  const plans = [0.2, 0.4, 0.6].map((weight, i) => cluster.gateways[i]!.plan(A, { weight }));
  await cluster.settle(Promise.all(plans));
  await cluster.pass(100);
  const weights = [0, 1, 2].map((i) => cluster.inspect(i, (model) => model.servers.get(A)!.weight));
  assert.equal(new Set(weights).size, 1);
  assert.equal([...cluster.log.tables.snapshot().servers][0]!.weight, weights[0]);
});

Deno.test("a weight at one gateway and a drain at another at once hold both, at all gateways", async () => {
  using cluster = await Cluster.of(3);
  for (const [first, last] of [[0, 1], [1, 0]]) {
    await cluster.hear(0, A);
    await cluster.settle(cluster.gateways[2]!.plan(A, { draining: false }));
    await cluster.settle(cluster.gateways[2]!.plan(A, { weight: 1 }));
    await cluster.pass(100);
    const plans = [
      cluster.gateways[first!]!.plan(A, { weight: 0.2 }),
      cluster.gateways[last!]!.plan(A, { draining: true }),
    ];
    await cluster.settle(Promise.all(first === 0 ? plans : plans.toReversed()));
    await cluster.pass(100);
    for (const i of [0, 1, 2]) {
      const { weight, draining } = cluster.inspect(i, (model) => model.servers.get(A)!);
      assert.deepEqual({ weight, draining }, { weight: 0.2, draining: { deadline: undefined } });
    }
    const [{ weight, draining }] = cluster.log.tables.snapshot().servers as [StoredServer];
    assert.deepEqual({ weight, draining }, { weight: 0.2, draining: { deadline: undefined } });
  }
});

Deno.test("H5: a ban at one gateway and its lift at another at once end the same at both", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  for (let round = 0; round < 5; round++) {
    await cluster.settle(Promise.all([
      cluster.gateways[round % 2]!.manage({ task: close(60), banTime: 60_000 }),
      cluster.gateways[1 - round % 2]!.manage({ task: close(0), banTime: 0 }),
    ]));
    await cluster.pass(100);
    const [one, other] = await cluster.settle(
      Promise.all([0, 1].map((gateway) => cluster.ask(gateway, "r", "u"))),
    );
    assert.equal(one!.granted, other!.granted);
  }
});

Deno.test("a ban holds at the other gateways a moment later, and so does its lift", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: close(60), banTime: 60_000 }));
  await cluster.pass(2 * LAG);
  assert.equal((await cluster.settle(cluster.ask(1, "r", "u"))).granted, false);
  await cluster.settle(cluster.gateways[1]!.manage({ task: close(0), banTime: 0 }));
  await cluster.pass(2 * LAG);
  assert.equal((await cluster.settle(cluster.ask(0, "r", "u"))).granted, true);
});

Deno.test("H6: a task is handed over by one gateway at a time", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: update(1) }));
  await cluster.pass(100);
  const rooms = [{ id: ["acme", "r"] as const, customer: "acme", peers: 1 }];
  const report = { address: A, pool: "default", version: "1", load: 0, clients: 1, rooms };
  const both = cluster.gateways.map((gateway) => gateway.report(report, true));
  const handed = (await cluster.settle(Promise.all(both))).filter((outcome) =>
    outcome.accepted && outcome.tasks.length > 0
  );
  assert.equal(handed.length, 1);
});

Deno.test("a task that got through at one gateway is not handed over by another", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: update(1) }));
  await cluster.pass(100);
  const { tasks, delivery } = await cluster.hear(1, A, { r: 1 });
  assert.deepEqual(tasks, [update(1)]);
  cluster.gateways[1]!.delivered(delivery!, "read");
  await cluster.pass(INTERVAL);
  for (const gateway of [0, 1]) {
    assert.deepEqual((await cluster.hear(gateway, A, { r: 1 })).tasks, []);
    await cluster.pass(INTERVAL);
  }
});

/** A gateway that has just handed over a message, and another one. */
async function withMessageHandedOver() {
  const cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: message(1) }));
  await cluster.pass(100);
  const { tasks, delivery } = await cluster.hear(0, A, { r: 1 });
  assert.equal(tasks.length, 1);
  assert.ok(delivery);
  await cluster.pass(100);
  return { cluster, delivery };
}

Deno.test("a message that a gateway has handed over is not handed over by one that starts since, while that one lives", async () => {
  const { cluster: its } = await withMessageHandedOver();
  using cluster = its;
  (await cluster.open()).start();
  for (let report = 0; report < 3; report++) {
    await cluster.pass(INTERVAL);
    assert.deepEqual((await cluster.hear(2, A, { r: 1 })).tasks, []);
  }
  assert.equal(cluster.inspect(2, (model) => model.servers.get(A)!.tasks.size), 1, "its fate is open");
  await cluster.gateways[0]!.stop();
  for (const [gateway, count] of [[2, 1], [1, 0]] as const) {
    await cluster.pass(INTERVAL);
    const { tasks } = await cluster.hear(gateway, A, { r: 1 });
    assert.equal(tasks.length, count, "with that one its answer broke off");
  }
});

for (const [fate, again] of [["lost", 1], ["read", 0]] as const) {
  Deno.test(`a gateway that could not be told that an answer was ${fate} hands its message over ${again} times`, async () => {
    const { cluster: its, delivery } = await withMessageHandedOver();
    using cluster = its;
    cluster.away.add(1);
    await cluster.pass(3000);
    cluster.gateways[0]!.delivered(delivery, fate);
    await cluster.pass(INTERVAL);
    cluster.away.clear();
    await cluster.pass(1000);
    assert.equal((await cluster.hear(1, A, { r: 1 })).tasks.length, again);
  });
}

Deno.test("a gateway that is back before the one that handed over a message does not hand it over again", async () => {
  const { cluster: its, delivery } = await withMessageHandedOver();
  using cluster = its;
  cluster.away.add(0).add(1);
  await cluster.pass(6000);
  cluster.gateways[0]!.delivered(delivery, "read");
  cluster.away.delete(1);
  await cluster.pass(1000);
  assert.deepEqual((await cluster.hear(1, A, { r: 1 })).tasks, []);
  cluster.away.delete(0);
  await cluster.pass(INTERVAL);
  assert.deepEqual((await cluster.hear(1, A, { r: 1 })).tasks, []);
});

for (const [fate, again] of [["lost", 1], ["read", 0]] as const) {
  Deno.test(`that an answer was ${fate} counts also where its gateway stops while another one hears the next report`, async () => {
    const { cluster: its, delivery } = await withMessageHandedOver();
    using cluster = its;
    await cluster.pass(INTERVAL);
    cluster.lags.set(1, 60);
    const rooms = [{ id: ["acme", "r"] as const, customer: "acme", peers: 1 }];
    const report = { address: A, pool: "default", version: "1", load: 0, clients: 1, rooms };
    const heard = cluster.gateways[1]!.report(report, true);
    await cluster.pass(30);
    cluster.gateways[0]!.delivered(delivery, fate);
    await cluster.gateways[0]!.stop();
    const outcome = await cluster.settle(heard);
    const first = outcome.accepted ? outcome.tasks.length : NaN;
    await cluster.pass(INTERVAL);
    assert.equal(first + (await cluster.hear(1, A, { r: 1 })).tasks.length, again);
  });
}

Deno.test("a gateway that missed a hand-over knows of it once it has loaded anew", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.settle(cluster.gateways[0]!.manage({ task: message(1) }));
  await cluster.pass(100);
  cluster.away.add(1);
  await cluster.pass(3000);
  assert.equal((await cluster.hear(0, A, { r: 1 })).tasks.length, 1);
  cluster.away.clear();
  await cluster.pass(INTERVAL);
  assert.deepEqual((await cluster.hear(1, A, { r: 1 })).tasks, []);
});

Deno.test("an answer that was lost, which a gateway that was cut off can only tell late, does not count", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: update(1) }));
  await cluster.pass(100);
  const lost = await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  cluster.away.add(0);
  await cluster.pass(INTERVAL);
  cluster.gateways[0]!.delivered(lost.delivery!, "lost");
  const unknown = await cluster.hear(1, A, { r: 1 });
  assert.deepEqual(unknown.tasks, [update(1)]);
  cluster.away.clear();
  await cluster.pass(1000);
  cluster.gateways[1]!.delivered(unknown.delivery!, "unknown");
  await cluster.pass(100);
  assert.deepEqual((await cluster.hear(1, A, { r: 1 })).tasks, [update(1)]);
});

Deno.test("answers that have been given up are open in the store no longer", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: update(1) }));
  await cluster.pass(100);
  for (const gateway of [0, 1]) {
    assert.equal((await cluster.hear(gateway, A, { r: 1 })).tasks.length, 1);
    await cluster.pass(INTERVAL);
  }
  assert.equal(cluster.log.tables.handOvers.length, 1);
});

Deno.test("answers to two servers at once end each by itself, so that another gateway may give them tasks at once", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { a: 1 });
  await cluster.hear(0, B, { b: 1 });
  await cluster.pass(100);
  const queue = async (gateway: number, room: string) => {
    const task: Task = { task: "RoomUpdate", id: ["acme", room], user_data: [] };
    assert.equal(await cluster.settle(cluster.gateways[gateway]!.manage({ task })), "accepted");
    await cluster.pass(100);
  };
  for (const room of ["a", "b"]) await queue(0, room);
  const heard = await Promise.all([cluster.hear(0, A, { a: 1 }), cluster.hear(0, B, { b: 1 })]);
  for (const { delivery } of heard) cluster.gateways[0]!.delivered(delivery!, "read");
  await cluster.pass(100);
  for (const [server, room] of [[A, "a"], [B, "b"]] as const) {
    await queue(1, room);
    const { tasks } = await cluster.hear(1, server, { [room]: 1 });
    assert.equal(tasks.length, 1, server);
  }
});

Deno.test("H7: a RoomClose that is not obeyed is told again two reports later, whoever heard them", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: close(0), banTime: 0 }));
  await cluster.pass(100);
  const told: number[] = [];
  for (let report = 0; report < 7; report++) {
    const { tasks, delivery } = await cluster.hear(report % 2, A, { r: 1 });
    if (delivery !== undefined) cluster.gateways[report % 2]!.delivered(delivery, "read");
    if (tasks.length > 0) told.push(report);
    await cluster.pass(INTERVAL);
  }
  assert.deepEqual(told, [0, 2, 4, 6]);
});

Deno.test("H8: what is placed by one gateway counts at the others before any report shows it", async () => {
  using cluster = await Cluster.of(3);
  for (const server of [A, B, address("c")]) await cluster.hear(0, server);
  await cluster.pass(100);
  for (let i = 0; i < 30; i++) {
    await cluster.place(i % 3, `r${i}`, "u");
    await cluster.pass(4 * LAG);
  }
  for (const gateway of [0, 1, 2]) {
    const servers = cluster.inspect(
      gateway,
      (model) => Array.from(model.servers, ({ groups, grants, growth }) => ({ groups, grants, growth })),
    );
    for (const { groups, grants, growth } of servers) {
      assert.deepEqual([groups, grants], [10, 10]);
      assert.ok(growth > 0);
    }
  }
});

Deno.test("H9: clients who have come are not counted as on their way, nor others ended in their place, though reports alternate", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  await cluster.pass(100);
  for (const user of ["u1", "u2", "u3"]) await cluster.place(0, "r", user);
  await cluster.pass(100);
  const onTheWay = () =>
    [0, 1].map((gateway) => cluster.inspect(gateway, (model) => model.servers.get(A)!.grants));
  assert.deepEqual(onTheWay(), [3, 3]);
  await cluster.hear(1, A, { r: 2 });
  await cluster.pass(100);
  assert.deepEqual(onTheWay(), [1, 1]);
  await cluster.hear(0, A, { r: 2 });
  await cluster.pass(100);
  assert.deepEqual(onTheWay(), [1, 1]);
  await cluster.hear(1, A, { r: 3 });
  await cluster.pass(100);
  assert.deepEqual(onTheWay(), [0, 0]);
});

Deno.test("how many are in a room every gateway knows, whoever hears its server, and one that starts a report later", async () => {
  using cluster = await Cluster.of(2);
  const old = (peers: Record<string, number>) => ({
    rooms: Object.entries(peers).map(([name, peers]) => ({
      ...{ id: ["acme", name] as const, customer: "acme", peers, age: { secs: 1e6, nanos: 0 } },
    })),
  });
  const hear = async (gateway: number, peers: Record<string, number>) => {
    await cluster.hear(gateway, A, peers, old(peers));
    await cluster.pass(100);
  };
  const known = () =>
    cluster.gateways.map((gateway) =>
      gateway.inspect(({ groups }) => ["r", "s"].map((name) => groups.room(["acme", name])?.peers))
    );
  await hear(0, { r: 5, s: 3 });
  assert.deepEqual(known(), [[5, 3], [5, 3]]);
  await hear(1, { r: 9, s: 3 });
  assert.deepEqual(known(), [[9, 3], [9, 3]]);
  await hear(0, { r: 9, s: 60 });
  assert.deepEqual(known(), [[9, 60], [9, 60]]);
  (await cluster.open()).start();
  await cluster.pass(100);
  await hear(0, { r: 9, s: 60 });
  assert.deepEqual(known(), [[9, 60], [9, 60], [9, 60]]);
  cluster.away.add(1);
  await cluster.pass(100);
  for (let report = 0; report < 5; report++) {
    await hear(0, { r: 9 + report, s: 60 });
    await cluster.pass(INTERVAL);
  }
  cluster.away.clear();
  await cluster.pass(1000);
  await hear(0, { r: 13, s: 60 });
  assert.deepEqual(known(), [[13, 60], [13, 60], [13, 60]]);
});

Deno.test("a gateway that starts forecasts by what the others have seen", async () => {
  using cluster = await Cluster.of(2);
  for (let peers = 100; peers <= 800; peers += 10) await cluster.live(5000, { a: { r: peers } });
  (await cluster.open()).start();
  const ahead = await Promise.all(cluster.gateways.map(async ({ view }) => {
    const [pool] = await view.forecast();
    return pool!.ahead.at(-1)!.clients;
  }));
  assert.ok(ahead[0]! > 900, `${ahead}`);
  assert.ok(Math.abs(ahead[2]! - ahead[0]!) < 0.05 * ahead[0]!, `${ahead}`);
});

Deno.test("H10: a room that another customer has now counts for that one at all gateways", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 3 });
  await cluster.pass(100);
  const room = { id: ["acme", "r"] as const, customer: "other", peers: 4 };
  await cluster.hear(0, A, {}, { clients: 4, rooms: [room] });
  await cluster.pass(100);
  for (const gateway of [0, 1]) {
    cluster.inspect(gateway, ({ usage }) => {
      assert.equal(usage.get("acme")?.reported.peers ?? 0, 0);
      assert.deepEqual(usage.get("other")?.reported, { peers: 4, rooms: 1 });
    });
  }
});

Deno.test("H11: a draining server is not empty while another gateway has sent somebody there", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  const granted = cluster.ask(1, "r", "u2");
  await cluster.settle(cluster.gateways[0]!.plan(A, { draining: true }));
  assert.ok((await granted).granted);
  await cluster.hear(0, A);
  const isDrained = () => cluster.inspect(0, (model) => model.servers.get(A)!.drained);
  assert.equal(isDrained(), false);
  await cluster.pass(INTERVAL);
  await cluster.hear(0, A, { r: 1 });
  assert.equal(isDrained(), false);
});

Deno.test("H13: a group that one gateway releases while another opens a room of it is on one server", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { "{g}-1": 1 });
  await cluster.hear(0, B);
  await cluster.live(305_000, { a: { "{g}-1": 1 }, b: {} });
  await cluster.hear(0, A); // it is over, and about to be released
  const other = cluster.ask(1, "{g}-2", "u");
  const outcome = await cluster.settle(other);
  await cluster.live(10_000, { a: {}, b: {} });
  assert.ok(outcome.granted);
  assert.equal(await cluster.place(0, "{g}-3", "v"), outcome.server);
});

Deno.test("H14: a server is silent only where no gateway has heard it, and once it is, all of them know", async () => {
  using cluster = await Cluster.of(2);
  for (let report = 0; report < 6; report++) {
    await cluster.hear(report % 2, A, { r: 1 });
    await cluster.pass(INTERVAL);
    for (const gateway of [0, 1]) {
      assert.ok(cluster.inspect(gateway, (model) => model.servers.get(A)!.enabled));
    }
  }
  await cluster.pass(8000);
  for (const gateway of [0, 1]) {
    assert.equal(cluster.inspect(gateway, (model) => model.servers.get(A)!.enabled), false);
  }
});

Deno.test("H15: a room that somebody was let into at one gateway is known at the other in the same moment", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  await cluster.pass(100);
  await cluster.place(0, "r", "u");
  assert.equal(await cluster.settle(cluster.gateways[1]!.manage({ task: update(1) })), "accepted");
  await cluster.pass(100);
  const { tasks } = await cluster.hear(0, A, { r: 1 });
  assert.deepEqual(tasks, [update(1)]);
});

Deno.test("a gateway that could not reach the store has what others planned meanwhile, once it can", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.hear(0, B);
  await cluster.settle(cluster.gateways[0]!.plan(B, { draining: true, within: 600_000 }));
  await cluster.pass(100);
  cluster.away.add(1);
  await cluster.live(20_000, { a: { r: 1 }, b: {} }); // so long that it is taken for dead
  await cluster.settle(cluster.gateways[0]!.plan(A, { weight: 0.3 }));
  await cluster.settle(cluster.gateways[0]!.plan(B, { draining: true, within: 900_000 }));
  const plans = () =>
    [0, 1].map((gateway) =>
      cluster.inspect(gateway, (model) => [model.servers.get(A)!.weight, model.servers.get(B)!.draining])
    );
  const [, before] = plans();
  assert.equal(before![0], 1);
  cluster.away.clear();
  await cluster.pass(1000);
  const [one, other] = plans();
  assert.equal(one![0], 0.3);
  assert.deepEqual(other, one);
});

Deno.test("what a gateway has heard while it was cut off does not end rooms that others have opened since", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { s: 1 });
  await cluster.pass(100);
  cluster.away.add(1);
  await cluster.pass(1000);
  await cluster.hear(1, A, { s: 1 });
  await cluster.place(0, "r", "u");
  await cluster.hear(0, A, { s: 1, r: 1 });
  await cluster.pass(1000);
  cluster.away.clear();
  await cluster.pass(1000);
  for (const gateway of [0, 1]) cluster.inspect(gateway, checkConsistency);
  assert.equal(await cluster.settle(cluster.gateways[1]!.manage({ task: close(0), banTime: 0 })), "accepted");
  assert.deepEqual((await cluster.hear(0, A, { s: 1, r: 1 })).tasks, [close(0)]);
});

Deno.test("a report that waited while its gateway did not run ends nothing that a newer one has shown elsewhere", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(1, A, { r: 1 });
  await cluster.pass(100);
  cluster.away.add(1);
  await cluster.pass(INTERVAL);
  await cluster.hear(0, A, { r: 1, s: 1 });
  await cluster.pass(100);
  cluster.away.clear();
  await cluster.hear(1, A, { r: 1 });
  await cluster.pass(100);
  for (const gateway of [0, 1]) {
    assert.ok(cluster.inspect(gateway, (model) => model.groups.room(["acme", "s"])?.listed));
  }
});

Deno.test("so does one that comes to its turn when the gateway has heard already what others have done meanwhile", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(1, A);
  await cluster.pass(100);
  cluster.pause(1);
  await cluster.pass(INTERVAL);
  await cluster.hear(0, A, { r: 1 });
  await cluster.live(300_000, { a: { r: 1 } }); // until no token for the room may be used any more
  await cluster.settle(cluster.gateways[0]!.manage({ task: message(1) }));
  cluster.resume(1);
  await cluster.pass(100);
  await cluster.hear(1, A);
  await cluster.pass(100);
  assert.deepEqual((await cluster.hear(0, A, { r: 1 })).tasks, [message(1)]);
});

/** A room that has been listed for so long that no token for it may be used any more, and that nobody is on the way to. */
async function withOldRoom(): Promise<Cluster> {
  const cluster = await Cluster.of(2);
  await cluster.live(300_000, { a: { r: 1 }, b: {} });
  await cluster.pass(100);
  return cluster;
}

Deno.test("where a gateway that gives up a room hears no more, one that lets somebody in says that it is there", async () => {
  using cluster = await withOldRoom();
  cluster.lags.set(0, Infinity);
  const granted = cluster.ask(1, "r", "u1");
  await cluster.hear(0, A);
  assert.ok((await granted).granted);
  await cluster.pass(1000);
  assert.deepEqual([...cluster.log.tables.snapshot().rooms].map(({ name }) => name), ["r"]);
});

Deno.test("a place is not given up before a gateway that is behind has told whom it lets in there", async () => {
  using cluster = await withOldRoom();
  cluster.lags.set(1, 1500);
  await cluster.hear(0, A, {}, { load: 0.9, clients: 900 });
  await cluster.pass(1000);
  assert.equal(await cluster.place(1, "r", "u1"), A);
  await cluster.pass(100);
  assert.equal(await cluster.place(0, "r", "u2"), A);
});

Deno.test("a RoomClose that is not obeyed is told again by a gateway that did not tell it", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A, { r: 1 });
  await cluster.pass(100);
  await cluster.settle(cluster.gateways[0]!.manage({ task: close(0), banTime: 0 }));
  await cluster.pass(100);
  const told: number[] = [];
  for (let report = 0; report < 4; report++) {
    const gateway = report === 0 ? 0 : 1;
    const { tasks, delivery } = await cluster.hear(gateway, A, { r: 1 });
    if (delivery !== undefined) cluster.gateways[gateway]!.delivered(delivery, "read");
    if (tasks.length > 0) told.push(report);
    await cluster.pass(INTERVAL);
  }
  assert.deepEqual(told, [0, 2]);
});

Deno.test("why a room is where it is every gateway knows, also once the one that placed it is gone", async () => {
  using cluster = await Cluster.of(3);
  await cluster.hear(0, A, {}, { load: 0.9, clients: 900 });
  await cluster.hear(0, B);
  await cluster.pass(100);
  assert.equal(await cluster.place(0, "r", "u"), B);
  const explain = (gateway: number, room = "r") =>
    cluster.settle(cluster.gateways[gateway]!.explain(["acme", room]));
  const why = await explain(0);
  assert.equal(why?.explanation?.server, B);
  assert.equal(why.explanation.candidates.length, 2);
  assert.deepEqual(await explain(1), why);
  await cluster.gateways[0]!.stop();
  assert.deepEqual(await explain(1), why);
  assert.equal(cluster.inspect(1, (model) => model.explanations.size), 0, "the store keeps it");
  await cluster.hear(1, A, { r: 5 });
  await cluster.pass(100);
  assert.deepEqual(await explain(1), { server: A, group: "r", explanation: undefined }, "it was found there");
  assert.equal(await explain(1, "unknown"), undefined);
  cluster.away.add(1);
  assert.deepEqual(await explain(1), { server: A, group: "r", explanation: undefined });
});

Deno.test("of two gateways that place a room at once, the one whose place holds explains it", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  await cluster.hear(1, B);
  await cluster.pass(100);
  const asked = [A, B].map((server, gateway) => cluster.ask(gateway, "r", `u${gateway}`, { server }));
  for (const asks of asked) await cluster.settle(asks);
  await cluster.pass(100);
  for (const gateway of [0, 1]) {
    const why = await cluster.settle(cluster.gateways[gateway]!.explain(["acme", "r"]));
    assert.equal(why?.explanation?.server, A);
  }
});

Deno.test("of explanations so many are kept in the store as are configured, and none where that is none", async () => {
  for (const keep of [2, 0]) {
    using cluster = await Cluster.of(2, { limits: { explanations: keep } });
    await cluster.hear(0, A);
    await cluster.pass(100);
    for (const room of ["r1", "r2", "r3"]) await cluster.place(0, room, "u");
    const explained = await Promise.all(
      ["r1", "r2", "r3"].map(async (room) =>
        (await cluster.settle(cluster.gateways[1]!.explain(["acme", room])))?.explanation !== undefined
      ),
    );
    assert.deepEqual(explained, keep === 2 ? [false, true, true] : [false, false, false]);
  }
});

Deno.test("a room that moves because of load is at its new place for all gateways, whoever hears of it, and moves once", async () => {
  using cluster = await Cluster.of(3, {
    placement: { rebalance: { above: 0.9, interval: 15_000, rest: 1_800_000 } },
  });
  const rooms = { r: 60, rest: 850 };
  const old = (names: Record<string, number>) => ({
    rooms: Object.entries(names).map(([name, peers]) => ({
      ...{ id: ["acme", name] as const, customer: "acme", peers, age: { secs: 10_000, nanos: 0 } },
    })),
  });
  await cluster.hear(1, B);
  await cluster.pass(100);
  await cluster.hear(1, A, rooms, old(rooms)); // what one report alone says moves nothing, whoever hears it
  await cluster.pass(100);
  const { tasks } = await cluster.hear(0, A, rooms, old(rooms));
  assert.deepEqual(tasks, [close(0)]);
  await cluster.pass(100);
  for (const gateway of [0, 1, 2]) {
    assert.equal(cluster.holderOf(gateway, "r"), B);
    assert.equal(await cluster.place(gateway, "r", `u${gateway}`), B);
  }
  await cluster.pass(INTERVAL);
  // It has not obeyed yet, and its answer may be lost; another gateway hears it.
  const again = await cluster.hear(1, A, rooms, old(rooms));
  assert.deepEqual(again.tasks.filter(({ task }) => task !== "RoomClose"), []);
  assert.equal(cluster.holderOf(1, "r"), B);
  await cluster.hear(2, B, { r: 60 });
  await cluster.pass(INTERVAL);
  assert.deepEqual((await cluster.hear(2, A, { rest: 850 })).tasks, []);
  for (const gateway of [0, 1, 2]) assert.equal(cluster.holderOf(gateway, "r"), B);
});

/** Rooms as a server reports them that were opened at these times. */
function openedAt(
  now: Milliseconds,
  rooms: readonly (readonly [name: string, peers: number, at: Milliseconds])[],
) {
  return {
    rooms: rooms.map(([name, peers, at]) => ({
      ...{ id: ["acme", name] as const, customer: "acme", peers },
      age: { secs: Math.round((now - at) / 1000), nanos: 0 },
    })),
  };
}

Deno.test("how the load of rooms grows with their clients is known to a gateway that starts, though no other one is left to tell it", async () => {
  using cluster = await Cluster.of(2);
  const which = (gateway: number) => cluster.inspect(gateway, ({ roomCost }) => roomCost.which);
  for (let i = 0; i < 500; i++) {
    const clients = 10 + i % 50;
    await cluster.hear(i % 2, A, { r: clients }, { load: (clients / 100) ** 2 });
    await cluster.pass(INTERVAL);
  }
  assert.deepEqual([0, 1].map(which), [4, 4]);
  await cluster.pass(60_000);
  for (const gateway of [0, 1]) cluster.away.add(gateway);
  await cluster.open();
  assert.equal(which(2), 4);
  await cluster.open({}, { openStore: () => Promise.resolve(NO_STORE) });
  assert.equal(which(3), 0, "by nothing but the store");
});

/** What each gateway expects a server to grow by. */
const growthOf = (cluster: Cluster, gateways: readonly number[]) =>
  gateways.map((gateway) => cluster.inspect(gateway, ({ servers }) => servers.get(A)!.growth));

const learnedClasses = ({ kinds }: Model) =>
  Array.from(kinds).find(([{ template }]) => template === "class-#")![1].weight;

for (const comes of ["starts", "comes back"]) {
  for (const hears of [0, 2]) {
    Deno.test(`a gateway that ${comes} counts the growth of the rooms that are there, where ${hears === 0 ? "another one hears their server" : "it hears it first"}`, async () => {
      using cluster = await Cluster.of(comes === "starts" ? 2 : 3);
      if (comes === "comes back") cluster.away.add(2);
      await cluster.hear(0, A);
      const begin = cluster.clock.now;
      const names = Array.from({ length: 10 }, (_, i) => `class-${i}`);
      for (const name of names) await cluster.place(0, name, "u");
      const hear = async (gateway: number, peers: number) => {
        const rooms = names.map((name) => [name, peers, begin] as const);
        await cluster.hear(gateway, A, {}, {
          load: 0.1,
          clients: 10 * peers,
          ...openedAt(cluster.clock.now, rooms),
        });
        await cluster.pass(INTERVAL - 100);
      };
      for (let report = 0; report < 5; report++) await hear(0, 2);
      if (comes === "starts") (await cluster.open()).start();
      cluster.away.clear();
      await cluster.pass(2000);
      await hear(hears, 2);
      await hear(hears, 3);
      const [growth, ...others] = growthOf(cluster, [0, 1, 2]);
      assert.ok(growth! > 20, `${growth}`);
      for (const other of others) assert.ok(Math.abs(other - growth!) < 1, `${growth} ${others}`);
      const paths = [0, 1, 2].map((gateway) =>
        cluster.inspect(gateway, ({ groups }) => groups.get("acme", "class-1")?.young?.path)
      );
      if (hears === 0) assert.deepEqual(paths[2], paths[0]);
    });
  }
}

Deno.test("over a rolling restart of all gateways growth counts, and what rooms come to is learned once by each", async () => {
  using cluster = await Cluster.of(2);
  await cluster.hear(0, A);
  const begin = cluster.clock.now;
  const names = Array.from({ length: 10 }, (_, i) => `class-${i}`);
  for (const name of names) await cluster.place(0, name, "u");
  let [running, next] = [[0, 1], 0];
  const live = async (reports: number, peers: number) => {
    for (let report = 0; report < reports; report++) {
      const rooms = names.map((name) => [name, peers, begin] as const);
      const more = { load: 0.1, clients: 10 * peers, ...openedAt(cluster.clock.now, rooms) };
      await cluster.hear(running[next++ % running.length]!, A, {}, more);
      await cluster.pass(INTERVAL - 100);
    }
  };
  await live(6, 2);
  for (const old of [0, 1]) {
    (await cluster.open()).start();
    await cluster.pass(500);
    running = [1]; // the one that knows more hears first, then the one that has just come
    if (old === 1) running = [2];
    await live(2, 2);
    cluster.away.add(old);
    running = old === 0 ? [1, 2] : [2, 3];
    await live(2, 2);
  }
  const [growth, other] = growthOf(cluster, running);
  assert.ok(growth! > 20 && Math.abs(growth! - other!) < 1, `${growth} ${other}`);
  await live(24, 20);
  await live(360, 20);
  for (const gateway of running) {
    const weight = cluster.inspect(gateway, learnedClasses);
    assert.ok(weight > 9 && weight <= 10, `ten rooms, learned as ${weight}`);
  }
});

Deno.test("a room that was moved is not moved again by a gateway that has started since, whoever hears its server", async () => {
  const settings = { placement: { rebalance: { above: 0.9, interval: 15_000, rest: 1_800_000 } } };
  using cluster = await Cluster.of(2, settings);
  const begin = cluster.clock.now - 1e7;
  const here: (readonly [string, number, Milliseconds])[] = [["r", 60, begin], ["rest", 850, begin]];
  await cluster.hear(1, B);
  await cluster.pass(100);
  const report = () =>
    cluster.hear(0, A, {}, { load: 0.91, clients: 910, ...openedAt(cluster.clock.now, here) });
  assert.equal((await report()).tasks.length, 0);
  assert.equal((await report()).tasks.length, 1);
  const moved = cluster.clock.now;
  (await cluster.open(settings)).start();
  await cluster.pass(500);
  /** B has become slow: it is full with what it has. */
  const hear = async (gateway: number) => {
    await cluster.hear(gateway, A, { rest: 850 }, {
      load: 0.1,
      ...openedAt(cluster.clock.now, [["rest", 850, begin]]),
    });
    const rooms = openedAt(cluster.clock.now, [["r", 60, moved]]);
    const { tasks } = await cluster.hear(gateway, B, { r: 60 }, { load: 0.95, ...rooms });
    await cluster.pass(INTERVAL);
    return tasks;
  };
  await hear(0);
  for (let time = 0; time < 1_700_000; time += INTERVAL) assert.deepEqual(await hear(2), []);
  for (let time = 0; time < 200_000 && cluster.holderOf(2, "r") === B; time += INTERVAL) await hear(2);
  assert.equal(cluster.holderOf(2, "r"), A, "half an hour later it may");
});

Deno.test("a new room may leave a server that is too full, whichever gateway has placed it and hears of it", async () => {
  const settings = { placement: { rebalance: { above: 0.9, interval: 15_000, rest: 1_800_000 } } };
  using cluster = await Cluster.of(2, settings);
  await cluster.hear(0, A);
  await cluster.pass(100);
  const begin = cluster.clock.now;
  for (const name of ["r", "s"]) await cluster.place(1, name, "u");
  await cluster.hear(0, B);
  const rooms = (now: Milliseconds) => openedAt(now, [["r", 475, begin], ["s", 475, begin]]);
  (await cluster.open(settings)).start();
  await cluster.pass(100);
  const moves: number[] = [];
  for (const gateway of [0, 0, 0, 0, 0, 0, 0, 2, 2, 2]) {
    await cluster.hear(gateway, B);
    const { tasks } = await cluster.hear(gateway, A, {}, {
      load: 0.95,
      clients: 950,
      ...rooms(cluster.clock.now),
    });
    if (tasks.length > 0) moves.push(cluster.clock.now - begin);
    await cluster.pass(INTERVAL);
  }
  assert.ok(moves.length > 0, "none in a minute");
});

for (const gap of [0, 10, 20]) {
  Deno.test(`two full servers that report to two gateways ${gap} ms apart give one room to a third server, and none is closed in vain`, async () => {
    using cluster = await Cluster.of(2, {
      placement: { rebalance: { above: 0.9, interval: 15_000, rest: 1_800_000 } },
    });
    const begin = cluster.clock.now - 1e7;
    const C = address("c");
    const report = (gateway: number, server: Address, rooms: readonly string[], peers: number) =>
      cluster.gateways[gateway]!.report({
        ...{ address: server, pool: "default", version: "1", clients: rooms.length * peers },
        load: rooms.length * peers / 1000,
        ...openedAt(cluster.clock.now, rooms.map((name) => [name, peers, begin])),
      }, true);
    const [ofA, ofB] = [A, B].map((server) => ["q", "r", "s", "t"].map((name) => `${name} of ${server}`));
    await cluster.settle(report(0, C, ["z"], 500));
    for (const [server, rooms] of [[A, ofA!], [B, ofB!]] as const) {
      await cluster.settle(report(0, server, rooms, 240));
    }
    await cluster.pass(100);
    const first = report(0, A, ofA!, 240);
    if (gap > 0) await cluster.pass(gap);
    const answers = await cluster.settle(Promise.all([first, report(1, B, ofB!, 240)]));
    await cluster.pass(500);
    const tasks = answers.flatMap((answer) => answer.accepted ? answer.tasks : []);
    assert.equal(tasks.length, 1, "one is told to close a room");
    for (const gateway of [0, 1]) {
      const gone = [[A, ofA!], [B, ofB!]] as const;
      const moved = gone.flatMap(([server, names]) =>
        names.filter((name) => cluster.holderOf(gateway, name) !== server)
      );
      assert.deepEqual(moved, [tasks[0]!.id[1]]);
      assert.equal(cluster.holderOf(gateway, moved[0]!), C);
    }
    const back = await cluster.settle(report(1, B, ofB!, 240));
    assert.deepEqual(back.accepted && back.tasks.filter(({ id }) => ofA!.includes(id[1])), []);
  });
}

Deno.test("a gateway that cannot reach the store moves no room because of load", async () => {
  using cluster = await Cluster.of(2, {
    placement: { rebalance: { above: 0.9, interval: 15_000, rest: 1000 } },
  });
  await cluster.hear(0, B);
  await cluster.hear(0, A, { r: 60, rest: 850 });
  await cluster.pass(2000);
  cluster.away.add(0);
  await cluster.pass(2000);
  assert.deepEqual((await cluster.hear(0, A, { r: 60, rest: 850 })).tasks, []);
  assert.equal(cluster.holderOf(0, "r"), A);
  cluster.away.clear();
});

for (const isAway of [false, true]) {
  const store = isAway ? ", and cannot ask them" : "";
  Deno.test(`a gateway that wakes closes nothing on a server whose drain others have put off${store}`, async () => {
    using cluster = await Cluster.of(2);
    await cluster.hear(0, A, { r: 1 });
    await cluster.hear(0, B);
    await cluster.settle(cluster.gateways[1]!.plan(A, { draining: true, within: 2000 }));
    await cluster.pass(100);
    cluster.pause(1);
    await cluster.settle(cluster.gateways[0]!.plan(A, { draining: true, within: 600_000 }));
    await cluster.pass(4000);
    if (isAway) cluster.away.add(1);
    cluster.resume(1);
    await cluster.pass(1000);
    cluster.away.clear();
    await cluster.pass(1000);
    assert.deepEqual((await cluster.hear(0, A, { r: 1 })).tasks, []);
    for (const gateway of [0, 1]) assert.equal(cluster.holderOf(gateway, "r"), A);
  });
}

for (const [left, what] of [[["{g} 1"], "a room"], [[], "a group"]] as const) {
  Deno.test(`${what} that has ended while a gateway was cut off is there again for who is on the way, and not listed`, async () => {
    using cluster = await Cluster.of(2, { tokenLifetime: 2000, grantTimeout: 60_000 });
    const room = ["acme", "{g} 0"] as const;
    await cluster.hear(0, A, { "{g} 0": 1, "{g} 1": 1 });
    await cluster.pass(100);
    cluster.away.add(1);
    await cluster.ask(1, room[1], "late");
    const rest = Object.fromEntries(left.map((name) => [name, 1]));
    await cluster.hear(0, A, rest);
    await cluster.pass(4900);
    await cluster.hear(0, A, rest);
    await cluster.pass(4000);
    cluster.inspect(0, ({ groups }) => assert.equal(groups.room(room), undefined));
    cluster.away.clear();
    await cluster.pass(1500);
    for (const gateway of [0, 1]) {
      cluster.inspect(gateway, ({ groups }) => assert.equal(groups.room(room)?.listed, false));
    }
  });
}

Deno.test("a list goes on at whichever gateway is asked for the next page, also at one that has started since", async () => {
  using cluster = await Cluster.of(3);
  const names = Array.from({ length: 250 }, (_, i) => `r${i}`);
  for (const [i, server] of [A, B].entries()) {
    const its = names.filter((_, n) => n % 2 === i).reverse();
    await cluster.hear(i, server, Object.fromEntries(its.map((name) => [name, 1])));
  }
  await cluster.place(2, "placed", "u");
  await cluster.pass(100);
  const orders = cluster.gateways.map((_, i) =>
    cluster.inspect(i, (model) => Array.from(model.groups, ({ name }) => name).join())
  );
  assert.ok(new Set(orders).size > 1, "they have come to know of the rooms in different ways");
  const shown: string[] = [];
  let from: Place | undefined;
  for (let page = 0; page === 0 || from !== undefined; page++) {
    if (page === 4) (await cluster.open()).start();
    const gateway = cluster.gateways[page % cluster.gateways.length]!;
    const read = await gateway.view.rooms({ filter: { namespace: "acme" }, limit: 7 + page, from });
    shown.push(...read.items.map(({ id }) => id[1]));
    from = read.next;
  }
  assert.deepEqual(shown, [...names, "placed"].sort());
});
