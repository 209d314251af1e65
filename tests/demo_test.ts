import assert from "node:assert/strict";
import { NO_REDIS } from "../src/store/redis/testing.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** Runs a task of `deno.json`, as the README says. */
function task(...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["task", ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const { code, stdout, stderr } = await task(...args).output();
  return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}

Deno.test("deno task demo --duration 3: servers, rooms and clients, no errors, and a summary", async () => {
  const { code, output, errors } = await run("demo", "--duration", "3");
  assert.equal(code, 0, output + errors);
  const lines = [
    ...output.matchAll(/servers (\d+) \| rooms (\d+) \| peers (\d+) \| Connects\/s (\d+) \| errors (\d+)/g),
  ];
  assert.ok(lines.length >= 2, output);
  const [servers, rooms, peers, rate, failed] = lines.at(-1)!.slice(1).map(Number);
  assert.equal(servers, 3);
  assert.ok(rooms! > 0 && peers! > 0 && rate! > 0);
  assert.equal(failed, 0);
  assert.match(output, /\n\d+ clients were connected, 0 errors\./);
});

Deno.test({
  name: "deno task demo --gateways 3: a gateway is killed and comes back, and no client sees an error",
  ignore: NO_REDIS,
  async fn() {
    const { code, output, errors } = await run(
      "demo",
      ...["--gateways", "3", "--kill-every", "4", "--duration", "12"],
    );
    assert.equal(code, 0, output + errors);
    assert.match(output, /gateway 1 of 3 is killed[^]*gateway 1 is back/);
    assert.match(output, /\n[1-9]\d* clients were connected, 0 errors\./);
  },
});

Deno.test("deno task demo --gateways 3 without redis-server says what to install, with code 2", async () => {
  const own = ["run", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read=data", "--allow-write=data"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...own, "--allow-run", "main.ts", "demo", "--gateways", "3"],
    cwd: PROJECT,
    env: { NO_COLOR: "1", PATH: "/nowhere" },
    stdin: "null",
  }).output();
  assert.equal(code, 2);
  assert.match(
    new TextDecoder().decode(stderr),
    /^error: redis-server is not installed.*apt-get install redis-server/,
  );
});

Deno.test("deno task demo prints curl lines that work as printed, and ends at Ctrl-C", async () => {
  const process = task("demo").spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  while (!output.includes("Connects/s")) {
    const { value, done } = await reader.read();
    if (done) break;
    output += value;
  }
  const lines = output.split("\n").filter((line) => line.trim().startsWith("curl"));
  assert.equal(lines.length, 3, output);
  const answers = await Promise.all(lines.map(async (line) => {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  }));
  assert.match(answers[0].result.address, /^sfu\d\.demo:4433$/);
  assert.equal(answers[1].result.servers.length, 3);
  assert.equal(answers[2].status, "ok");
  process.kill("SIGINT");
  while (!(await reader.read()).done);
  await process.stderr.cancel();
  assert.equal((await process.status).code, 0);
});

Deno.test("deno task token makes a key, its entry for config.ts, and tokens that a gateway accepts", async () => {
  const key = await run("token", "key", "--customer", "acme");
  assert.equal(key.code, 0, key.errors);
  const [accessKey] = /\b[A-Za-z0-9+/]{44}/.exec(key.output)!;
  const entry = JSON.parse(key.output.slice(key.output.indexOf("{")));
  assert.equal(entry.id, "acme");
  const made = await run(
    "token",
    "create",
    "--key",
    accessKey,
    "--room",
    "lobby",
    "--user",
    "alice",
    "--sub",
    "Connect",
  );
  assert.equal(made.code, 0, made.errors);
  const token = made.output.trim();
  const [header, claims] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  assert.equal(JSON.parse(header!).kid, entry.accessKeys[0].publicKey.kid);
  assert.deepEqual(JSON.parse(claims!).sub, ["Connect"]);

  const { createKeyRing, ServerKeys, verifyClientToken } = await import("../src/tokens/mod.ts");
  const { parseCustomer } = await import("../src/config/customer_entry.ts");
  const { ring, broken } = await createKeyRing([parseCustomer(entry, "entry", [])!]);
  assert.deepEqual(broken, []);
  const trust = {
    customers: ring,
    servers: new ServerKeys(Buffer.from("x")),
    unknownCustomers: undefined,
    leeway: 0,
  };
  assert.equal(verifyClientToken(token, trust, Math.floor(Date.now() / 1000)).user, "alice");
});

for (const args of [["create", "--key", "x", "--room", "r", "--user", "u"], ["create"], ["nothing"]]) {
  Deno.test(`deno task token ${args.join(" ")}: a mistake is named, with code 2`, async () => {
    const { code, errors } = await run("token", ...args);
    assert.equal(code, 2);
    assert.match(errors, /^error: .*$/m);
    assert.doesNotMatch(errors, /\n +at /);
  });
}
