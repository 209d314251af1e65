import assert from "node:assert/strict";
import { Relay } from "../../../sim/relay.ts";
import type { Address, Change } from "../../fleet/mod.ts";
import { freePort } from "../../../tests/programs.ts";
import { loaded } from "../testing.ts";
import { RedisStore } from "./store.ts";
import { commitSafely, Gateway, NO_REDIS, OPTIONS, RedisServer, until } from "./testing.ts";

const A = "a:1" as Address;
const B = "b:1" as Address;

const appeared = (server: Address): Change => ({ type: "server-appeared", server, pool: "eu", version: "1" });
const placed = (group: string, server = A): Change => ({
  type: "group-placed",
  namespace: "ns",
  group,
  server,
});

/** With append-only files, so that what was acknowledged outlives the process. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: `Redis: ${name}`, ignore: NO_REDIS, fn: run });
}

async function placements({ store }: Gateway): Promise<string[]> {
  return (await loaded(store)).placements.map(({ group }) => group).sort();
}

/** How a call ends, and after how many milliseconds. */
async function outcome(
  call: Promise<unknown>,
): Promise<{ readonly message: string; readonly after: number }> {
  const start = performance.now();
  const message = await call.then(() => "", (error) => `${error.name}: ${error.message}`);
  return { message, after: performance.now() - start };
}

test("a gateway that was taken for dead is refused, loads, and goes on", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  await server.ask("DEL", `{odin}:gw:${one.store.number}`);
  const { message } = await outcome(one.store.commit([placed("g")], "process"));
  assert.match(message, /^StoreError: Redis at .* took this gateway for dead/);
  await one.back();
  assert.deepEqual(one.astray, ["told"]);
  assert.equal(one.failures.length, 1);
  await one.store.commit([placed("h")], "process");
  await other.store.catchUp();
  assert.deepEqual(other.told, [placed("h")]);
  assert.deepEqual(other.astray, []);
});

test("what was replaced or ended since Redis wrote its file is so again when it comes back with older data", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  const planned = (weight: number, draining: boolean): Change => ({
    type: "server-planned",
    ...{ server: A, weight, draining: draining ? { deadline: undefined } : undefined },
  });
  const banned = (user: string, until: number): Change => ({
    type: "banned",
    ban: { room: ["ns", "r"], user, until },
  });
  const hours = (count: number) => performance.now() + count * 3_600_000;
  const good = { room: ["ns", "r"], user: "good", until: hours(1) } as const;
  const task = (sequence: number): Change => ({
    type: "task-queued",
    server: A,
    task: {
      ...{ sequence, room: ["ns", "r"], kind: "RoomSendMessage", json: "{}" },
      ...{ expires: hours(1), customer: "acme" },
    },
  });
  await one.store.commit([appeared(A), planned(1, false), placed("r"), task(1), task(2)], "process");
  await one.store.commit([banned("bad", hours(1)), { type: "banned", ban: good }], "process");
  await server.ask("SAVE");
  await one.store.commit([banned("bad", hours(9)), { type: "ban-ended", ban: good, lifted: true }], "power");
  await other.store.commit([planned(0.3, true), { type: "task-ended", sequence: 1 }], "power");
  await Promise.all([one.store.catchUp(), other.store.catchUp()]);
  await server.kill();
  await server.start();
  await Promise.all([one.back(), other.back()]);
  const { bans, tasks, servers } = await loaded(one.store);
  assert.deepEqual(bans.map(({ user, until }) => [user, Math.round((until - hours(0)) / 3_600_000)]), [[
    "bad",
    9,
  ]]);
  assert.deepEqual(tasks.map(({ task }) => task.sequence), [2]);
  assert.deepEqual(servers.map(({ weight, draining }) => [weight, draining !== undefined]), [[0.3, true]]);
});

test("what has ended lately does not come back when Redis is emptied, though a gateway still knows it", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using stale = await Gateway.open(server.settings);
  const ban = { room: ["ns", "r"], user: "u", until: performance.now() + 3_600_000 } as const;
  const reported: Change = {
    ...{ type: "server-reported", server: B, report: "1", pool: "eu", version: "1" },
    ...{ load: 0, clients: 0, cost: [0, 0, 0, 0, 0], usage: [] },
  };
  await one.store.commit([appeared(A), appeared(B), reported, placed("r")], "process");
  await one.store.commit([{ type: "banned", ban }], "power");
  stale.offers = await loaded(one.store);
  await one.store.commit([{ type: "ban-ended", ban, lifted: true }], "power");
  await one.store.commit([{ type: "server-removed", server: B, report: "1" }], "power");
  await stale.store.catchUp();
  one.offers = await loaded(one.store);
  await server.ask("FLUSHALL");
  await Promise.all([one.back(), stale.back()]);
  const { bans, servers } = await loaded(one.store);
  assert.deepEqual(bans, []);
  assert.deepEqual(servers.map(({ address }) => address), [A]);
});

test("a gap in the log is found, and everything is loaded", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  await server.ask("INCRBY", "{odin}:n", "3");
  await one.store.commit([placed("g")], "process").catch(() => {});
  await Promise.all([one.back(), other.back()]);
  assert.deepEqual([one.astray, other.astray], [["told"], ["told"]]);
  assert.deepEqual(other.told, []);
  assert.deepEqual(await placements(other), ["g"]);
  await one.store.commit([placed("h")], "process");
  await other.store.catchUp();
  assert.deepEqual(other.told, [placed("h")]);
});

test("an emptied store is found, and what the gateways know is put in again", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  await one.store.commit([appeared(A), placed("g")], "process");
  const stored = await loaded(one.store);
  one.offers = stored;
  other.offers = { ...stored, placements: [{ namespace: "ns", group: "g", server: B }] };
  await server.ask("FLUSHALL");
  await Promise.all([one.back(), other.back()]);
  assert.deepEqual([...new Set([...one.astray, ...other.astray])], ["stored"]);
  const again = await loaded(one.store);
  assert.equal(again.placements.length, 1);
  assert.deepEqual(again.servers.map(({ address }) => address), [A]);
  await one.store.commit([placed("h")], "process");
  await other.store.catchUp();
  assert.deepEqual(other.told.at(-1), placed("h"));
});

test("where the functions are missing they are loaded again", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await server.ask("FUNCTION", "FLUSH");
  await one.store.commit([placed("g")], "process");
  assert.deepEqual(await placements(one), ["g"]);
  assert.deepEqual(one.failures, []);
});

test("what was acknowledged is there after Redis was killed, and calls are refused at once meanwhile", async () => {
  await using server = await RedisServer.start(...DURABLE);
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  await one.store.commit([placed("g")], "process");
  await server.kill();
  await until(() => one.failures.length > 0 && other.failures.length > 0);
  for (let i = 0; i < 10; i++) {
    const { message, after } = await outcome(one.store.commit([placed(`away ${i}`)], "process"));
    assert.match(
      message,
      /^StoreError: Redis at 127\.0\.0\.1:\d+ (has closed the connection|refuses connections)/,
    );
    assert.ok(after < 250, `${after} ms`);
  }
  const calls = [one.store.value("x"), one.store.catchUp(), one.store.claimHandOver(A, 1)];
  for (const { message } of await Promise.all(calls.map(outcome))) {
    assert.ok(message.startsWith("StoreError"), message);
  }
  await server.start();
  await Promise.all([one.back(), other.back()]);
  assert.deepEqual([one.failures.length, other.failures.length], [1, 1]);
  assert.deepEqual([one.astray, other.astray], [["told"], ["told"]]);
  await one.store.commit([placed("h")], "process");
  await other.store.catchUp();
  assert.deepEqual(await placements(other), ["g", "h"]);
});

test("each reason of an outage is told once, and again in the next outage", async () => {
  await using server = await RedisServer.start("--requirepass", "before");
  const settings = { ...server.settings, password: "before" };
  await using one = await Gateway.open(settings);
  const cli = async (password: string, ...args: readonly string[]) => {
    const env = { REDISCLI_AUTH: password };
    const options = { args: ["-p", String(server.port), ...args], env, stdout: "null" as const };
    await new Deno.Command("redis-cli", options).output();
  };
  for (let times = 1; times <= 2; times++) {
    await cli("before", "CONFIG", "SET", "requirepass", "after");
    await cli("after", "CLIENT", "KILL", "TYPE", "normal");
    await until(() => one.reasons.length === times);
    await new Promise((resolve) => setTimeout(resolve, 1200)); // it has tried again and again
    assert.match(one.failures.at(-1) ?? "", /has closed the connection/);
    assert.match(one.reasons.at(-1) ?? "", /refuses the user name or the password/);
    assert.deepEqual([one.failures.length, one.reasons.length], [times, times]);
    await cli("after", "CONFIG", "SET", "requirepass", "before");
    await one.back(times);
  }
});

test("while Redis reads its data it counts as down", async () => {
  await using server = await RedisServer.start(...DURABLE);
  await using one = await Gateway.open(server.settings);
  // It looks up from its work every 1,024 commands.
  await server.ask("EVAL", "for i = 1, 10000 do redis.call('SET', 'value-' .. i, '') end", "0");
  await server.kill();
  await until(() => one.failures.length > 0);
  await server.start("--key-load-delay", "100");
  const messages = new Set<string>();
  await until(async () => {
    const { message, after } = await outcome(one.store.commit([placed("g")], "process"));
    assert.ok(after < 1500, `${after} ms`);
    messages.add(message);
    return message === "";
  });
  assert.ok(
    [...messages].some((message) => /is still reading its data/.test(message)),
    [...messages].join("\n"),
  );
  assert.deepEqual(one.astray, ["told"]);
});

for (
  const [what, hold] of [
    ["swallows what it gets", (_: RedisServer, proxy: Relay) => proxy.passing = "loses"],
    ["stands still", (server: RedisServer) => server.signal("SIGSTOP")],
  ] as const
) {
  test(`a peer that ${what} is noticed within half a second`, async () => {
    await using server = await RedisServer.start();
    using proxy = new Relay(() => [server.port]);
    await using one = await Gateway.open({ ...server.settings, at: proxy.at });
    hold(server, proxy);
    const refused: number[] = [];
    const calls = [1, 2, 3].map((i) =>
      outcome(one.store.commit([placed(`g${i}`)], "process")).then((ended) => {
        refused.push(i);
        return ended;
      })
    );
    for (const { message, after } of await Promise.all(calls)) {
      assert.match(message, /^StoreError: Redis at 127\.0\.0\.1:\d+ has not answered within 500 ms/);
      assert.ok(after < 1500, `${after} ms`);
    }
    assert.deepEqual(refused, [3, 2, 1]);
    assert.ok((await outcome(one.store.commit([placed("h")], "process"))).after < 250);
    await until(() => one.store.silence > 2500);
    proxy.passing = "passes";
    server.signal("SIGCONT");
    await one.back();
    assert.deepEqual(one.failures.length, 1);
    await one.store.commit([placed("i")], "process");
    assert.ok((await placements(one)).includes("i"));
  });
}

test("however many want to know whether Redis is back, it is asked no more often for that", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await server.kill();
  let attempts = 0;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: server.port });
  const accepting = (async () => {
    for await (const connection of listener) {
      attempts++;
      connection.close();
    }
  })();
  const end = performance.now() + 2000;
  while (performance.now() < end) {
    await outcome(one.store.catchUp());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(attempts > 2 && attempts < 40, `${attempts}`);
  listener.close();
  await accepting;
});

test("a gateway that stood still itself takes nobody else for late", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const calls = [one.store.commit([placed("g")], "process"), one.store.catchUp(), one.store.value("x")];
  await new Promise((resolve) => setTimeout(resolve));
  const end = performance.now() + 900;
  while (performance.now() < end);
  await Promise.all(calls);
  assert.deepEqual(one.failures, []);
});

test("a load that takes long is no failure, at the start and when it has gone astray", async () => {
  await using server = await RedisServer.start();
  const failures: string[] = [];
  const told: Change[] = [];
  const load = async (store: RedisStore) => {
    for await (const _ of store.load()) await new Promise((resolve) => setTimeout(resolve, 2500));
  };
  const astray: Promise<void>[] = [];
  const one: RedisStore = await RedisStore.open(server.settings, {
    ...OPTIONS,
    failed: (error) => failures.push(error.message),
    others: (changes) => told.push(...changes),
    astray: () => {
      const loading = load(one);
      astray.push(loading);
      return loading;
    },
  });
  await using other = await Gateway.open(server.settings);
  await other.store.commit([appeared(A)], "process");
  const loading = load(one);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await other.store.commit([placed("g")], "process");
  await loading;
  await one.catchUp();
  assert.deepEqual(told, [placed("g")]);
  await server.ask("INCRBY", "{odin}:n", "3");
  await other.store.commit([placed("h")], "process").catch(() => {});
  await until(() => astray.length > 0);
  await Promise.all(astray);
  await one.commit([placed("i")], "process");
  assert.deepEqual([failures, astray.length], [[], 1]);
  await one.close();
});

test("what is committed while everything is loaded is told afterwards, or refused at once, however much comes before it", async () => {
  await using server = await RedisServer.start();
  await using other = await Gateway.open(server.settings);
  const failures: string[] = [];
  const ends: { message: string; after: number }[] = [];
  let told = 0;
  const one: RedisStore = await RedisStore.open(server.settings, {
    ...OPTIONS,
    failed: (error) => failures.push(error.message),
    others: (changes) => {
      told += changes.length;
      const busy = performance.now() + 20;
      while (performance.now() < busy);
    },
    astray: async () => {
      const soon = one.commit([placed("soon")], "soon");
      ends.push(await outcome(one.commit([placed("at once")], "process")));
      const piece = one.load()[Symbol.asyncIterator]();
      await piece.next();
      await other.back();
      for (let i = 0; i < 60; i++) await other.store.commit([placed(`while it loads ${i}`)], "process");
      while (!(await piece.next()).done);
      soon.then(() => ends.push({ message: `told ${told}`, after: 0 }));
    },
  });
  await loaded(one);
  await server.ask("INCRBY", "{odin}:n", "3");
  await other.store.commit([placed("gap")], "process").catch(() => {});
  await until(() => ends.length === 2);
  assert.match(ends[0]?.message ?? "", /is being loaded anew/);
  assert.ok((ends[0]?.after ?? Infinity) < 250);
  assert.deepEqual([ends[1]?.message, failures], ["told 60", []]);
  assert.deepEqual(
    (await loaded(one)).placements.map(({ group }) => group).filter((group) => !group.startsWith("while"))
      .sort(),
    [
      "gap",
      "soon",
    ],
  );
  await one.close();
});

test("a proxy that breaks connections is survived, with the number of the gateway", async () => {
  await using server = await RedisServer.start();
  using proxy = new Relay(() => [server.port]);
  await using one = await Gateway.open({ ...server.settings, at: proxy.at });
  const { number } = one.store;
  for (let times = 1; times <= 3; times++) {
    proxy.refuse();
    await until(() => one.failures.length === times);
    proxy.passing = "passes";
    await one.back(times);
  }
  assert.equal(one.store.number, number);
  assert.deepEqual((await one.store.gateways()).map(({ number, self }) => ({ number, self })), [{
    number,
    self: true,
  }]);
});

test("the sentinels name the new primary when the old one is gone, and what was lost is found", async () => {
  await using primary = await RedisServer.start("--repl-diskless-sync-delay", "0");
  using link = new Relay(() => [primary.port]);
  await using replica = await RedisServer.start("--replicaof", "127.0.0.1", String(link.at.port));
  await until(async () => (await primary.ask<string>("INFO", "replication")).includes("state=online"));
  await using sentinel = await RedisServer.startSentinel(primary);
  await until(async () =>
    String(await sentinel.ask("SENTINEL", "REPLICAS", "mymaster")).includes(String(replica.port))
  );
  const nobody = { hostname: "127.0.0.1", port: freePort() };
  const addresses = [nobody, { hostname: "127.0.0.1", port: sentinel.port }];
  const settings = { ...primary.settings, at: { name: "mymaster", addresses }, replicas: true };
  await using one = await Gateway.open(settings);
  await using other = await Gateway.open(settings);
  await until(() => commitSafely(one, appeared(A), placed("kept")).then(() => true, () => false));
  link.passing = "loses"; // from here on the replica lacks what the primary acknowledges
  await one.store.commit([placed("lost")], "process");
  await assert.rejects(commitSafely(one, placed("not safe")), { message: /^no replica of Redis/ });
  const known = await loaded(one.store);
  one.offers = other.offers = known;
  await primary.kill();
  await Promise.all([one.back(), other.back()]);
  assert.ok(
    one.astray.includes("stored") && other.astray.includes("stored"),
    `${one.astray} ${other.astray}`,
  );
  assert.deepEqual(await placements(other), ["kept", "lost", "not safe"]);
  await one.store.commit([placed("new")], "process");
  await other.store.catchUp();
  assert.deepEqual(other.told.at(-1), placed("new"));
  // One that was cut off before says otherwise, and what it names is a primary: of nothing.
  await using former = await RedisServer.start();
  await using stale = await RedisServer.startSentinel(former);
  const both = [stale, sentinel].map(({ port }) => ({ hostname: "127.0.0.1", port }));
  for (const addresses of [both, both.toReversed()]) {
    await using later = await Gateway.open({ ...settings, at: { name: "mymaster", addresses } });
    assert.deepEqual((await placements(later)).includes("new"), true);
  }
});

test("a sentinel that names who is gone, or who is no primary, keeps nobody off while another one knows better", async () => {
  await using primary = await RedisServer.start();
  await using gone = await RedisServer.start();
  await using replica = await RedisServer.start();
  const sentinels = await Promise.all(
    [gone, replica, primary].map((server) => RedisServer.startSentinel(server)),
  );
  await using stack = new AsyncDisposableStack();
  for (const sentinel of sentinels) stack.use(sentinel);
  const at = (...which: readonly number[]) => ({
    name: "mymaster",
    addresses: which.map((i) => ({ hostname: "127.0.0.1", port: sentinels[i]!.port })),
  });
  await gone.kill();
  await replica.ask("REPLICAOF", "127.0.0.1", String(primary.port));
  await using one = await Gateway.open({ ...primary.settings, at: at(0, 1, 2) });
  for (const which of [[0, 1, 2], [1, 0, 2], [2, 0, 1]]) {
    await using later = await Gateway.open({ ...primary.settings, at: at(...which) });
    assert.equal((await later.store.gateways()).length, 2);
  }
  await assert.rejects(Gateway.open({ ...primary.settings, at: at(0) }), {
    message: /^the sentinels name none that can be used: Redis at .* refuses connections/,
  });
  await primary.ask("CLIENT", "KILL", "TYPE", "normal");
  await one.back();
});
