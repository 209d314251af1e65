import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { call } from "../sim/rpc_client.ts";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";

const info = { jsonrpc: "2.0", id: 1, method: "Info", params: {} };
const open = configSource({ http: { hostname: "0.0.0.0", port: 0 } });

interface ServerToml {
  readonly supervisor: { readonly url: string };
}

/** What the lines for servers say, with the address that the test reaches the gateway by. */
function urlForServers(folder: string): string {
  const file = `${folder}/data/server.toml`;
  assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
  const text = Deno.readTextFileSync(file);
  assert.match(text, /^# \[provisioning\]\n# url = "http:/m);
  const url = new URL((parse(text) as unknown as ServerToml).supervisor.url);
  assert.equal(url.pathname, "/internal");
  url.hostname = "127.0.0.1";
  return url.href;
}

Deno.test("a gateway that other machines reach makes a user, and writes the lines that a server needs", async () => {
  using folder = new TemporaryFolder();
  let first: string;
  {
    await using program = await Program.start({ config: open, folder: folder.path });
    assert.match(program.output, /made one, .*server\.toml/);
    first = urlForServers(folder.path);
    const { password } = new URL(first);
    assert.ok(password.length >= 32);
    assert.ok(!program.output.includes(password), "the password is in the log");
    for (const headers of [{}, { Authorization: "Basic eDp5" }]) {
      const request = { method: "POST", body: JSON.stringify(info), headers };
      const response = await fetch(`${program.url}/internal`, request);
      assert.equal(response.status, 401);
      await response.body?.cancel();
    }
    await call(first, "sfu.GridConfig", { public_endpoint: "sfu:4433", version: "1", config: "" });
  }
  assert.equal(Deno.statSync(`${folder.path}/data/internal.user`).mode! & 0o777, 0o600);
  await using again = await Program.start({ config: open, folder: folder.path });
  const second = urlForServers(folder.path);
  assert.equal(new URL(second).password, new URL(first).password, "servers keep theirs after a restart");
  assert.equal(new URL(second).port, new URL(again.url).port, "the lines follow the port");
  await call(second, "Info", {});
});

Deno.test("a gateway that only this machine reaches makes no user", async () => {
  await using gateway = await TestGateway.start();
  await gateway.internal("Info", {});
  const names = Array.from(Deno.readDirSync(`${gateway.folder.path}/data`), ({ name }) => name);
  assert.ok(!names.includes("internal.user") && !names.includes("server.toml"), names.join());
});

Deno.test("a gateway that keeps nothing and that other machines reach does not start without users", async () => {
  using folder = new TemporaryFolder();
  await using program = new Program({ config: open, folder: folder.path, args: ["--data", ":memory:"] });
  assert.equal((await program.status).code, 2);
  assert.match(program.output, /error: nobody may call \/internal: .*internal\.users.*--host 127\.0\.0\.1/);
});

Deno.test("a broken user file ends the start with a message that does not show it", async () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(`${folder.path}/data`);
  Deno.writeTextFileSync(`${folder.path}/data/internal.user`, "odin:ha");
  await using program = new Program({ config: open, folder: folder.path });
  assert.equal((await program.status).code, 2);
  assert.match(program.output, /internal\.user: expected user:password/);
  assert.doesNotMatch(program.output, /odin:ha/);
});

Deno.test("local callers may be let in on an open listener, which is announced loudly", async () => {
  await using gateway = await TestGateway.start({
    http: { hostname: "0.0.0.0", port: 0 },
    internal: { withoutUsers: "loopback" },
  });
  assert.match(gateway.program.output, /\/internal IS OPEN TO EVERY PROGRAM ON THIS MACHINE/);
  await gateway.internal("Info", {});
  const response = await gateway.post(info, { "X-Real-IP": "1.2.3.4" }, "/internal");
  assert.equal(response.status, 401);
  await response.body?.cancel();
});

Deno.test("a server's user calls servers' methods for its addresses, an operator's all others", async () => {
  await using gateway = await TestGateway.start({
    internal: {
      users: [
        { name: "sfu", password: "a password", role: "server", addresses: ["*.eu.example:4433", "sfu:1"] },
        { name: "boss", password: "a password", role: "operator" },
        { name: "both", password: "a password" },
      ],
    },
  });
  const as = (user: string) => (method: string, params: object) => {
    const url = new URL(`${gateway.url}/internal`);
    [url.username, url.password] = [user, "a password"];
    return call(url.href, method, params);
  };
  const report = (address: string) => ({
    public_endpoint: address,
    version: "1",
    load: 0,
    clients: 0,
    rooms: [],
  });
  const config = (address: string) => ({
    public_endpoint: address,
    version: "1",
    config: "",
    server: "grid",
  });
  const drain = { address: "SFU:01" };
  await as("sfu")("sfu.Report", report("a.EU.example:4433"));
  await as("sfu")("GetConfig", config("sfu:1"));
  await refusedWith(as("sfu")("sfu.Report", report("a.us.example:4433")), -32001, /may not speak for a\.us/);
  await refusedWith(as("sfu")("GetConfig", config("sfu:2")), -32001, /may not speak for sfu:2/);
  await refusedWith(as("sfu")("sfu.GridConfig", { version: "1", config: "" }), -32001, /127\.0\.0\.1:4433/);
  await refusedWith(as("sfu")("Info", {}), -32001, /is for operators/);
  await refusedWith(as("sfu")("server.Drain", drain), -32001, /is for operators/);
  await refusedWith(as("boss")("sfu.GridConfig", config("sfu:1")), -32001, /is for servers/);
  await refusedWith(
    as("boss")("SubmitReport", { ...report("x:1"), server: "grid" }),
    -32001,
    /is for servers/,
  );
  await as("both")("sfu.Report", report("sfu:1"));
  await as("boss")("server.Drain", drain);
  await as("both")("Info", {});
  await gateway.program.printed(/from 127\.0\.0\.1 is refused: this method is for operators/);
  await gateway.program.printed(/is refused: this user may not speak for/);
});

/** Calls with a password of the only user, the status of the answer. */
async function statusWith(gateway: TestGateway, password: string): Promise<number> {
  const response = await gateway.post(info, { Authorization: `Basic ${btoa(`u:${password}`)}` }, "/internal");
  if (response.status === 429) assert.match(response.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
  await response.body?.cancel();
  return response.status;
}

async function guess(gateway: TestGateway): Promise<void> {
  const guesses = Array.from({ length: 40 }, (_, i) => statusWith(gateway, `guess ${i}`));
  const statuses = await Promise.all(guesses);
  assert.ok(statuses.filter((status) => status === 429).length >= 20, statuses.join());
  assert.ok(statuses.every((status) => status === 401 || status === 429), statuses.join());
}

Deno.test("wrong passwords are limited with a 429 and Retry-After; a right one that nobody can guess always passes", async () => {
  const password = "a password of some length";
  await using gateway = await TestGateway.start({ internal: { users: [{ name: "u", password }] } });
  await guess(gateway);
  assert.equal(await statusWith(gateway, password), 200);
  assert.doesNotMatch(gateway.program.output, /is shorter than/);
});

Deno.test("a password that can be guessed is not even compared amid guesses, but where it has been right before", async () => {
  const password = "hunter2";
  const users = [{ name: "u", password }];
  await using gateway = await TestGateway.start({ internal: { users } });
  assert.match(gateway.program.output, /internal\.users: a password is shorter than 16 characters/);
  assert.ok(!gateway.program.output.includes(password));
  const amidGuesses = async () => {
    await guess(gateway); // so that there is a delay
    await sleep(250);
    const guessing = guess(gateway);
    await sleep(40);
    const status = await statusWith(gateway, password);
    await guessing;
    return status;
  };
  assert.equal(await amidGuesses(), 429);
  await sleep(2100);
  assert.equal(await statusWith(gateway, password), 200);
  assert.equal(await amidGuesses(), 200, "a server there goes on");
});
