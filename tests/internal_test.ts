import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { call } from "../sim/rpc_client.ts";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";

interface Info {
  servers: Record<string, unknown>[];
  rooms: Record<string, unknown>[];
  stats: { apiCalls: { name: string; success: number; failure: number; rejected: number }[] };
}

Deno.test("GridConfig fills up a server's configuration and gives it its key; both names and methods work alike", async () => {
  await using gateway = await TestGateway.start({
    masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
    sfuConfig: { updateInterval: 2, disableTimeout: 3, metricsServer: "10.1.0.0/16" },
  });
  const params = { public_endpoint: "sfu0.example:4433", version: "1", config: "[quic]\nidle_timeout = 1\n" };
  const { config } = await gateway.internal<{ config: string }>("sfu.GridConfig", params);
  assert.deepEqual(await gateway.internal("GetConfig", { ...params, server: "grid" }), { config });
  const parsed = JSON.parse(JSON.stringify(parse(config)));
  assert.equal(parsed.supervisor.report_interval, 2000);
  assert.deepEqual(parsed.quic, {
    idle_timeout: 1,
    keep_alive_interval: 5000,
    pre_send_timeout: 500,
    migration: true,
  });
  assert.deepEqual(parsed.metrics.allowed, ["10.1.0.0/16", "127.0.0.1/8", "::1/128"]);
  assert.deepEqual(parsed.authorization.keys, [{
    kid: "AnHlR20L2ncE",
    kty: "OKP",
    crv: "Ed25519",
    x: "TC3lMPKKC3C3uPMGPliiayUm32APb3GXKsNNLSxooFw",
    d: "uvGofoZ7CSgmIWt8lQVm-B1kiWshNfikVL1ZEz8OsNo",
  }]);
  await gateway.internal("sfu.GridConfig", { ...params, config: "" });
  await refusedWith(
    gateway.internal("sfu.GridConfig", { ...params, config: "a = [" }),
    -32602,
    /line 1, column/,
  );
  await refusedWith(
    gateway.internal("GetConfig", { ...params, server: "saga" }),
    -32602,
    /only grid is supported/,
  );
  await refusedWith(gateway.internal("GetConfig", params), -32602, /server/);
  await refusedWith(
    gateway.internal("sfu.GridConfig", { ...params, public_endpoint: "no port" }),
    -32602,
    /host:port/,
  );
});

Deno.test("the recommended settings can be changed", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { recommended: { own: { a: 1, b: 1.5 } } } });
  const { config } = await gateway.internal<{ config: string }>("sfu.GridConfig", {
    version: "1",
    config: "",
  });
  assert.match(config, /^\[own\]\na = 1\nb = 1.5\n/);
  assert.doesNotMatch(config, /quic/);
});

Deno.test("a server without an endpoint is known by its IP address and port 4433", async () => {
  await using gateway = await TestGateway.start();
  const report = { version: "1", load: 7, clients: 0, rooms: [] };
  await gateway.internal("SubmitReport", { ...report, server: "grid" });
  const { servers: [server] } = await gateway.internal<Info>("Info", {});
  assert.equal(server?.address, "127.0.0.1:4433");
  assert.equal((server?.report as { load: number }).load, 1, "a load is clamped");
});

Deno.test("a server has one address, however it is spelt, and one that no client could reach is refused", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("SFU.example.:04433", [{ name: "r", peers: 1 }]);
  await gateway.report("sfu.EXAMPLE:4433", [{ name: "r", peers: 1 }]);
  await gateway.report("[::ffff:10.0.0.1]:4433");
  await gateway.internal("server.Drain", { address: "Sfu.example:4433" });
  const { servers } = await gateway.internal<Info>("Info", {});
  assert.deepEqual(servers.map(({ address }) => address), ["sfu.example:4433", "10.0.0.1:4433"]);
  assert.ok(servers[0]?.draining);
  const keyOf = async (public_endpoint: string) => {
    const params = { public_endpoint, version: "1", config: "" };
    const { config } = await gateway.internal<{ config: string }>("sfu.GridConfig", params);
    return /kid = "(.*)"/.exec(config)![1];
  };
  assert.equal(await keyOf("SFU.example.:04433"), await keyOf("sfu.example:4433"));
  for (const address of ["sfu:0", "sfu:65536", "0.0.0.0:4433", "[::]:4433", "*:4433"]) {
    await refusedWith(gateway.report(address), -32602, /public_endpoint: expected host:port/);
    await refusedWith(gateway.internal("server.Drain", { address }), -32602, /address: expected host:port/);
  }
});

Deno.test("a listener on :: knows a server that comes by IPv4 by its IPv4 address", async () => {
  await using gateway = await TestGateway.start({
    http: { hostname: "::", port: 0 },
    internal: { withoutUsers: "anyone" },
  });
  const { port } = new URL(gateway.url);
  for (const host of ["127.0.0.1", "[::1]"]) {
    const report = { version: "1", load: 0, clients: 0, rooms: [] };
    await call(`http://${host}:${port}/internal`, "sfu.Report", report);
  }
  const { servers } = await call<Info>(`http://127.0.0.1:${port}/internal`, "Info", {});
  assert.deepEqual(servers.map(({ address }) => address), ["127.0.0.1:4433", "[::1]:4433"]);
});

Deno.test("Info shows servers, rooms and calls", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu.example:4433", [{ name: "{g}r", peers: 2 }]);
  await gateway.connect("{g}r", "u");
  await refusedWith(gateway.connect(["a", "b"], "u"), -32007, /base/);
  await gateway.call("RoomUpdate", "{g}r", "b", { room_id: "{g}r", user_data: [] });
  const { servers, rooms, stats } = await gateway.internal<Info>("Info", {});
  const [{ firstSeen, lastSeen, keyId, loadPerClient, ...server } = {}] = servers;
  for (const time of [firstSeen, lastSeen]) {
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 10_000 && String(time).endsWith("Z"));
  }
  assert.match(String(keyId), /^A/);
  assert.ok(Number(loadPerClient) > 0 && Number(loadPerClient) < 0.05);
  assert.deepEqual(server, {
    hostname: "sfu.example",
    address: "sfu.example:4433",
    pool: "default",
    version: "test",
    disabled: false,
    report: { load: 0.1, clients: 2, rooms: 1 },
    grants: 1,
    growth: 7, // of ten clients expected where nothing is known, less two there and one on the way
    weight: 1,
    draining: null,
    tasks: 1,
  });
  const [{ hash, updated, ...room } = {}] = rooms;
  assert.match(String(hash), /^[0-9a-f]+$/);
  assert.equal(updated, lastSeen);
  assert.deepEqual(room, {
    id: ["acme", "{g}r"],
    customer: "acme",
    server: "sfu.example:4433",
    peers: 2,
    grants: 1,
  });
  const connects = stats.apiCalls.find(({ name }) => name === "Connect");
  assert.deepEqual(connects, { name: "Connect", success: 1, failure: 0, rejected: 1 });
});

Deno.test("with users, only they may call internal methods", async () => {
  await using gateway = await TestGateway.start({
    internal: { users: [{ name: "odin", password: "geheim:ä/@" }] },
  });
  const body = { jsonrpc: "2.0", id: 1, method: "Info", params: {} };
  const basic = (credentials: string) => ({
    Authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
  });
  const attempts: [Record<string, string>, number][] = [
    [{}, 401],
    [{ Authorization: "Bearer x" }, 401],
    [basic("odin"), 401],
    [basic("odin:wrong"), 401],
    [basic("other:geheim:ä/@"), 401],
    [basic("odin:geheim:ä/@"), 200],
  ];
  for (const [headers, status] of attempts) {
    const response = await gateway.post(body, headers, "/internal");
    assert.equal(response.status, status);
    if (status === 401) assert.match(response.headers.get("www-authenticate") ?? "", /^Basic /);
    await response.body?.cancel();
  }
  const url = new URL(`${gateway.url}/internal`);
  url.username = "odin";
  url.password = encodeURIComponent("geheim:ä/@");
  await call(url.href, "Info", {});
  assert.doesNotMatch(gateway.program.output, /geheim|wrong:/);
});

Deno.test("without users, internal methods are open to this machine only, and not through proxies or browsers", async () => {
  await using gateway = await TestGateway.start();
  const body = { jsonrpc: "2.0", id: 1, method: "Info", params: {} };
  for (
    const headers of [{ "X-Forwarded-For": "1.2.3.4" }, { Forwarded: "for=1.2.3.4" }, {
      Origin: "http://evil.example",
    }]
  ) {
    const response = await gateway.post(body, headers, "/internal");
    assert.equal(response.status, 401);
    await response.body?.cancel();
  }
  const other = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  if (other === undefined) return; // this machine has no other address than loopback
  await using open = await TestGateway.start({ http: { hostname: "0.0.0.0", port: 0 } });
  const remote = open.url.replace("127.0.0.1", other.address);
  const response = await fetch(`${remote}/internal`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(response.status, 401);
  assert.match((await response.json()).error.message, /internal\.users/);
});

Deno.test("a switch opens internal methods to anybody, which is announced loudly", async () => {
  await using gateway = await TestGateway.start({ internal: { withoutUsers: "anyone" } });
  assert.match(gateway.program.output, /\/internal IS OPEN TO ANYBODY/);
  const response = await gateway.post(
    { jsonrpc: "2.0", id: 1, method: "Info" },
    { "X-Forwarded-For": "1.2.3.4" },
    "/internal",
  );
  assert.ok((await response.json()).result);
  const page = await gateway.post(
    { jsonrpc: "2.0", id: 1, method: "Info" },
    { Origin: "http://x" },
    "/internal",
  );
  assert.equal(page.status, 401, "a page in a browser is refused in any case");
  await page.body?.cancel();
});

Deno.test("a silent server is disabled, then removed, and comes back with a report", async () => {
  await using gateway = await TestGateway.start({
    sfuConfig: { updateInterval: 0.2, disableTimeout: 0.5, removeTimeout: 1.5 },
  });
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.program.printed(/server a:1 is silent/);
  await refusedWith(gateway.connect("r", "u"), -32002, /no server/);
  const disabled = async () =>
    (await gateway.internal<Info>("Info", {})).servers.map(({ disabled }) => disabled);
  assert.deepEqual(await disabled(), [true]);
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  assert.deepEqual(await disabled(), [false]);
  await gateway.connect("r", "u");
  await gateway.program.printed(/server a:1 is removed/);
  assert.deepEqual(await disabled(), []);
  await gateway.report("a:1");
  await gateway.connect("r", "u");
});

Deno.test("in a collision the newcomer is told to close the room for one report interval", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  const close = { task: "RoomClose", id: ["acme", "r"], ban_time: { secs: 5, nanos: 0 } };
  assert.deepEqual(await gateway.report("b:1", [{ name: "r", peers: 9 }]), [close]);
  assert.equal((await gateway.connect("r", "u")).address, "a:1");
});

Deno.test("pools: a server belongs to the pool it reports on, a client is placed in the pool it asks", async () => {
  await using gateway = await TestGateway.start({ sfuPools: { available: ["eu", "us"], default: "eu" } });
  await gateway.report("eu:1", [], { path: "/eu/internal" });
  await gateway.report("us:1", [], { path: "/us/internal" });
  assert.equal((await gateway.connect("a", "u", "/us/")).address, "us:1");
  assert.equal((await gateway.connect("b", "u", "/eu")).address, "eu:1");
  assert.equal((await gateway.connect("c", "u", "/")).address, "eu:1", "bare paths are the default pool");
  assert.equal((await gateway.connect("a", "v", "/eu/")).address, "us:1", "a placed room stays where it is");
  await gateway.report("more:1", [], { path: "/internal", load: 0 });
  assert.equal((await gateway.connect("d", "u")).address, "more:1");
  assert.equal((await gateway.post({}, {}, "/asia/")).status, 404);
});

Deno.test("a report that is sent as a notification takes no tasks away", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data: [1] });
  const params = {
    public_endpoint: "a:1",
    version: "1",
    load: 0,
    clients: 1,
    rooms: [{ id: ["acme", "r"], customer: "acme", age: { secs: 0, nanos: 0 }, peers: 1 }],
  };
  const response = await gateway.post({ jsonrpc: "2.0", method: "sfu.Report", params }, {}, "/internal");
  assert.equal(response.status, 204);
  await sleep(200);
  assert.equal((await gateway.report("a:1", [{ name: "r", peers: 1 }])).length, 1);
});
