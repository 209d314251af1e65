import assert from "node:assert/strict";
import { join } from "node:path";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";
import { signerOf } from "../sim/access_key.ts";
import { refusedWith } from "./gateway.ts";

/** Lines of the audit file, parsed; waits until there are so many. */
async function records(file: string, count: number): Promise<Record<string, unknown>[]> {
  while (true) {
    const lines = Deno.readTextFileSync(file).split("\n").filter((line) => line !== "");
    if (lines.length >= count) return lines.map((line) => JSON.parse(line));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A gateway whose audit is in a file of its folder. */
class AuditedGateway implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly file = join(this.folder.path, "audit.jsonl");
  readonly #customer = newCustomer("acme");
  program!: Program & { readonly url: string };

  async start(config: object = {}, under: readonly string[] = []): Promise<this> {
    this.program = await Program.start({
      config: configSource({
        customers: [this.#customer.entry],
        startup: { waitForReports: false },
        trustedProxies: ["127.0.0.1"],
        audit: { file: this.file },
        ...config,
      }),
      folder: this.folder.path,
      args: ["--data", ":memory:"],
      under,
    });
    return this;
  }

  backend(method: string, params: object, sub = method): Promise<unknown> {
    const token = signerOf(this.#customer.accessKey)({ rid: "room", uid: "u", sub });
    return call(this.program.url, method, params, { token });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("management and operators' calls are in the audit file, without payloads, and reports and Connects are not", async () => {
  await using gateway = await new AuditedGateway().start({
    internal: {
      users: [{ name: "ann", password: "x".repeat(20), role: "operator" }, {
        name: "sfu",
        password: "y".repeat(20),
        role: "server",
      }],
    },
  });
  const { url } = gateway.program;
  const internal = async (user: string, method: string, params: object) => {
    const response = await fetch(`${url}/internal`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(user)}`, "X-Forwarded-For": "203.0.113.7" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    await response.body?.cancel();
  };
  const ann = `ann:${"x".repeat(20)}`;
  const sfu = `sfu:${"y".repeat(20)}`;
  const report = { public_endpoint: "sfu:4433", version: "1", load: 0, clients: 0, rooms: [] };
  await internal(sfu, "sfu.GridConfig", { version: "1", config: 'secret = "toml"' });
  await internal(sfu, "sfu.Report", report);
  await gateway.backend("Connect", {});
  await gateway.backend("RoomSendMessage", { room_id: "room", user_id: "u", message: [115, 101, 99] });
  await refusedWith(gateway.backend("RoomClose", { room_id: "elsewhere" }), -32001, /rid/);
  await refusedWith(gateway.backend("RoomClose", { room_id: "room" }, "Connect"), -32601, /no such method/);
  await internal(ann, "server.Drain", { address: "sfu:4433", deadline: 60 });
  await internal(sfu, "server.Drain", { address: "sfu:4433" });
  const all = await records(gateway.file, 6);
  assert.deepEqual(all.map(({ method, role, outcome }) => [method, role, outcome]), [
    ["sfu.GridConfig", "server", "success"],
    ["RoomSendMessage", "customer", "success"],
    ["RoomClose", "customer", "rejected"],
    ["RoomClose", "customer", "rejected"],
    ["server.Drain", "operator", "success"],
    ["server.Drain", "server", "rejected"],
  ]);
  const [config, message, close, notInSub, drain] = all;
  assert.deepEqual(config!.params, { version: "1", config: { characters: 15 } });
  assert.deepEqual(message!.params, { room_id: "room", user_id: "u", message: { items: 3 } });
  assert.deepEqual([message!.customer, message!.address], ["acme", "127.0.0.1"]);
  assert.deepEqual(close!.error, { code: -32001, message: "room_id is not one of the token's rid values" });
  assert.deepEqual(notInSub!.error, { code: -32601, message: "no such method for this caller" });
  assert.deepEqual([notInSub!.customer, notInSub!.params], ["acme", { room_id: "room" }]);
  assert.deepEqual([drain!.by, drain!.address, drain!.params], ["ann", "203.0.113.7", {
    address: "sfu:4433",
    deadline: 60,
  }]);
  assert.equal(Deno.statSync(gateway.file).mode! & 0o777, 0o600);
  await gateway.program.stop();
  const { output } = gateway.program;
  assert.match(
    output,
    /operator ann at 203\.0\.113\.7 called server\.Drain \{"address":"sfu:4433","deadline":60\}: success/,
  );
  assert.doesNotMatch(output + Deno.readTextFileSync(gateway.file), /x{20}|y{20}|toml|115/);
});

Deno.test("neither the audit nor the log has a payload, whatever place or name it comes under", async () => {
  await using gateway = await new AuditedGateway().start();
  const { url } = gateway.program;
  const secret = "TOPSECRET";
  const wrong = [
    [secret],
    ["room", [secret]],
    { userData: secret },
    { room_id: [secret] },
    { room_id: { name: secret } },
    { text: { text: secret } },
    { user_data: secret, message: secret, config: secret },
    { params: { message: secret } },
  ];
  const sub = ["RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"];
  const { openrpc: _, methods } = await call<{ openrpc: string; methods: { name: string }[] }>(
    `${url}/internal`,
    "rpc.discover",
    {},
  );
  const internal = ["sfu.GridConfig", "GetConfig", ...methods.map(({ name }) => name)];
  let calls = 0;
  for (const params of wrong) {
    for (const method of sub) {
      await gateway.backend(method, params).catch(() => {});
      await gateway.backend(method, params, "Connect").catch(() => {});
      calls += 2;
    }
    for (const method of internal) {
      if (method === "config.Reload") continue;
      await call(`${url}/internal`, method, params).catch(() => {});
      calls++;
    }
  }
  await records(gateway.file, calls + 1);
  await gateway.program.stop();
  assert.ok(!Deno.readTextFileSync(gateway.file).includes(secret), "the audit file");
  const line = gateway.program.output.split("\n").find((line) => line.includes(secret));
  assert.equal(line, undefined);
});

Deno.test("a reload by SIGHUP is in the audit, also one that is refused", async () => {
  await using gateway = await new AuditedGateway().start();
  const config = join(gateway.folder.path, "config.ts");
  Deno.kill(gateway.program.pid, "SIGHUP");
  await records(gateway.file, 1);
  Deno.writeTextFileSync(config, "export default { customers: 1 };\n");
  Deno.kill(gateway.program.pid, "SIGHUP");
  const all = await records(gateway.file, 2);
  assert.deepEqual(
    all.map(({ method, role, by, address, outcome }) => [method, role, by, address, outcome]),
    ["success", "rejected"].map((outcome) => ["config.Reload", "host", "SIGHUP", "this machine", outcome]),
  );
});

Deno.test("a disk that takes no more of the audit keeps nobody waiting; it is said once, and what was lost is counted", async () => {
  // Files may grow to 8 KiB; the shell ignores SIGXFSZ until the gateway does.
  await using gateway = await new AuditedGateway().start({}, [
    "sh",
    "-c",
    'trap "" XFSZ; ulimit -f 16; exec "$0" "$@"',
  ]);
  const ban = (user_id: string) =>
    gateway.backend("RoomBanClient", { room_id: "room", user_id, ban_time: 600 });
  let bans = 0;
  while (!gateway.program.output.includes("jsonl cannot be written")) {
    await ban(`${bans++}-${"x".repeat(200)}`);
  }
  for (let i = 0; i < 5; i++) await ban(`later ${i}`);
  Deno.renameSync(gateway.file, `${gateway.file}.full`);
  await ban("last");
  await gateway.program.printed(/the audit file .* can be written again; [1-9]\d* records were lost/);
  await gateway.program.stop();
  assert.equal(gateway.program.output.split("jsonl cannot be written").length, 2, gateway.program.output);
  const [first] = await records(gateway.file, 1);
  const { lost } = first as { lost: number };
  const kept =
    Deno.readTextFileSync(`${gateway.file}.full`).split("\n").filter((line) => line.endsWith("}")).length;
  const after = (await records(gateway.file, 1)).length - 1;
  assert.ok(
    lost > 0 && lost + kept + after >= bans + 6,
    `${lost} lost, ${kept} kept before and ${after} after`,
  );
});

Deno.test("with audit.log: changes, calls that only show something are in the file and not in the log", async () => {
  await using gateway = new AuditedGateway();
  await gateway.start({ audit: { file: gateway.file, log: "changes" } });
  for (const method of ["Info", "server.List", "rpc.discover"]) {
    await call(`${gateway.program.url}/internal`, method, {});
  }
  await refusedWith(
    call(`${gateway.program.url}/internal`, "server.Drain", { address: "unknown:1" }),
    -32010,
    /no server/,
  );
  const all = await records(gateway.file, 4);
  assert.deepEqual(all.map(({ method }) => method), ["Info", "server.List", "rpc.discover", "server.Drain"]);
  await gateway.program.stop();
  assert.deepEqual(gateway.program.output.match(/called \S+/g), ["called server.Drain"]);
});

Deno.test("an audit file that cannot be written ends the start, with the member's name", async () => {
  using folder = new TemporaryFolder();
  const program = new Program({
    config: configSource({ audit: { file: join(folder.path, "missing", "audit.jsonl") } }),
    folder: folder.path,
  });
  assert.equal((await program.status).code, 2);
  assert.match(program.output, /audit\.file: .*missing\/audit\.jsonl cannot be written/);
});
