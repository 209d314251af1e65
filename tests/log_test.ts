import assert from "node:assert/strict";
import { join } from "node:path";
import { call } from "../sim/rpc_client.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { sleep, TestGateway } from "./gateway.ts";
import { freePort } from "./programs.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/**
 * A gateway whose standard output goes where a shell command says, in which `GATEWAY` stands for it. DEBUG, so that there
 * is much to write.
 */
async function withOutput(
  command: string,
  run: (url: string, gateway: { stop(): Promise<number> }) => Promise<void>,
  config: object = {},
): Promise<void> {
  using folder = new TemporaryFolder();
  const { entry } = newCustomer("acme");
  const port = freePort();
  Deno.writeTextFileSync(
    join(folder.path, "config.ts"),
    configSource({
      customers: [entry],
      http: { hostname: "127.0.0.1", port },
      logLevel: "DEBUG",
      startup: { waitForReports: false },
      ...config,
    }),
  );
  // The gateway's own process id goes into a file, so that it, and not the shell, gets the signals.
  const gateway = `sh -c 'echo $$ > ${folder.path}/pid; exec "$0" "$@"' ${Deno.execPath()} run --no-prompt ` +
    `--allow-net --allow-read --allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER,ODIN_GATEWAY_REDIS_PASSWORD,ODIN_GATEWAY_SENTINEL_PASSWORD ` +
    `--allow-write=${folder.path} main.ts --config ${folder.path}/config.ts --data ${folder.path}/data`;
  const shell = new Deno.Command("sh", {
    args: ["-c", command.replace("GATEWAY", () => `{ ${gateway}; echo $? > ${folder.path}/code; }`)],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const pid = () => {
    const id = Number(Deno.readTextFileSync(`${folder.path}/pid`));
    assert.ok(id > 1); // 0 would be this process's own group
    return id;
  };
  const stop = async () => {
    Deno.kill(pid(), "SIGTERM");
    await shell.status;
    return Number(Deno.readTextFileSync(`${folder.path}/code`));
  };
  try {
    for (let tries = 0;; tries++) {
      try {
        await call(`${url}/internal`, "Info", {});
        break;
      } catch (error) {
        if (tries > 200) throw error;
        await sleep(50);
      }
    }
    await run(url, { stop });
  } finally {
    try {
      Deno.kill(pid(), "SIGKILL");
    } catch { /* it has ended */ }
    await shell.status;
  }
}

/** Causes more lines than a pipe holds, each call of which must be answered; every room is a line of 1000 bytes. */
async function causeLines(url: string): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const rooms = Array.from({ length: 200 }, (_, i) => ({
      id: ["acme", `${round}-${i}-${"x".repeat(900)}`],
      customer: "acme",
      peers: 1,
      age: { secs: 1, nanos: 0 },
    }));
    const report = { public_endpoint: "a:1", version: "1", load: 0.1, clients: 200, rooms };
    await call(`${url}/internal`, "sfu.Report", report, { signal: AbortSignal.timeout(10_000) });
    const response = await fetch(url, { method: "POST", body: "{}", signal: AbortSignal.timeout(10_000) });
    assert.equal(response.status, 401);
    await response.body?.cancel();
  }
}

const outputs: [string, string][] = [
  ["whose reader is gone", "GATEWAY | true"],
  ["that is full", "GATEWAY > /dev/full"],
  ["whose reader stalls", "GATEWAY | sleep 8"],
  ["that is closed", "GATEWAY >&-"],
];
for (const [what, command] of outputs) {
  Deno.test(`a standard output ${what} neither ends nor blocks the gateway, nor its stop`, async () => {
    await withOutput(command, async (url, gateway) => {
      await causeLines(url);
      assert.equal(await gateway.stop(), 0);
    });
  });
}

Deno.test("lines that standard output did not take are counted, and said when it works again", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "out");
  await withOutput(`GATEWAY | { sleep 6; cat > ${file}; }`, async (url, gateway) => {
    for (let i = 0; i < 6; i++) await causeLines(url);
    await sleep(6000);
    assert.equal(await gateway.stop(), 0);
  });
  const lines = Deno.readTextFileSync(file).trimEnd().split("\n");
  const [, lost] = /(\d+) log lines are lost/.exec(lines.join("\n")) ?? [];
  assert.ok(Number(lost) > 0, lines.at(-1));
  assert.match(lines.at(-1)!, /stopped/);
});

for (const logFormat of ["pretty", "json"]) {
  Deno.test(`no name breaks a line or steers a terminal: ${logFormat}`, async () => {
    await using gateway = await TestGateway.start({ logFormat, logLevel: "DEBUG" });
    const names = ["a\nFORGED line", "b\r\u001b[2J\u0007", "c\u202eesrever\u2028d", "e\u0085f\u0000g\ufeff"];
    await gateway.report("sfu:4433", names.map((name) => ({ name, peers: 1 })));
    for (const name of names) await gateway.connect(name, `u${name}`);
    await gateway.program.stop();
    const { output } = gateway.program;
    // deno-lint-ignore no-control-regex -- these are what must not be there
    assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\ufeff]/);
    for (const line of output.trimEnd().split("\n")) {
      assert.doesNotMatch(line, /^FORGED/);
      if (logFormat === "json") assert.doesNotThrow(() => JSON.parse(line), line);
    }
    assert.match(output, /a\\(u000a|n)FORGED line/);
  });
}

Deno.test("whatever of the console the operator's own function uses goes through the log", async () => {
  const names = [
    "log",
    "count",
    "dirxml",
    "group",
    "groupCollapsed",
    "timeLog",
    "timeEnd",
    "table",
    "trace",
    "warn",
  ];
  using folder = new TemporaryFolder();
  const calls = names.map((name) => `console.${name}("from ${name}");`).join(" ");
  const config = `export default { http: { hostname: "127.0.0.1", port: 0 }, logLevel: "DEBUG", customerApi: {
    updateFunction: async () => { ${calls} console.time("t"); console.groupEnd(); console.assert(false, "from assert");
      return []; } } };`;
  await using program = await Program.start({ config, folder: folder.path });
  for (const name of [...names, "assert"]) await program.printed(new RegExp(`console: .*from ${name}`));
});
