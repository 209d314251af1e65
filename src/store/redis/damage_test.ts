import assert from "node:assert/strict";
import type { Address, Change } from "../../fleet/mod.ts";
import { explanationOf, loaded } from "../testing.ts";
import { Gateway, NO_REDIS, RedisServer, until } from "./testing.ts";

const A = "a:1" as Address;
const B = "b:1" as Address;
const room = ["ns", "g"] as const;

const appeared: Change = { type: "server-appeared", server: A, pool: "eu", version: "1" };
const reported: Change = {
  type: "server-reported",
  ...{
    server: A,
    report: "1",
    pool: "eu",
    version: "1",
    load: 0.5,
    clients: 3,
    cost: [0, 0, 0, 0, 0],
    usage: [],
  },
};
const planned: Change = { type: "server-planned", server: A, weight: 0.5, draining: undefined };
const placed = (server = A, group = "g"): Change => ({
  type: "group-placed",
  namespace: "ns",
  group,
  server,
});
const opened: Change = { type: "room-opened", room, customer: "acme", server: A, listed: true };
const banned: Change = { type: "banned", ban: { room, user: "u", until: 3_600_000 } };
const lapsed: Change = { type: "ban-ended", ban: { room, user: "u", until: 0 }, lifted: false };
const task = { sequence: 7, room, kind: "RoomClose", json: "{}", expires: 60_000, customer: "acme" } as const;
const queued: Change = { type: "task-queued", server: A, task };
const handedOver: Change = { type: "handed-over", server: A, id: 1, tasks: [7] };
const explained = explanationOf(A, 0);
const explain: Change = {
  type: "group-explained",
  namespace: "ns",
  group: "g",
  explanation: explained,
  keep: 10,
};
const EVERYTHING = [appeared, reported, planned, placed(), opened, explain, banned, queued, handedOver];

function test(name: string, run: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `Redis: ${name}`,
    ignore: NO_REDIS,
    async fn() {
      await using server = await RedisServer.start();
      await run(server);
    },
  });
}

/** A row, what it is made, what comes upon it, and what becomes of the others. */
const ROWS: readonly (readonly [hash: string, field: string, rows: readonly string[], changes: Change[]])[] =
  [
    ["servers", '"a:1"', ["x", "", "1\n[]\n\n[heavy\n\n1\n"], [reported, planned, { ...appeared }, reported]],
    ["groups", '["ns","g"]', ["x", "", '"a:1"\n\n["ns","g"]', '"a:1"\n\n["ns\n1,', "7\n\n"], [
      placed(B),
      opened,
      { type: "room-closed", room, server: A },
      { type: "group-released", namespace: "ns", group: "g", server: B },
    ]],
    ["bans", '["ns","g","u"]', ["x", "", 'x\n[["ns","g"],"u",1]', "9e15\n[nonsense", "9e15"], [
      lapsed,
      banned,
    ]],
    ["tasks", "7", ["x", "", '"a:1"\nx\n[]'], [queued, { type: "task-ended", sequence: 7 }]],
    ["handed", '"a:1"', ["x", "1", "1\n[7\n2\n3"], [
      handedOver,
      { type: "hand-over-ended", server: A, id: 1, fate: "read" },
    ]],
    ["explanations", '["ns","g"]', ["x", "[1,2]", "null", "7"], [explain]],
    ["lic:acme", "9", ["x", "", "1\n2"], [opened]],
  ];

for (const [hash, field, rows, changes] of ROWS) {
  test(`a damaged row of ${hash} is left out, and told by its name; everything else goes on`, async (server) => {
    for (const row of rows) {
      await server.ask("FLUSHALL");
      await using one = await Gateway.open(server.settings);
      await one.store.commit(EVERYTHING, "process");
      for (const change of changes) {
        await server.ask("HSET", `{odin}:${hash}`, field, row);
        const what = `${change.type} upon ${JSON.stringify(row)}`;
        await one.store.commit([change, placed(B, "other")], "process").catch((error) =>
          assert.fail(`${what}: ${error}`)
        );
      }
      await server.ask("HSET", `{odin}:${hash}`, field, row);
      await one.store.explanation("ns", "g");
      await one.store.explanation("ns", "g");
      await one.store.lookUp("ns", ["g"], "u");
      assert.deepEqual(
        await one.store.share("acme", { peers: 5, rooms: 1 }, LICENCE, () => ({ peers: 0, rooms: 0 }), 1000),
        { peers: 5, rooms: 1 },
      );
      await using later = await Gateway.open(server.settings);
      const found = await loaded(later.store);
      assert.ok(found.placements.some(({ group }) => group === "other"), JSON.stringify(row));
      const told = [...one.damaged, ...later.damaged];
      if (!hash.startsWith("lic:")) {
        assert.ok(
          told.some((what) => what.includes(`${field} of {odin}:${hash} is left out`)),
          `${row}: ${told}`,
        );
      }
      if (hash === "explanations") assert.equal(one.damaged.length, 1, "once");
      assert.deepEqual([one.failures, one.astray, later.failures], [[], [], []], JSON.stringify(row));
    }
  });
}

const LICENCE = { maxPeers: 10, maxRooms: 10 };

test("a ban that cannot be read and has ended long ago keeps no gateway from starting", async (server) => {
  await using one = await Gateway.open(server.settings);
  await one.store.commit([banned], "process");
  await server.ask("HSET", "{odin}:bans", '["ns","g","q"]', 'x\n[["ns","g"],"q",1000]');
  await using later = await Gateway.open(server.settings);
  assert.deepEqual(later.failures, []);
  assert.equal((await loaded(later.store)).bans.length, 2);
});

/** Keys, what to make of them, and what comes upon them. */
const KEYS = [
  "servers",
  "groups",
  "bans",
  "tasks",
  "handed",
  "ended",
  "members",
  "n",
  "log",
  "meta",
  "value:customers",
  "lead:customers",
  "lic:acme",
];

for (const key of KEYS) {
  test(`where ${key} is of another type, the key is named`, async (server) => {
    await using one = await Gateway.open(server.settings);
    await one.store.commit(EVERYTHING, "process");
    await server.ask("DEL", `{odin}:${key}`);
    if (key.includes(":") || key === "n") await server.ask("SADD", `{odin}:${key}`, "x");
    else await server.ask("SET", `{odin}:${key}`, "x");
    const errors: string[] = [];
    const told = () =>
      [...errors, ...one.failures].some((each) => each.includes(`something at {odin}:${key} that`));
    const calls = [
      () =>
        one.store.commit([lapsed, queued, handedOver, reported, placed(), {
          type: "task-ended",
          sequence: 9,
        }], "process"),
      () => one.store.value("customers"),
      () => one.store.keepNewest("customers", { text: "[]", made: 1 }),
      () => one.store.lead("customers", 1000, false),
      () => one.store.share("acme", { peers: 5, rooms: 1 }, LICENCE, () => ({ peers: 0, rooms: 0 }), 1000),
    ];
    await until(async () => {
      for (const call of calls) await call().catch((error) => errors.push(error.message));
      return told();
    });
    if (key.includes(":")) {
      assert.deepEqual([one.failures, one.astray], [[], []], "nothing else fails with it");
    }
  });
}

test("explanations that cannot be kept cost no placement, and are told once, by the key", async (server) => {
  for (const key of ["explanations", "explained"]) {
    await server.ask("FLUSHALL");
    await using one = await Gateway.open(server.settings);
    await server.ask("SET", `{odin}:${key}`, "x");
    for (let i = 0; i < 3; i++) {
      await one.store.commit([placed(), explain], "process");
      assert.equal(await one.store.explanation("ns", "g"), undefined);
    }
    assert.deepEqual([one.failures, one.astray], [[], []]);
    assert.match(one.damaged.join(), new RegExp(`cannot be kept: WRONGTYPE .*\\(\\{odin\\}:${key}\\)`));
    assert.equal(one.damaged.length, key === "explanations" ? 2 : 1, `${one.damaged}`);
  }
});

test("a foreign entry in the log, wherever it is, lets gateways come back", async (server) => {
  await using one = await Gateway.open(server.settings);
  await one.store.commit([placed()], "process");
  await server.ask("XTRIM", "{odin}:log", "MAXLEN", "0");
  await server.ask("XADD", "{odin}:log", "*", "hello", "world");
  await one.back();
  await server.ask("CLIENT", "KILL", "TYPE", "normal");
  await one.back(2);
  await until(() => one.store.commit([placed(A, "h")], "process").then(() => true, () => false));
  assert.ok(!one.astray.includes("stored"), `${one.astray}`);
});
