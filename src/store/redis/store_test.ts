import assert from "node:assert/strict";
import { Relay } from "../../../sim/relay.ts";
import { TemporaryFolder } from "../../../sim/program.ts";
import type { RedisSettings } from "./settings.ts";
import { newCertificate } from "../../../tests/certificate.ts";
import { freePort } from "../../../tests/programs.ts";
import type { Address, Change } from "../../fleet/mod.ts";
import { testStore } from "../contract.ts";
import { testSharedStore } from "../shared_contract.ts";
import { loaded } from "../testing.ts";
import { argumentsOf, type Command, commandOf } from "./commands.ts";
import { LIBRARY } from "./library.ts";
import { RedisClock } from "./redis_clock.ts";
import { RedisStore } from "./store.ts";
import { commitSafely, Gateway, NO_REDIS, OPTIONS, RedisServer, until } from "./testing.ts";

const A = "a:1" as Address;
const placed = (group: string): Change => ({ type: "group-placed", namespace: "ns", group, server: A });

if (!NO_REDIS) {
  testStore("Redis", () => {
    const server = RedisServer.start();
    let start: number | undefined;
    return {
      // Time passes for Redis, so it does on the caller's clock.
      async open(options) {
        const { settings } = await server;
        const since = start ??= performance.now();
        const now = () => options.now() + performance.now() - since;
        return await RedisStore.open(settings, { ...OPTIONS, ...options, now });
      },
      dispose: async () => await (await server)[Symbol.asyncDispose](),
    };
  });
  testSharedStore("Redis", () => {
    const server = RedisServer.start();
    return {
      open: async (options) => await RedisStore.open((await server).settings, { ...OPTIONS, ...options }),
      dispose: async () => await (await server)[Symbol.asyncDispose](),
    };
  });
}

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: `Redis: ${name}`, ignore: NO_REDIS, fn: run });
}

test("whatever waits for a commit has run before what came after it is told", async () => {
  await using server = await RedisServer.start();
  const order: string[] = [];
  using proxy = new Relay(() => [server.port]);
  await using one = await Gateway.open({ ...server.settings, at: proxy.at }, {
    others: (changes) =>
      order.push(...changes.map((change) => "group" in change ? change.group : change.type)),
  });
  await using other = await Gateway.open(server.settings);
  const deep = async (depth: number, promise: Promise<unknown>): Promise<void> => {
    await (depth === 0 ? promise : deep(depth - 1, promise));
  };
  for (let round = 0; round < 3; round++) {
    // Once it has heard that there is nothing, it asks again when it is let go, and reads all of this at once.
    proxy.held = 2;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const own: Promise<void>[] = [];
    for (let i = 0; i < 5; i++) {
      const group = `own-${round}-${i}`;
      own.push(deep(20, one.store.commit([placed(group)], "process")).then(() => void order.push(group)));
      await other.store.commit([placed(`other-${round}-${i}`)], "process");
    }
    proxy.held = undefined;
    await Promise.all(own);
    await one.store.catchUp();
  }
  const log = await server.ask<[string, string[]][]>("XRANGE", "{odin}:log", "-", "+");
  const places = log.flatMap(([, fields]) =>
    JSON.parse(fields[9] ?? "").map((change: string[]) => change[2])
  );
  assert.deepEqual(order, places);
});

test("changes of one turn go as one batch, and each commit is told its own places", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const commits = [[placed("a"), placed("b")], [], [placed("c")]];
  const committed = await Promise.all(commits.map((changes) => one.store.commit(changes, "process")));
  const [first = NaN] = committed.map(({ order }) => order);
  assert.deepEqual(committed.map(({ order = NaN }) => order - first), [0, 2, 2]);
  assert.equal(await server.ask("XLEN", "{odin}:log"), 1);
});

test("a request that is sent again is answered as before, and does nothing", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const incarnation = await server.ask<string>("GET", `{odin}:gw:${one.store.number}`);
  const command = commandOf(placed("a"), new RedisClock(), 0, 1);
  const args = [String(one.store.number), incarnation, "twice", ...argumentsOf([[command]])];
  const send = () => server.ask("FCALL", `${LIBRARY}_commit`, "1", "{odin}:", ...args);
  assert.deepEqual(await send(), await send());
  assert.equal(await server.ask("XLEN", "{odin}:log"), 1);
});

test("without a replica, what needs one is in the order all the same, and nothing else waits for it", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open({ ...server.settings, replicas: true });
  await using other = await Gateway.open(server.settings);
  await one.store.commit([placed("g")], "process");
  const needs = await one.store.commit([placed("h")], "power");
  const start = performance.now();
  await one.store.commit([placed("i")], "process");
  await one.store.catchUp();
  assert.ok(performance.now() - start < 150);
  const reason = await needs.unsafe;
  assert.equal(reason?.name, "StoreError");
  assert.match(reason.message, /^no replica of Redis has the changes within 200 ms/);
  await other.store.catchUp();
  assert.deepEqual(other.told, [placed("g"), placed("h"), placed("i")]);
  assert.deepEqual([one.told, one.failures], [[], []]);
});

test("however many need a replica that hangs, nothing else fails", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open({ ...server.settings, replicas: true });
  const needing: Promise<void>[] = [];
  const longest = { of: 0 };
  for (let i = 0; i < 100; i++) {
    needing.push(assert.rejects(commitSafely(one, placed(`needs ${i}`)), /no replica/));
    const start = performance.now();
    await one.store.commit([placed(`needs none ${i}`)], "process");
    longest.of = Math.max(longest.of, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(needing);
  assert.ok(longest.of < 150, `${longest.of}`);
  assert.deepEqual([one.failures, one.astray], [[], []]);
});

test("a replica that has the changes is enough", async () => {
  await using primary = await RedisServer.start("--repl-diskless-sync-delay", "0");
  await using _ = await RedisServer.start(
    "--replicaof",
    "127.0.0.1",
    String(primary.port),
    "--repl-diskless-sync-delay",
    "0",
  );
  await until(async () => (await primary.ask<string>("INFO", "replication")).includes("state=online"));
  await using one = await Gateway.open({ ...primary.settings, replicas: true });
  // On a busy machine it may take more than 200 ms, once.
  await until(() => commitSafely(one, placed("h")).then(() => true, () => false));
});

test("a gateway with another setting than those that live is refused, and the setting is named", async () => {
  await using server = await RedisServer.start();
  let interval = "5";
  const open = (updateInterval: () => string) =>
    Gateway.open(server.settings, {
      agreed: () => ({ "sfuConfig.updateInterval": updateInterval(), pools: "eu\nus" }),
    });
  const one = await open(() => interval);
  const differs = () => open(() => "6");
  await assert.rejects(differs, { name: "StoreError", message: /have another sfuConfig\.updateInterval/ });
  await server.ask("FLUSHALL");
  await one.back();
  await assert.rejects(
    differs,
    { message: /have another sfuConfig\.updateInterval/ },
    "after a loss as well",
  );
  interval = "6"; // by a reload
  await until(() => differs().then((other) => other.store.close().then(() => true), () => false));
  interval = "7";
  await one.store.close();
  await (await differs()).store.close();
});

test("a gateway that comes back to others with another setting does not use the store until they are gone", async () => {
  await using server = await RedisServer.start();
  const open = (pools: string) => Gateway.open(server.settings, { agreed: () => ({ pools }) });
  await using one = await open("eu");
  const number = String(one.store.number);
  // As if it had stood still for two seconds.
  await server.ask("SET", "{odin}:gw:" + number, "another", "PX", "1000");
  await until(() =>
    one.reasons.concat(one.failures).some((reason) => /took this gateway for dead/.test(reason))
  );
  await server.ask("HDEL", "{odin}:members", number);
  const other = await open("us");
  await until(() =>
    one.reasons.concat(one.failures).some((reason) => /have another pools than this/.test(reason))
  );
  await assert.rejects(one.store.commit([placed("a")], "process"), { message: /have another pools/ });
  await other.store.close();
  await until(() => one.store.commit([placed("a")], "process").then(() => true, () => false));
});

/** Commits what a gateway of another version could, in the place of this one. */
async function commitByHand(server: RedisServer, { store }: Gateway, ...commands: readonly Command[]) {
  const incarnation = await server.ask<string>("GET", `{odin}:gw:${store.number}`);
  const args = [String(store.number), incarnation, "by hand", ...argumentsOf([commands])];
  await server.ask("FCALL", `${LIBRARY}_commit`, "1", "{odin}:", ...args);
}

const tell = (json: string): Command => ({ told: json, rule: "tell", texts: [] });

test("a change that cannot be read is left out and told, and one of a later version is passed over", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  const understood = commandOf(placed("a"), new RedisClock(), 0, 1);
  const later = tell('["of-a-later-version",1]');
  await commitByHand(server, one, later, tell('["server-enabled",7]'), understood);
  await other.store.catchUp();
  assert.deepEqual(other.told, [placed("a")]);
  assert.deepEqual(other.unknown, ["of-a-later-version"]);
  assert.deepEqual(other.damaged, ["a change of the log (server-enabled): a text is expected, not 7"]);
  await server.ask("HSET", "{odin}:servers", '"b:1"', "12\nnonsense\n");
  assert.deepEqual((await loaded(other.store)).servers, []);
  assert.match(other.damaged[1] ?? "", /^"b:1" of \{odin\}:servers is left out/);
});

test("a change of a later version that must not be passed over ends the use of the store", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  await commitByHand(server, one, tell('["!of-a-later-version",1]'));
  await until(() => other.failures.length > 0);
  assert.match(
    other.failures[0]!,
    /a later version has made a change .*must not pass over; upgrade this gateway/,
  );
  await one.store.commit([placed("a")], "process").catch(() => {}); // it cannot read it either
  await new Promise((resolve) => setTimeout(resolve, 1500)); // long enough to try again
  assert.equal(other.failures.length, 1);
  assert.deepEqual([other.told, other.unknown], [[], []]);
  await assert.rejects(other.store.commit([placed("b")], "process"), { message: /upgrade this gateway/ });
});

test("no user and no password is in what it says, and what to do is", async () => {
  await using server = await RedisServer.start("--requirepass", "correct-horse");
  for (const password of ["battery-staple", undefined]) {
    await assert.rejects(Gateway.open({ ...server.settings, password }), ({ name, message, cause }) => {
      assert.equal(name, "StoreError");
      assert.match(message, /^Redis at 127\.0\.0\.1:\d+ refuses the user name or the password; set/);
      assert.ok(!`${message}${cause}`.includes("battery-staple"));
      return true;
    });
  }
  await using one = await Gateway.open({ ...server.settings, password: "correct-horse" });
  await one.store.commit([placed("a")], "process");
});

test("connections are encrypted where that is wanted, and to nobody who is not trusted", async () => {
  using folder = new TemporaryFolder();
  const { cert, key } = await newCertificate();
  Deno.writeTextFileSync(`${folder.path}/cert.pem`, cert);
  Deno.writeTextFileSync(`${folder.path}/key.pem`, key);
  const port = freePort();
  await using server = await RedisServer.start(
    ...["--tls-port", String(port), "--tls-cert-file", `${folder.path}/cert.pem`],
    ...["--tls-key-file", `${folder.path}/key.pem`, "--tls-ca-cert-file", `${folder.path}/cert.pem`],
    ...["--tls-auth-clients", "no"],
  );
  const settings = { ...server.settings, at: { hostname: "127.0.0.1", port } };
  await using one = await Gateway.open({ ...settings, tls: { ca: cert } });
  await one.store.commit([placed("a")], "process");
  await assert.rejects(Gateway.open({ ...settings, tls: {} }), {
    name: "StoreError",
    message: /has a certificate that is not trusted; set `caFile` of `store\.redis\.tls`/,
  });
  await assert.rejects(Gateway.open(settings), { name: "StoreError", message: /has closed the connection/ });
});

test("what may pass by itself is told from a mistake, so that a start is tried again", async () => {
  await using server = await RedisServer.start("--requirepass", "x");
  await using sentinel = await RedisServer.startSentinel(server);
  const asked = { hostname: "127.0.0.1", port: sentinel.port };
  const nobody = { hostname: "127.0.0.1", port: freePort() };
  const of = (at: RedisSettings["at"], more: Partial<RedisSettings> = {}) =>
    Gateway.open({ ...server.settings, password: "x", at, ...more });
  const cases: [boolean, () => Promise<Gateway>][] = [
    [true, () => of(nobody)],
    [true, () => of({ name: "mymaster", addresses: [nobody] })],
    [false, () => of({ name: "another", addresses: [nobody, asked] })],
    [false, () => of(server.settings.at, { password: "y" })],
    [false, () => of(server.settings.at, { database: 99 })],
  ];
  for (const [passes, opening] of cases) await assert.rejects(opening, { name: "StoreError", passes });
});

test("nobody there, and a peer that says nothing, are told within three seconds", async () => {
  await assert.rejects(
    Gateway.open({ at: { hostname: "127.0.0.1", port: freePort() }, prefix: "", replicas: false }),
    {
      name: "StoreError",
      message: /refuses connections; is it running\?/,
    },
  );
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const start = performance.now();
  await assert.rejects(
    Gateway.open({ at: { hostname: "127.0.0.1", port: silent.addr.port }, prefix: "", replicas: false }),
    {
      name: "StoreError",
      passes: true,
      message: /does not answer|has not answered/,
    },
  );
  assert.ok(performance.now() - start < 3000);
});

test("it is not replaced by what one gateway knows", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await assert.rejects(() => one.store.replace(), { name: "StoreError", message: /offer it/ });
});

test("data of a later version is left alone", async () => {
  await using server = await RedisServer.start();
  await server.ask("HSET", "{odin}:meta", "format", "99");
  await assert.rejects(Gateway.open(server.settings), {
    name: "StoreError",
    message: /has data of a later version/,
  });
});

test("a user with the rights that docs/several-gateways.md names is enough", async () => {
  const docs = Deno.readTextFileSync(new URL("../../../docs/several-gateways.md", import.meta.url));
  const [, rights = ""] = /^ *ACL SETUSER odin on >\S+ (.*)$/m.exec(docs) ?? [];
  await using server = await RedisServer.start();
  await server.ask("ACL", "SETUSER", "odin", "on", ">password", ...rights.split(" "));
  await using one = await Gateway.open({
    ...server.settings,
    username: "odin",
    password: "password",
    replicas: true,
  });
  await one.store.commit([placed("a")], "process");
  await one.store.setValue("x", "y");
  assert.equal(await one.store.value("x"), "y");
  await assert.rejects(commitSafely(one, placed("b")), /no replica/);
  assert.equal(one.failures.length, 0);
});

test("a log that was trimmed past a gateway is found when it comes back, and everything is loaded", async () => {
  await using server = await RedisServer.start();
  using proxy = new Relay(() => [server.port]);
  await using one = await Gateway.open({ ...server.settings, at: proxy.at });
  await using other = await Gateway.open(server.settings);
  proxy.refuse();
  for (const group of ["a", "b", "c"]) await other.store.commit([placed(group)], "process");
  await server.ask("XTRIM", "{odin}:log", "MAXLEN", "1");
  proxy.passing = "passes";
  await one.back();
  assert.deepEqual(one.astray, ["told"]);
  assert.deepEqual((await loaded(one.store)).placements.map(({ group }) => group).sort(), ["a", "b", "c"]);
  assert.deepEqual(one.told, []);
});

test("what is only to be durable soon waits a moment for more, and goes with whatever does not wait", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const start = performance.now();
  const soon = [one.store.commit([placed("a")], "soon")];
  await new Promise((resolve) => setTimeout(resolve, 5));
  soon.push(one.store.commit([placed("b")], "soon"));
  await Promise.all(soon);
  assert.ok(performance.now() - start >= 4);
  assert.equal(await server.ask("XLEN", "{odin}:log"), 1);
  const [first, second] = await Promise.all([
    one.store.commit([placed("c")], "soon"),
    one.store.commit([placed("d")], "process"),
  ]);
  assert.equal((second.order ?? NaN) - (first.order ?? NaN), 1);
  assert.equal(await server.ask("XLEN", "{odin}:log"), 2);
});

test("a batch has a thousand changes at most, and a commit of more is not divided", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const many = (count: number) => Array.from({ length: count }, (_, i) => placed(`${i}`));
  await Promise.all(many(2500).map((change) => one.store.commit([change], "process")));
  await one.store.commit(many(1500), "process");
  const log = await server.ask<[string, string[]][]>("XRANGE", "{odin}:log", "-", "+");
  assert.deepEqual(log.map(([, fields]) => fields[3]), ["1000", "1000", "500", "1500"]);
});

test("a commit of very many changes is taken whole, and as many commits at once are all answered", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  await using other = await Gateway.open(server.settings);
  const granted = (i: number): Change => ({
    type: "granted",
    ...{ room: ["ns", `r${i}`], server: A, user: "u", customer: "acme" },
  });
  const many = Array.from({ length: 25_000 }, (_, i) => granted(i));
  await one.store.commit(many, "soon");
  const slices = Array.from({ length: 50 }, (_, i) => many.slice(i * 500, (i + 1) * 500));
  await Promise.all(slices.map((slice) => one.store.commit(slice, "soon")));
  await other.store.catchUp();
  assert.equal(other.told.length, 50_000);
});

test("it is closed within three seconds whatever has become of Redis, and refuses everything then", async () => {
  const server = await RedisServer.start();
  const one = await Gateway.open(server.settings);
  await server[Symbol.asyncDispose]();
  const start = performance.now();
  await one.store.close();
  assert.ok(performance.now() - start < 3000);
  const calls = [one.store.commit([placed("a")], "process"), one.store.catchUp(), one.store.value("x")];
  await Promise.all(calls.map((call) => assert.rejects(call, { name: "StoreError" })));
});

test("a load has bans forgotten that ended long ago", async () => {
  await using server = await RedisServer.start();
  await using one = await Gateway.open(server.settings);
  const ban = (until: number): Change => ({
    type: "banned",
    ban: { room: ["ns", `${until}`], until: performance.now() + until },
  });
  await one.store.commit([ban(-4_000_000), ban(-1000), ban(1000)], "process");
  assert.equal((await loaded(one.store)).bans.length, 3);
  assert.equal((await loaded(one.store)).bans.length, 2);
});
