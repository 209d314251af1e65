import assert from "node:assert/strict";
import { connect } from "node:net";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { writeLargeStore } from "../sim/large_store.ts";
import { startLoad } from "../sim/upgrades.ts";
import { NO_REDIS, RedisServer } from "../src/store/redis/testing.ts";
import { newCertificate } from "./certificate.ts";
import { eventually, refusedWith, sleep, TestGateway } from "./gateway.ts";
import { WebhookReceiver } from "./webhook_receiver.ts";

/** Whether the kernel hands over connections that it has accepted and the process has not (docs/operations.md). */
function kernelMoves(): boolean {
  try {
    return Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_migrate_req").trim() === "1";
  } catch {
    return false;
  }
}

/** A load on a gateway; callers with a new connection for each call only where the kernel loses none of these. */
function loadOn({ url, accessKey }: TestGateway) {
  return startLoad({ url, accessKey, kept: 4, fresh: kernelMoves() ? 2 : 0, pause: 10 });
}

/** Starts a process that takes over from the one before. */
function takeOver(
  gateway: TestGateway,
  args: readonly string[] = [],
  config: string | undefined = undefined,
) {
  const { path } = gateway.folder;
  return {
    config: config ?? Deno.readTextFileSync(`${path}/config.ts`),
    folder: path,
    args: ["--take-over", ...args],
  };
}

Deno.test("upgrade after upgrade under load: no call fails, and no task and no ban is lost", async () => {
  await using gateway = await TestGateway.start({
    connections: { idleTimeout: 3 },
    sfuConfig: { updateInterval: 0.2 },
  });
  const before: (typeof gateway.program)[] = [];
  await gateway.report("sfu-a:4433");
  const load = await loadOn(gateway);
  for (let i = 0; i < 6; i++) {
    await sleep(150);
    before.push(gateway.program);
    gateway.program = await Program.start(takeOver(gateway));
    assert.equal(gateway.program.url, before[0]!.url);
  }
  await sleep(300);
  const { calls, failures, lost, tasks, bans } = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(lost, 0, `of ${tasks} tasks`);
  assert.ok(
    calls > 100 && tasks > 10 && bans.length > 10,
    `${calls} calls, ${tasks} tasks, ${bans.length} bans`,
  );
  for (const user of bans) await refusedWith(gateway.connect("room", user), -32004, /banned/);
  for (const program of before) {
    assert.equal((await program.status).code, 0, program.output);
    assert.match(program.output, /handed over: requests waited for \d+ ms/);
  }
});

Deno.test("a process that has handed over still says what it had to", async () => {
  await using gateway = await TestGateway.start({ connections: { idleTimeout: 1 } });
  for (let i = 0; i < 3; i++) {
    const response = await gateway.post("{}", { Authorization: "Bearer none" });
    await response.body?.cancel();
    assert.equal(response.status, 401);
  }
  const before = gateway.program;
  gateway.program = await Program.start(takeOver(gateway));
  assert.equal((await before.status).code, 0, before.output);
  assert.match(before.output, /of 127\.0\.0\.1 is refused 2 times more/);
});

Deno.test("with 100,000 rooms stored callers wait as long as with none, and nothing is lost that changes meanwhile", async () => {
  await using gateway = await TestGateway.start({
    sfuConfig: { updateInterval: 0.2, disableTimeout: 600, removeTimeout: 600 },
    rates: { perKey: 1e6, perCustomer: 1e6, perAddress: 1e6 },
  });
  await gateway.program.stop();
  await writeLargeStore(`${gateway.folder.path}/data`);
  await gateway.restart();
  await gateway.report("sfu-a:4433");
  assert.equal((await gateway.connect("room", "u")).address, "sfu-a:4433"); // the others never fetch their tasks
  const load = await loadOn(gateway);
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    const before = gateway.program;
    gateway.program = await Program.start(takeOver(gateway));
    waits.push(Number((await before.printed(/requests waited for (\d+) ms/))[1]));
  }
  const { failures, lost, bans, tasks } = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(lost, 0, `of ${tasks} tasks`);
  for (const user of bans) await refusedWith(gateway.connect("room", user), -32004, /banned/);
  assert.ok(Math.min(...waits) < 400, `they waited ${waits.join(", ")} ms`); // 0.7 s if all were read meanwhile
});

/** A process that is about to take over, as the one that runs sees it. */
class Comer implements Disposable {
  private constructor(readonly socket: Deno.UnixConn) {}

  static async to({ folder }: TestGateway): Promise<Comer> {
    const path = `${folder.path}/data/take-over.sock`;
    return new Comer(await Deno.connect({ transport: "unix", path }));
  }

  async ask(line: object): Promise<string> {
    await this.socket.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    const answer = new Uint8Array(1000);
    return new TextDecoder().decode(answer.subarray(0, await this.socket.read(answer) ?? 0));
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

Deno.test("a process that ends while it reads what is there leaves the one before as it was", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2 } });
  await gateway.report("sfu-a:4433");
  const load = await loadOn(gateway);
  for (let i = 0; i < 3; i++) {
    {
      using comer = await Comer.to(gateway);
      assert.equal(await comer.ask({ prepare: "ending" }), '{"prepared":true}\n');
    }
    await sleep(100);
  }
  const before = gateway.program;
  gateway.program = await Program.start(takeOver(gateway));
  await before.printed(/handed over/);
  const { failures, lost } = await load.stop();
  assert.deepEqual([failures, lost], [[], 0]);
});

Deno.test("a process that is told to stop while it reads what is there takes nothing over", async () => {
  await using gateway = await TestGateway.start();
  await gateway.program.stop();
  await writeLargeStore(`${gateway.folder.path}/data`);
  await gateway.restart();
  await using next = new Program(takeOver(gateway));
  await gateway.program.printed(/reads the data folder, to take over/);
  next.kill("SIGTERM");
  assert.equal((await next.status).code, 0, next.output);
  assert.match(next.output, /SIGTERM: nothing is taken over, the other process goes on/);
  assert.equal((await gateway.internal<{ rooms: object[] }>("Info", {})).rooms.length, 100_000);
  assert.doesNotMatch(gateway.program.output, /requests wait/);
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`where the process before ends meanwhile, by ${signal}, the new one starts as if there had been none`, async () => {
    await using gateway = await TestGateway.start({ sfuConfig: { disableTimeout: 600, removeTimeout: 600 } });
    await gateway.program.stop();
    await writeLargeStore(`${gateway.folder.path}/data`);
    await gateway.restart();
    await gateway.report("sfu-a:4433");
    const { address } = await gateway.connect("new", "user");
    const before = gateway.program;
    const starting = Program.start(takeOver(gateway));
    await before.printed(/reads the data folder, to take over/);
    before.kill(signal);
    gateway.program = await starting;
    assert.match(gateway.program.output, /has ended: this one starts as if there had been none/);
    assert.equal((await gateway.connect("new", "user")).address, address);
    assert.equal((await gateway.internal<{ rooms: object[] }>("Info", {})).rooms.length, 100_001);
  });
}

Deno.test("what another process has read is not taken over once everything has been written anew", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu-a:4433");
  using comer = await Comer.to(gateway);
  assert.equal(await comer.ask({ prepare: "late" }), '{"prepared":true}\n');
  Deno.removeSync(`${gateway.folder.path}/data/gateway.db`);
  await gateway.program.printed(/can be written again/);
  assert.match(
    await comer.ask({ takeOver: "late" }),
    /"refused":"its data folder was written anew meanwhile/,
  );
  assert.ok((await gateway.connect("room", "user")).token);
});

Deno.test("where the new process cannot start, the old one goes on, and no call fails", async () => {
  await using other = await TestGateway.start();
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2 } });
  await gateway.report("sfu-a:4433");
  const load = await loadOn(gateway);
  const [, port] = new URL(other.url).host.split(":");
  const mistakes: [string[], string | undefined, RegExp][] = [
    [["--port", port!], undefined, /the port is in use/],
    [[], "export default { limits: 5 };", /limits: expected/],
    [["--ssl", "--certificate", "/nowhere"], undefined, /https\.certFile/],
  ];
  for (const [args, config, message] of mistakes) {
    const original = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
    const next = new Program(takeOver(gateway, args, config));
    assert.equal((await next.status).code, 2, next.output);
    assert.match(next.output, message);
    Deno.writeTextFileSync(`${gateway.folder.path}/config.ts`, original);
  }
  await gateway.program.printed(/the other process did not get ready: this one goes on/);
  await using next = await Program.start(takeOver(gateway));
  const { failures, lost, bans } = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(lost, 0);
  for (const user of bans) await refusedWith(gateway.connect("room", user), -32004, /banned/);
  assert.match(next.output, /in place of the process before/);
});

Deno.test("a process that dies while it takes over leaves the one before as it was", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.2 } });
  await gateway.report("sfu-a:4433");
  const load = await loadOn(gateway);
  for (let i = 0; i < 3; i++) {
    const socket = connect({ path: `${gateway.folder.path}/data/take-over.sock` });
    socket.on("error", () => {}); // the gateway may be the first to end it
    socket.write('{"takeOver":"dying"}\n');
    const answer = await new Promise((resolve) => socket.once("data", resolve));
    assert.match(String(answer), /"released":\{"main":\d+/);
    const second = new Program(takeOver(gateway));
    assert.equal((await second.status).code, 2);
    assert.match(second.output, /does not hand over: another process is taking over already/);
    socket.destroy();
    await gateway.program.printed(new RegExp(`(?:the other process did not get ready[^]*?){${i + 1}}`));
  }
  const { calls, failures, lost } = await load.stop();
  assert.deepEqual([failures, lost], [[], 0]);
  assert.ok(calls > 0);
  await gateway.restart();
});

Deno.test("a process that gets its folder back with a damaged file of webhooks answers, without webhooks", async () => {
  await using gateway = await TestGateway.start({
    webhooks: [{ url: "http://127.0.0.1:9/", secret: `whsec_${"a".repeat(40)}` }],
  });
  await gateway.report("sfu-a:4433");
  const socket = connect({ path: `${gateway.folder.path}/data/take-over.sock` });
  socket.on("error", () => {});
  socket.write('{"takeOver":"dying"}\n');
  await new Promise((resolve) => socket.once("data", resolve));
  const file = `${gateway.folder.path}/data/webhooks.db`;
  Deno.writeFileSync(file, Deno.readFileSync(file).fill(0xff, 4096)); // all but the first page, which has the schema
  socket.destroy();
  await gateway.program.printed(/no webhooks until the next start: \S+webhooks\.db cannot be used/);
  assert.ok((await gateway.connect("room", "user")).token);
});

Deno.test("with --take-over and nobody to take over from, a gateway starts as ever", async () => {
  using folder = new TemporaryFolder();
  await using program = await Program.start({
    config: configSource({}),
    folder: folder.path,
    args: ["--take-over"],
  });
  for (const name of ["take-over.sock", "requests.sock"]) {
    assert.equal(Deno.statSync(`${folder.path}/data/${name}`).mode! & 0o777, 0o600);
  }
  assert.equal((await program.stop()).code, 0);
  assert.throws(() => Deno.statSync(`${folder.path}/data/take-over.sock`), Deno.errors.NotFound);
});

Deno.test("what comes on an open connection of TLS is passed on, and answered with a request for a new one", async () => {
  using certificates = new TemporaryFolder();
  const { cert, key } = await newCertificate();
  Deno.writeTextFileSync(`${certificates.path}/c.pem`, cert);
  Deno.writeTextFileSync(`${certificates.path}/k.pem`, key);
  const { entry } = newCustomer("acme");
  const https = {
    hostname: "127.0.0.1",
    port: 0,
    certFile: `${certificates.path}/c.pem`,
    keyFile: `${certificates.path}/k.pem`,
  };
  await using gateway = await TestGateway.start({ customers: [entry], useSsl: true, https });
  const port = Number(new URL(gateway.url).port);
  for (const alpn of ["http/1.1", "h2"]) {
    using client = Deno.createHttpClient({ caCerts: [cert], http1: alpn !== "h2", http2: alpn === "h2" });
    const info = () =>
      fetch(`https://127.0.0.1:${port}/internal`, {
        client,
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info" }),
      });
    assert.ok((await (await info()).json()).result);
    const before = gateway.program;
    gateway.program = await Program.start(takeOver(gateway));
    for (let i = 0; i < 3; i++) assert.ok((await (await info()).json()).result, alpn);
    await before.stop();
  }
});

/** A configuration whose customers come from an API that never answers again once it has answered. */
function slowCustomers(entry: object): string {
  const list = configSource({ customers: [entry], startup: { waitForReports: false } });
  return `${list.replace("export default", "const base =")}
const { customers, ...others } = base;
const waits = () => new Promise(() => setInterval(() => {}, 60_000));
let asked = 0;
export default { ...others, customerApi: {
  updateInterval: 3600,
  updateFunction: () => asked++ === 0 && !import.meta.url.includes("?") ? customers : waits(),
} };`;
}

Deno.test("no process waits to hand over for what an operator's call waits for, and nor does any caller", async (t) => {
  await using receiver = new WebhookReceiver();
  const never = Promise.withResolvers<Response>();
  receiver.answer = () => never.promise;
  const webhooks = [{ url: receiver.url, secret: receiver.secret, events: ["ban.lifted"] }];
  const { entry, accessKey } = newCustomer("acme");
  const plain = configSource({ webhooks, customers: [entry], startup: { waitForReports: false } });
  const cases: [string, string, string | undefined][] = [
    ["webhook.Test", plain, undefined],
    ["customers.Reload", slowCustomers(entry), undefined],
    ["config.Reload", plain, `await new Promise(() => setInterval(() => {}, 60_000));\n${plain}`],
  ];
  for (const [method, config, later] of cases) {
    await t.step(method, async () => {
      using folder = new TemporaryFolder();
      await using program = await Program.start({ config, folder: folder.path });
      if (later !== undefined) Deno.writeTextFileSync(`${folder.path}/config.ts`, later);
      const url = `${program.url}/internal`;
      const weight = (weight: number) => ({
        ...{ jsonrpc: "2.0", id: 2, method: "server.SetWeight" },
        params: { address: "sfu-a:4433", weight },
      });
      const load = await startLoad({ url: program.url, accessKey, kept: 3, fresh: 0, pause: 10 });
      await sleep(300);
      const asked = fetch(url, {
        method: "POST",
        body: JSON.stringify([{ jsonrpc: "2.0", id: 1, method, params: {} }, weight(0.5)]),
      });
      await sleep(200); // until it waits
      await using next = await Program.start({ config, folder: folder.path, args: ["--take-over"] });
      const answers = await (await asked).json();
      for (const { error } of answers) assert.match(error.message, /another process has taken over/);
      assert.equal(answers.length, 2);
      const { failures, lost, calls } = await load.stop();
      assert.deepEqual([failures, lost], [[], 0]);
      assert.ok(calls > 10);
      assert.match(next.output, /in place of the process before/);
    });
  }
  never.resolve(new Response());
});

Deno.test("no call of an operator, and no probe, fails on the operations listener while processes take over", async () => {
  await using gateway = await TestGateway.start({
    operations: { hostname: "127.0.0.1", port: 0 },
    connections: { idleTimeout: 3 },
  });
  await gateway.report("sfu-a:4433");
  const url = gateway.operations;
  const rpc = (method: string, params: object) => async (client: Deno.HttpClient) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const response = await fetch(`${url}/rpc`, { method: "POST", client, body });
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), null);
    const { result } = await response.json();
    return result !== undefined;
  };
  const get = (path: string) => async (client: Deno.HttpClient) => {
    const response = await fetch(url + path, { client });
    const text = await response.text();
    return response.ok && text.includes(path === "/metrics" ? "odin_gateway_" : "ok");
  };
  const asks = {
    "gateway.Status": rpc("gateway.Status", {}),
    "server.SetWeight": rpc("server.SetWeight", { address: "sfu-a:4433", weight: 1 }),
    "/healthz": get("/healthz"),
    "/metrics": get("/metrics"),
  };
  const failures: string[] = [];
  const counts: Record<string, number> = {};
  let over = false;
  const callers = Object.entries(asks).map(async ([name, ask]) => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    while (!over) {
      const fine = await ask(client).catch(String);
      if (fine !== true) failures.push(`${name}: ${fine}`);
      counts[name] = (counts[name] ?? 0) + 1;
      await sleep(5);
    }
  });
  const before: (typeof gateway.program)[] = [];
  for (let i = 0; i < 4; i++) {
    await sleep(150);
    before.push(gateway.program);
    gateway.program = await Program.start(takeOver(gateway));
    assert.equal(gateway.operations, url);
  }
  await sleep(300);
  over = true;
  await Promise.all(callers);
  assert.deepEqual(failures, []);
  for (const name of Object.keys(asks)) assert.ok(counts[name]! > 10, `${name}: ${counts[name]}`);
  for (const program of before) assert.equal((await program.status).code, 0, program.output);
});

Deno.test("a page of the dashboard is told on by the process that takes over", async () => {
  await using gateway = await TestGateway.start({ operations: { hostname: "127.0.0.1", port: 0 } });
  const live = `${gateway.operations}/dashboard/live`;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  const looking = fetch(live).then((response) => response.text());
  using another = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  const before = gateway.program;
  for (const its of [client, another]) {
    await (await fetch(`${gateway.operations}/healthz`, { client: its })).text();
  }
  gateway.program = await Program.start(takeOver(gateway));
  const file = await fetch(`${gateway.operations}/dashboard/app.ts`, { client: another });
  assert.match(await file.text(), /^import \{/m, "a file of the page comes whole, though it is passed on");
  assert.match(await looking, /event: hello/, "what was told so far; it has ended");
  const passed = await fetch(live, { client });
  assert.equal(passed.headers.get("Content-Type"), "text/event-stream");
  assert.equal(await passed.text(), "", "on a connection to the process before, it ends at once");
  // As a page does, which asks again whenever its stream has ended: until it has a connection to the new process.
  const again = async () => {
    const reader = (await fetch(live, { client })).body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  };
  await eventually(again, (told) => told.includes("event: hello"), "told by the other process");
  await before.stop();
});

Deno.test({
  name:
    "a gateway whose store is in Redis is replaced under load too, and one that cannot start leaves it as it was",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    await using gateway = await TestGateway.start({
      store: { redis: { url: `redis://127.0.0.1:${redis.port}` } },
      connections: { idleTimeout: 3 },
      sfuConfig: { updateInterval: 0.2 },
    });
    const before: (typeof gateway.program)[] = [];
    await gateway.report("sfu-a:4433");
    const load = await loadOn(gateway);
    for (let i = 0; i < 3; i++) {
      await sleep(150);
      const config = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
      const wrong = config.replace('"updateInterval": 0.2', '"updateInterval": 0.3');
      assert.notEqual(wrong, config);
      await using refused = new Program(takeOver(gateway, [], wrong));
      assert.equal((await refused.status).code, 2, refused.output);
      assert.match(refused.output, /have another sfuConfig\.updateInterval/);
      await using unable = new Program(takeOver(gateway, ["--host", "192.0.2.1"], config));
      assert.equal((await unable.status).code, 2, unable.output);
      await gateway.program.printed(/the other process did not get ready: this one goes on/);
      before.push(gateway.program);
      gateway.program = await Program.start(takeOver(gateway, [], config));
      assert.equal(gateway.program.url, before[0]!.url);
    }
    await sleep(300);
    const { calls, failures, lost, tasks, bans } = await load.stop();
    assert.deepEqual(failures, []);
    assert.equal(lost, 0, `of ${tasks} tasks`);
    assert.ok(calls > 100 && bans.length > 10, `${calls} calls, ${tasks} tasks, ${bans.length} bans`);
    for (const user of bans) await refusedWith(gateway.connect("room", user), -32004, /banned/);
    for (const program of before) {
      assert.equal((await program.status).code, 0, program.output);
      assert.match(program.output, /handed over: requests waited for \d+ ms/);
    }
  },
});
