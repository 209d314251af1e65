import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { newCustomer } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";

interface Info {
  readonly servers: {
    readonly address: string;
    readonly loadPerClient: number;
    readonly weight: number;
    readonly draining: { readonly deadline: string | null; readonly empty: boolean } | null;
  }[];
  readonly kinds: {
    readonly namespace: string | null;
    readonly template: string | null;
    readonly mean: number;
  }[];
}

const info = (gateway: TestGateway) => gateway.internal<Info>("Info", {});

Deno.test("two hundred rooms in a second, before any report, spread within 10 % over ten equal servers", async () => {
  await using gateway = await TestGateway.start();
  const servers = Array.from({ length: 10 }, (_, i) => `sfu${i}:1`);
  for (const server of servers) await gateway.report(server, [], { load: 0.3 });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => gateway.connect(`match-${i}`, `u${i}`)),
  );
  for (const server of servers) {
    const rooms = answers.filter(({ address }) => address === server).length;
    assert.ok(rooms >= 18 && rooms <= 22, `${rooms} rooms on ${server}`);
  }
});

Deno.test("a server is drained and resumed, also across a crash", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "r", peers: 2 }]);
  await gateway.report("b:1", [], { load: 0.9 });
  await gateway.internal("server.Drain", { address: "a:1" });
  await gateway.internal("server.SetWeight", { address: "b:1", weight: 0.5 });
  await gateway.restart();
  for (let i = 0; i < 5; i++) assert.equal((await gateway.connect(`new-${i}`, "u")).address, "b:1");
  assert.equal((await gateway.connect("r", "u")).address, "a:1");
  const { servers } = await info(gateway);
  assert.deepEqual(servers.map(({ address, weight, draining }) => ({ address, weight, draining })), [
    { address: "a:1", weight: 1, draining: { deadline: null, empty: false } },
    { address: "b:1", weight: 0.5, draining: null },
  ]);
  await gateway.internal("server.Resume", { address: "a:1" });
  assert.equal((await gateway.connect("later", "u")).address, "a:1");
});

Deno.test("after the deadline the rooms of a drained server are closed, and it is shown as empty", async () => {
  await using gateway = await TestGateway.start({ limits: { grantTimeout: 1 } });
  await gateway.report("a:1", [{ name: "r", peers: 2 }]);
  await gateway.report("b:1", [], { load: 0.9 });
  await gateway.internal("server.Drain", { address: "a:1", deadline: 0.2 });
  assert.equal((await gateway.connect("r", "u")).address, "a:1");
  await sleep(600);
  const tasks = await gateway.report("a:1", [{ name: "r", peers: 2 }]);
  assert.deepEqual(tasks, [{ task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 0, nanos: 0 } }]);
  assert.equal((await gateway.connect("r", "u")).address, "b:1");
  await sleep(1500);
  await gateway.report("a:1");
  const [{ draining } = {}] = (await info(gateway)).servers;
  assert.equal(draining?.empty, true);
  assert.ok(Math.abs(Date.parse(draining.deadline!) - Date.now()) < 10_000);
});

for (
  const [method, params, code, message] of [
    ["server.Drain", { address: "unknown:1" }, -32010, /no server of this address/],
    ["server.Resume", { address: "nowhere" }, -32602, /address: expected host:port/],
    ["server.Drain", { address: "a:1", deadline: 1_800_000_000 }, -32602, /deadline/],
    ["server.SetWeight", { address: "a:1", weight: 1.5 }, -32602, /weight/],
    ["room.Explain", { room_id: ["acme"] }, -32602, /room_id/],
    ["room.Explain", { room_id: ["acme", "nowhere"] }, -32003, /no server for room/],
  ] as const
) {
  Deno.test(`${method} ${JSON.stringify(params)} is refused with ${code}`, async () => {
    await using gateway = await TestGateway.start();
    await gateway.report("a:1");
    await refusedWith(gateway.internal(method, params), code, message);
  });
}

Deno.test("room.Explain says when, how and why a room was placed", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "there", peers: 1 }], { load: 0.2 });
  await gateway.report("b:1", [], { load: 0.8 });
  await gateway.report("c:1");
  await gateway.internal("server.Drain", { address: "c:1" });
  await gateway.connect("match-7", "u");
  type Explained = {
    server: string;
    explanation:
      | { at: string; by: string; template: string; candidates: { address: string }[] } & object
      | null;
  };
  const { server, explanation } = await gateway.internal<Explained>("room.Explain", {
    room_id: ["acme", "match-7"],
  });
  assert.ok(explanation !== null);
  const { at, candidates, ...rest } = explanation;
  assert.equal(server, "a:1");
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 10_000);
  assert.deepEqual(candidates.map(({ address }) => address), ["a:1", "b:1"]);
  assert.deepEqual({ ...rest }, {
    namespace: "acme",
    template: "match-#",
    by: "expected",
    expectedSize: 10,
    size: 10,
    pool: "default",
    server: "a:1",
    overCeiling: false,
    furtherCandidates: 0,
    leftOut: [{ server: "c:1", reason: "draining" }],
    furtherLeftOut: 0,
  });
  const reported = await gateway.internal<Explained & { note: string }>("room.Explain", {
    room_id: ["acme", "there"],
  });
  assert.equal(reported.explanation, null);
  assert.match(reported.note, /reported/);
});

Deno.test("what was learned of rooms and servers is there after a crash", async () => {
  await using gateway = await TestGateway.start();
  const rooms = Array.from({ length: 20 }, (_, i) => ({ name: `match-${i}`, peers: 40 }));
  await gateway.report("a:1", rooms, { load: 0.8 });
  await gateway.report("a:1", [], { load: 0 });
  const learned = async () => {
    const { kinds, servers } = await info(gateway);
    const kind = kinds.find(({ template }) => template === "match-#");
    return { mean: Math.round(kind?.mean ?? 0), cost: servers[0]!.loadPerClient.toPrecision(4) };
  };
  const before = await learned();
  assert.equal(before.mean, 40);
  await sleep(6000); // learned sizes are written every five seconds
  await gateway.restart();
  assert.deepEqual(await learned(), before);
});

Deno.test("a key that is bound to pools is placed there and nowhere else, whatever path it takes", async () => {
  const { accessKey, entry } = newCustomer("bound");
  await using gateway = await TestGateway.start({
    sfuPools: { available: [{ name: "eu", spill: ["us", "asia"] }, "us", "asia"], default: "us" },
    customers: [{ ...entry, pools: ["eu", "asia"] }],
  });
  await gateway.report("us:1", [], { path: "/us/internal" });
  const tokens = new TokenGenerator(accessKey);
  const connect = (room: string, path: string) =>
    call<{ address: string }>(`${gateway.url}${path}`, "Connect", {}, {
      token: tokens.createToken(room, "u"),
    });
  await refusedWith(connect("r", "/"), -32002, /no server available/);
  await refusedWith(connect("r", "/us/"), -32001, /bound to other pools/);
  await gateway.report("asia:1", [], { path: "/asia/internal" });
  assert.equal((await connect("r", "/")).address, "asia:1", "eu has none and spills over, but not to us");
  await gateway.report("eu:1", [], { path: "/eu/internal" });
  assert.equal((await connect("s", "/")).address, "eu:1");
  assert.equal((await connect("t", "/asia/")).address, "asia:1");
});

Deno.test("with overload refused, a full fleet says so", async () => {
  await using gateway = await TestGateway.start({ placement: { overload: "refuse" } });
  await gateway.report("a:1", [{ name: "r", peers: 100 }], { load: 0.96 });
  await refusedWith(gateway.connect("new", "u"), -32002, /all are full/);
  assert.equal((await gateway.connect("r", "u")).address, "a:1");
});

Deno.test("a room moves away from a server that is too full, and its clients come back at another one", async () => {
  await using gateway = await TestGateway.start({
    placement: { rebalance: { above: 0.8, rest: 0.2 } },
    limits: { grantTimeout: 0.2 },
  });
  const rooms = [{ name: "large", peers: 700 }, { name: "small", peers: 120 }];
  await gateway.report("a:1", rooms, { load: 0.85 });
  await gateway.report("b:1", [], { load: 0.1 });
  await gateway.report("other:1", [], { load: 0.9 });
  await sleep(300);
  const tasks = await gateway.report("a:1", rooms, { load: 0.85 });
  assert.deepEqual(tasks, [{ task: "RoomClose", id: ["acme", "small"], ban_time: { secs: 0, nanos: 0 } }]);
  assert.equal((await gateway.connect("small", "u")).address, "b:1");
  assert.equal((await gateway.connect("large", "u")).address, "a:1");
  const { explanation } = await gateway.internal<{ explanation: { relieved: { server: string } } }>(
    "room.Explain",
    { room_id: ["acme", "small"] },
  );
  assert.equal(explanation.relieved.server, "a:1");
  await gateway.program.printed(/group small of acme moves from a:1 to b:1, because a:1 is at \d+ % load/);
  const metrics = await (await fetch(`${gateway.operations}/metrics`)).text();
  assert.match(metrics, /^odin_gateway_rooms_rebalanced_total 1$/m);
  await gateway.restart();
  assert.equal((await gateway.connect("small", "v")).address, "b:1", "it is stored");
});

Deno.test("without placement.rebalance no room moves because of load", async () => {
  await using gateway = await TestGateway.start({ limits: { grantTimeout: 0.2 } });
  await gateway.report("b:1", [], { load: 0.1 });
  await gateway.report("a:1", [{ name: "r", peers: 900 }, { name: "s", peers: 90 }], { load: 0.99 });
  assert.deepEqual(
    await gateway.report("a:1", [{ name: "r", peers: 900 }, { name: "s", peers: 90 }], { load: 0.99 }),
    [],
  );
});
