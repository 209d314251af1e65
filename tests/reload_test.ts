import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";
import { newCertificate } from "./certificate.ts";
import { claimsOf, refusedWith, sleep, TestGateway } from "./gateway.ts";

interface Reloaded {
  readonly changed: string[];
  readonly restart: { readonly member: string; readonly reason: string }[];
  readonly warnings: string[];
}

/** A gateway whose `config.ts` a test rewrites. */
class Reloadable implements AsyncDisposable {
  private constructor(readonly gateway: TestGateway, readonly base: object) {}

  static async start(config: object = {}): Promise<Reloadable> {
    const gateway = await TestGateway.start(config);
    const source = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
    const base = (await import(`data:application/javascript,${encodeURIComponent(source)}`)).default;
    return new Reloadable(gateway, base);
  }

  write(config: object): void {
    this.writeText(configSource({ ...this.base, ...config }));
  }

  writeText(text: string): void {
    Deno.writeTextFileSync(`${this.gateway.folder.path}/config.ts`, text);
  }

  reload(): Promise<Reloaded> {
    return this.gateway.internal<Reloaded>("config.Reload", {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }
}

Deno.test("a reload takes effect everywhere, and names what takes a restart", async () => {
  await using its = await Reloadable.start();
  const { gateway } = its;
  await gateway.report("sfu:4433");
  const { token } = await gateway.connect("before", "u");
  assert.equal(Number(claimsOf(token).exp) - Number(claimsOf(token).nbf) >= 300, true);
  its.write({
    logLevel: "DEBUG",
    logFormat: "json",
    http: { hostname: "127.0.0.1", port: 7999 },
    loginToken: { lifetime: 60 },
    placement: { strategy: "least-rooms" },
    limits: { batch: 2, publicBody: 2000, headers: 64_000, url: 20 },
    unknownCustomers: { maxPeers: 5, maxRooms: 5 },
    connections: { idleTimeout: 0.2 },
    operations: { users: [{ name: "ann", password: "sixteen characters", role: "read" }] },
    bans: { maxTime: 10 },
    sfuPools: { available: ["eu", "us"], default: "eu" },
    sfuConfig: { recommended: { quic: { keep_alive_interval: 1234 } } },
    compatibility: { tokenWithoutSub: "everything" },
  });
  const { changed, restart, warnings } = await its.reload();
  assert.deepEqual(warnings, []);
  assert.deepEqual(restart.map(({ member }) => member).toSorted(), ["http.port", "limits.headers"]);
  assert.deepEqual(changed.toSorted(), [
    ...["bans.maxTime", "compatibility.tokenWithoutSub", "connections.idleTimeout", "limits.batch"],
    ...[
      "limits.publicBody",
      "limits.url",
      "logFormat",
      "logLevel",
      "loginToken.lifetime",
      "operations.users",
    ],
    ...["placement.strategy", "sfuConfig.recommended", "sfuPools", "unknownCustomers"],
  ]);
  await gateway.report("sfu:4433", [], { path: "/eu/internal" });
  const after = await gateway.connect("after", "u", "/eu/");
  assert.equal(
    Number(claimsOf(after.token).exp) - Number(claimsOf(token).exp) < -200,
    true,
    "tokens' lifetime",
  );
  const why = await gateway.internal<{ chosen_by: string }>("room.Explain", { room_id: ["acme", "after"] });
  assert.match(JSON.stringify(why), /least-rooms/);
  assert.equal((await gateway.post("x".repeat(3000), { Authorization: "Bearer x" })).status, 401);
  assert.equal((await gateway.post("{}", {}, `/${"x".repeat(30)}`)).status, 414);
  const stranger = new TokenGenerator(newCustomer("stranger").accessKey).createToken("room", "somebody");
  assert.ok(
    await call(`${gateway.url}/eu/`, "Connect", {}, { token: stranger }),
    "a customer that is in no list",
  );
  const { hostname, port } = new URL(gateway.url);
  using idle = await Deno.connect({ hostname, port: Number(port) });
  await idle.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (await idle.read(new Uint8Array(1000)) !== null); // ends, because it is idle
  const [, operations] = /operations: .* (http:\S+)/.exec(gateway.program.output)!;
  const rpc = await fetch(`${operations}/rpc`, { method: "POST", body: "{}" });
  assert.equal(rpc.status, 401, "operations has users now");
  await rpc.body?.cancel();
  const big = gateway.tokens.createToken("r", "u");
  assert.equal((await gateway.post("x".repeat(3000), { Authorization: `Bearer ${big}` })).status, 413);
  const config = await gateway.internal<{ config: string }>("GetConfig", {
    server: "grid",
    public_endpoint: "sfu:4433",
    version: "1",
    config: "",
  });
  assert.match(config.config, /keep_alive_interval = 1234/);
  await gateway.program.printed(/\{"@timestamp".*"level":"DEBUG".*granted/);
  await gateway.program.printed(/takes a restart: \W*the listener is opened at the start/);
});

Deno.test("a configuration that is wrong is refused with its message, and nothing of it is in force", async () => {
  await using its = await Reloadable.start();
  const { gateway } = its;
  await gateway.report("sfu:4433");
  its.write({ limits: { batch: "many" }, customers: [], logLevel: "DEBUG" });
  await refusedWith(its.reload(), -32012, /limits\.batch: expected number/);
  its.writeText("export default {");
  await refusedWith(its.reload(), -32012, /config\.ts cannot be loaded: line 1/);
  its.writeText('export default { get http() { throw new Error("no vault"); } };');
  await refusedWith(its.reload(), -32012, /config\.ts cannot be loaded: line 1, column \d+: no vault/);
  its.writeText("export default {");
  assert.equal((await gateway.connect("r", "u")).address, "sfu:4433");
  gateway.program.kill("SIGHUP");
  await gateway.program.printed(
    /SIGHUP: reading[^]*the reload is refused, all stays as it was: [^\n]*config\.ts cannot be loaded/,
  );
  its.write({ limits: { batch: 3 } });
  assert.deepEqual((await its.reload()).changed, ["limits.batch"]);
  assert.deepEqual((await its.reload()).changed, [], "nothing has changed since");
});

Deno.test("SIGHUP reads the configuration again, and all that it imports", async () => {
  await using its = await Reloadable.start();
  const { gateway } = its;
  await gateway.report("sfu:4433");
  const other = newCustomer("other");
  const list = JSON.stringify(
    [(its.base as { customers: object[] }).customers[0], other.entry],
    (_, value) => value,
  );
  Deno.writeTextFileSync(`${gateway.folder.path}/customers.json`, JSON.stringify([other.entry]));
  Deno.writeTextFileSync(
    `${gateway.folder.path}/customers.ts`,
    `import list from "./customers.json" with { type: "json" }; export const customers: object[] = list;`,
  );
  its.writeText(
    `import { customers } from "./customers.ts"; export default { ...${
      JSON.stringify({ ...its.base, customers: undefined })
    }, customers };`,
  );
  gateway.program.kill("SIGHUP");
  await gateway.program.printed(/the configuration was read again: customers changed/);
  await refusedWith(gateway.connect("r", "u"), -32000, /key \(kid\) is not known/);
  Deno.writeTextFileSync(`${gateway.folder.path}/customers.json`, list);
  const { customers, keys } = await gateway.internal<{ customers: number; keys: number }>(
    "customers.Reload",
    {},
  );
  assert.deepEqual({ customers, keys }, { customers: 2, keys: 2 });
  assert.equal((await gateway.connect("r", "u")).address, "sfu:4433");
});

Deno.test("users of /internal that were removed may not call any more, and new ones may", async () => {
  const users = (name: string) => ({ internal: { users: [{ name, password: "sixteen characters" }] } });
  await using its = await Reloadable.start(users("one"));
  const { gateway } = its;
  const as = (name: string) => gateway.url.replace("//", `//${name}:sixteen%20characters@`) + "/internal";
  its.write(users("two"));
  assert.deepEqual(await call<Reloaded>(as("one"), "config.Reload", {}), {
    changed: ["internal.users"],
    restart: [],
    warnings: [],
  });
  await refusedWith(call(as("one"), "Info", {}), -32000, /user or password is wrong/);
  await call(as("two"), "Info", {});
});

Deno.test("a server's user may not reload", async () => {
  const password = "sixteen characters";
  await using gateway = await TestGateway.start({
    internal: { users: [{ name: "sfu", password, role: "server" }] },
  });
  const url = gateway.url.replace("//", "//sfu:sixteen%20characters@") + "/internal";
  for (const method of ["config.Reload", "customers.Reload"]) {
    await refusedWith(call(url, method, {}), -32001, /this method is for operators/);
  }
});

Deno.test("a reload takes other certificate files over, and refuses those that cannot be used", async () => {
  using folder = new TemporaryFolder();
  const write = async (name: string) => {
    const { cert, key } = await newCertificate();
    Deno.writeTextFileSync(`${folder.path}/${name}.pem`, cert);
    Deno.writeTextFileSync(`${folder.path}/${name}.key`, key);
    return cert;
  };
  const [one, two] = [await write("one"), await write("two")];
  const { entry } = newCustomer("acme");
  const config = (name: string, keyName = name) =>
    configSource({
      customers: [entry],
      useSsl: true,
      https: {
        hostname: "127.0.0.1",
        port: 0,
        certFile: `${folder.path}/${name}.pem`,
        keyFile: `${folder.path}/${keyName}.key`,
      },
    });
  await using program = await Program.start({ config: config("one"), folder: folder.path });
  const ask = async (cert: string) => {
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const response = await fetch(program.url, { client });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await ask(one), 405);
  await assert.rejects(ask(two));
  Deno.writeTextFileSync(`${folder.path}/config.ts`, config("two", "one"));
  program.kill("SIGHUP");
  await program.printed(/the reload is refused[^\n]*two\.pem/);
  assert.equal(await ask(one), 405);
  Deno.writeTextFileSync(`${folder.path}/config.ts`, config("two"));
  program.kill("SIGHUP");
  await program.printed(/https\.certFile, https\.keyFile changed/);
  assert.equal(await ask(two), 405);
  await assert.rejects(ask(one));
});

Deno.test("twenty reloads in the middle of load: no request fails, and no connection is dropped", async () => {
  await using its = await Reloadable.start();
  const { gateway } = its;
  await gateway.report("sfu:4433");
  let over = false;
  let done = 0;
  const failures: unknown[] = [];
  const caller = async (name: string) => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    const token = gateway.tokens.createToken("room", name);
    while (!over) {
      try {
        await call(gateway.url, "Connect", {}, { token, client });
        done++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const { hostname, port } = new URL(gateway.url);
  using kept = await Deno.connect({ hostname, port: Number(port) });
  const callers = Array.from({ length: 8 }, (_, i) => caller(`user-${i}`));
  for (let i = 0; i < 20; i++) {
    its.write({ limits: { batch: 10 + i }, connections: { idleTimeout: 60 + i } });
    assert.equal((await its.reload()).changed.length, 2);
    await sleep(20);
  }
  over = true;
  await Promise.all(callers);
  assert.deepEqual(failures, []);
  assert.ok(done > 100, `only ${done} calls`);
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info" });
  await kept.write(new TextEncoder().encode(
    `POST /internal HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  ));
  const buffer = new Uint8Array(100);
  const read = await kept.read(buffer);
  assert.match(new TextDecoder().decode(buffer.subarray(0, read ?? 0)), /^HTTP\/1\.1 200 OK/);
});

const BROKEN_KEY = { publicKey: { kid: "k", kty: "OKP", crv: "Ed25519", x: "short" } };

/** Configurations by which nobody could connect any more. */
const EMPTYING: [string, (config: object) => string, RegExp][] = [
  ["a list in place of the configuration", () => "export default []", /expected an object as default export/],
  [
    "no customers",
    (config) => configSource({ ...config, customers: undefined }),
    /customers: there are none/,
  ],
  ["an empty list", (config) => configSource({ ...config, customers: [] }), /customers: there are none/],
  [
    "customers whose keys are all broken",
    (config) => configSource({ ...config, customers: [{ id: "acme", accessKeys: [BROKEN_KEY] }] }),
    /customers: none can be used \(customer "acme", key k: /,
  ],
  [
    "customers without a key",
    (config) => configSource({ ...config, customers: [{ id: "acme", accessKeys: [] }] }),
    /nobody could connect any more/,
  ],
];
Deno.test("a reload that leaves nobody who can connect is refused, and all who could still can", async (t) => {
  await using its = await Reloadable.start();
  const { gateway } = its;
  await gateway.report("sfu:4433");
  for (const [what, text, message] of EMPTYING) {
    await t.step(what, async () => {
      its.writeText(text({ ...its.base, logLevel: "DEBUG" }));
      for (const method of ["config.Reload", "customers.Reload"]) {
        await refusedWith(gateway.internal(method, {}), -32012, message);
      }
      assert.equal((await gateway.connect("r", "u")).address, "sfu:4433");
    });
  }
  await gateway.program.printed(/the reload is refused, all stays as it was: [^\n]*nobody could connect/);
  its.write({ customers: [], unknownCustomers: { maxPeers: 5, maxRooms: 5 } });
  assert.ok((await its.reload()).changed.includes("customers"), "strangers are let in, and so it was too");
});

Deno.test("a reload names the customers that it has to leave out", async () => {
  await using its = await Reloadable.start();
  const { customers } = its.base as { customers: object[] };
  its.write({ customers: [...customers, { id: "broken", accessKeys: [BROKEN_KEY] }] });
  const { warnings } = await its.reload();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^customer "broken", key k is skipped: /);
});

Deno.test("a reload is refused where what it can take over does not go with what takes a restart", async () => {
  const users = [{ name: "ann", password: "sixteen characters" }];
  await using its = await Reloadable.start({ operations: { hostname: "0.0.0.0", port: 0, users } });
  const { gateway } = its;
  const status = () =>
    fetch(`${gateway.operations}/readyz`, {
      headers: { Authorization: `Basic ${btoa("ann:sixteen characters")}` },
    });
  its.write({ operations: { hostname: "127.0.0.1", port: 0 } });
  const { message } = await refusedWith(
    its.reload(),
    -32012,
    /operations\.users: expected a user, since other machines reach 0\.0\.0\.0/,
  );
  assert.match(message, /restart the gateway, or leave operations\.hostname as before/);
  const response = await status();
  assert.notEqual(response.status, 401);
  await response.body?.cancel();
});

Deno.test("a reload tells what would keep the restart from succeeding that it asks for", async () => {
  await using its = await Reloadable.start();
  its.write({ useSsl: true, https: { certFile: "/nowhere/c.pem", keyFile: "/nowhere/k.pem" } });
  const { restart, warnings } = await its.reload();
  assert.ok(restart.some(({ member }) => member === "useSsl"));
  assert.match(
    warnings.join(),
    /useSsl takes a restart, and that would fail: https\.certFile: .*\/nowhere\/c\.pem/,
  );
  await its.gateway.program.printed(/useSsl takes a restart, and that would fail/);
});
