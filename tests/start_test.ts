import assert from "node:assert/strict";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";
import { TestGateway } from "./gateway.ts";

/** Runs the program to its end. */
async function run(args: string[], config = "export default {};", env: Record<string, string> = {}) {
  using folder = new TemporaryFolder();
  await using program = new Program({ config, folder: folder.path, args, env });
  const { code } = await program.status;
  return { code, output: program.output };
}

Deno.test("--help and --version print and exit with 0", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, 0);
  for (
    const option of [
      "--config",
      "--host",
      "--port",
      "--ssl",
      "--certificate",
      "--privatekey",
      "--masterkey",
      "--data",
    ]
  ) {
    assert.ok(help.output.includes(option), option);
  }
  assert.deepEqual(await run(["--version"]), { code: 0, output: "1.0.0\n" });
});

const mistakes: [string, string[], string, RegExp][] = [
  ["an unknown option", ["--prot", "1"], "export default {};", /^error: unknown option '--prot'/],
  ["a wrong port", ["--port", "x"], "export default {};", /--port.*expected a port/],
  ["a wrong member", [], "export default { logLevel: 5 };", /logLevel: expected/],
  ["no default export", [], "export const x = 1;", /expected an object as default export.*, not nothing/],
  ["a list as default export", [], "export default []", /expected an object as default export.*, not a list/],
  [
    "a promise of a configuration",
    [],
    "export default (async () => ({}))()",
    /not a promise: .*default await/,
  ],
  ["a function as default export", [], "export default () => ({})", /not a function/],
  ["a map as default export", [], "export default new Map()", /not a Map/],
  ["a syntax error", [], "export default {", /config\.ts cannot be loaded/],
  [
    "no certificate",
    ["--ssl"],
    "export default {};",
    /https\.certFile: fullchain\.pem cannot be read: no such file/,
  ],
  [
    "a certificate that is none",
    ["--ssl", "--certificate", "README.md"],
    "export default {};",
    /https\.certFile|keyFile/,
  ],
  ["a host that is not here", ["--host", "192.0.2.1"], "export default {};", /cannot listen on 192\.0\.2\.1/],
  ["a broken master key", ["--masterkey", "?"], "export default {};", /masterKey: expected base64/],
  [
    "a URL with a % that begins no escape",
    ["--store", "redis://:50%off@127.0.0.1"],
    "export default {};",
    /--store: a % in it begins no escape/,
  ],
  [
    "the same, when it is only checked",
    ["--check", "--store", "redis://:50%off@127.0.0.1"],
    "export default {};",
    /--store: a % in it begins no escape/,
  ],
  [
    "a data folder that cannot be written",
    ["--data", "/proc/odin"],
    "export default {};",
    /the data folder: \/proc\/odin/,
  ],
];
for (const [what, args, config, message] of mistakes) {
  Deno.test(`a mistake ends the start with one clear message and code 2: ${what}`, async () => {
    const { code, output } = await run(args, config);
    assert.equal(code, 2, output);
    assert.match(output, message);
    assert.doesNotMatch(output, /\n +at |Uncaught/, "a stack trace is shown");
  });
}

for (const name of ["MASTER_KEY", "INTERNAL_USER", "REDIS_PASSWORD", "SENTINEL_PASSWORD"]) {
  Deno.test(`a secret in the environment that is empty is named: ${name}`, async () => {
    const { code, output } = await run([], configSource({}), { [`ODIN_GATEWAY_${name}`]: "" });
    assert.equal(code, 2, output);
    assert.equal(output, `error: ODIN_GATEWAY_${name} is empty: give it a value, or leave it out\n`);
  });
}

/** Where the start meets a fault of the program, made by a function of the runtime that a configuration has broken. */
const faults = [
  ["before the log", "Deno.permissions.querySync"],
  ["with the log only just there", "Deno.addSignalListener"],
  ["while the gateway is put together", "crypto.getRandomValues"],
  ["before the store is opened", "setInterval"],
] as const;
for (const [when, broken] of faults) {
  Deno.test(`a fault of the program ends the start with all that is known of it, and code 1: ${when}`, async () => {
    const source = `${broken} = () => { throw new RangeError("broken"); };\n${configSource({})}`;
    const { code, output } = await run([], source);
    assert.equal(code, 1, output);
    assert.match(output, /error: a fault of the program, please report it: RangeError: broken\n +at /);
  });
}

Deno.test("a missing configuration file is named", async () => {
  using folder = new TemporaryFolder();
  const program = new Program({ config: "", folder: folder.path, args: ["--config", "./nowhere.ts"] });
  assert.equal((await program.status).code, 2);
  assert.match(program.output, /nowhere\.ts: no such configuration file/);
});

Deno.test("a port in use is named", async () => {
  await using gateway = await TestGateway.start();
  const { port } = new URL(gateway.url);
  const { code, output } = await run(["--host", "127.0.0.1", "--port", port]);
  assert.equal(code, 2);
  assert.match(output, new RegExp(`cannot listen on 127.0.0.1 port ${port}: the port is in use`));
});

Deno.test("without a master key one is made, kept readable by the owner only, and used again", async () => {
  using folder = new TemporaryFolder();
  const config = configSource({});
  const file = `${folder.path}/data/master.key`;
  {
    await using program = await Program.start({ config, folder: folder.path });
    assert.match(program.output, /no masterKey is configured: made one and keep it in .*master\.key/);
  }
  const made = Deno.readTextFileSync(file);
  assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
  assert.equal(Buffer.from(made, "base64").length, 32);
  await using program = await Program.start({ config, folder: folder.path });
  assert.match(program.output, /using the one in .*master\.key/);
  assert.equal(Deno.readTextFileSync(file), made);
  assert.ok(!program.output.includes(made.trim()));
});

Deno.test("secrets may come from the environment", async () => {
  using folder = new TemporaryFolder();
  await using program = await Program.start({
    config: configSource({}),
    folder: folder.path,
    env: {
      ODIN_GATEWAY_MASTER_KEY: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
      ODIN_GATEWAY_INTERNAL_USER: "odin:secret",
    },
  });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info" });
  const response = await fetch(`${program.url}/internal`, { method: "POST", body });
  assert.equal(response.status, 401);
  await response.body?.cancel();
  assert.doesNotMatch(program.output, /master\.key|secret/);
});

Deno.test("a configuration written for the gateway in use starts, with a warning for what is not known", async () => {
  using folder = new TemporaryFolder();
  await using program = await Program.start({
    config: configSource({ somethingOfYesterday: true }),
    folder: folder.path,
  });
  assert.match(program.output, /somethingOfYesterday is not a member/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} finishes the requests under way and stops with code 0`, async () => {
    await using gateway = await TestGateway.start();
    await gateway.report("sfu:4433");
    const { hostname, port } = new URL(gateway.url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Connect" });
    const token = gateway.tokens.createToken("r", "u");
    const encoder = new TextEncoder();
    await connection.write(encoder.encode(
      `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n{`,
    ));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const started = performance.now();
    gateway.program.kill(signal);
    await gateway.program.printed(/finishing the requests under way/);
    await connection.write(encoder.encode(body.slice(1)));
    const buffer = new Uint8Array(4096);
    let answer = "";
    while (!answer.endsWith("}")) {
      const read = await connection.read(buffer);
      if (read === null) break;
      answer += new TextDecoder().decode(buffer.subarray(0, read));
    }
    assert.match(answer, /^HTTP\/1\.1 200 OK[^]*"address":"sfu:4433"/);
    connection.close();
    assert.equal((await gateway.program.status).code, 0);
    assert.ok(performance.now() - started < 5000);
  });
}

Deno.test("a request that never ends does not keep the gateway from stopping within 5 s", async () => {
  await using gateway = await TestGateway.start();
  const { hostname, port } = new URL(gateway.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const token = gateway.tokens.createToken("r", "u");
  await connection.write(new TextEncoder().encode(
    `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\n{`,
  ));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const started = performance.now();
  assert.equal((await gateway.program.stop()).code, 0);
  assert.ok(performance.now() - started < 5000);
});

Deno.test("the log may be JSON, a line an event", async () => {
  await using gateway = await TestGateway.start({ logFormat: "json" });
  await gateway.report("sfu:4433", [{ name: "r", peers: 1 }]);
  await gateway.program.stop();
  const lines = gateway.program.output.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.some(({ message }) => /room .* is open on/.test(message)));
});
