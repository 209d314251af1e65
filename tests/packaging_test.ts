import assert from "node:assert/strict";
import { configSource, newCustomer, TemporaryFolder } from "../sim/program.ts";
import { isInstalled } from "./programs.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** Nothing but the system's own programs, and so no Deno. */
const PATH = "/usr/bin:/bin";

/** Makes a package as the task does. @returns its file */
async function make(what: "executable" | "npm", project = PROJECT): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-read", "--allow-write=dist", "--allow-run"],
      `packaging/${what}.ts`,
    ],
    cwd: project,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split(" (")[0]!;
}

/** A folder with a configuration that imports another file, as the operator of such a package has it. */
function operatorsFolder(): TemporaryFolder {
  const folder = new TemporaryFolder();
  const { entry } = newCustomer("acme");
  Deno.writeTextFileSync(
    `${folder.path}/customers.ts`,
    `export const customers: object[] = [${JSON.stringify(entry)}];`,
  );
  const rest = configSource({ operations: { port: 0 } }).replace("export default", "const rest =");
  Deno.writeTextFileSync(
    `${folder.path}/config.ts`,
    `import { customers } from "./customers.ts"; ${rest} export default { ...rest, customers };`,
  );
  return folder;
}

/** Starts it, waits until it answers, has its dashboard, reloads, and stops it. */
async function tryOut(command: Deno.Command): Promise<string> {
  const child = command.spawn();
  let output = "";
  let asked = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const [, url] = /listens on (http:\S+)/.exec(output) ?? [];
    if (url !== undefined && !asked) {
      asked = true;
      assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: "ok" });
      const [, operations] = /operations: .* are at (http:[^\s,]+)/.exec(output) ?? [];
      for (const path of ["", "dashboard/app.ts", "dashboard/preact.js"]) {
        const { status, body } = await fetch(`${operations}/${path}`);
        await body?.cancel();
        assert.equal(status, 200, path);
      }
      child.kill("SIGHUP");
    }
    if (/was read again: nothing has changed/.test(output)) child.kill("SIGTERM");
  }
  assert.equal((await child.status).code, 0, output);
  return output;
}

Deno.test({
  name: "the one file runs without Deno and without a network, with the config.ts that lies beside it",
  ignore: !isInstalled("tar"),
  async fn() {
    const file = await make("executable");
    using folder = operatorsFolder();
    const program = `${folder.path}/odin-gateway`;
    Deno.copyFileSync(file, program);
    Deno.mkdirSync(`${folder.path}/elsewhere`);
    const options = {
      cwd: `${folder.path}/elsewhere`,
      env: { PATH, NO_COLOR: "1", ODIN_GATEWAY_HOME: `${folder.path}/unpacked` },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
    } as const;
    const output = await tryOut(
      new Deno.Command(program, {
        ...options,
        args: ["--record", `${folder.path}/trace`, "--data", `${folder.path}/state`],
      }),
    );
    assert.match(output, /stopped/);
    assert.ok(Deno.statSync(`${folder.path}/state/gateway.db`).isFile);
    assert.ok(Deno.statSync(`${folder.path}/trace`).isFile);
    const run = (args: string[], env = {}) =>
      new Deno.Command(program, { ...options, env: { ...options.env, ...env }, args, stderr: "piped" })
        .output();
    const key = await run(["token", "key"]);
    assert.match(new TextDecoder().decode(key.stdout), /Access key/);
    const nowhere = await run(["--version"], { ODIN_GATEWAY_HOME: "/proc/nowhere" });
    assert.equal(nowhere.code, 2);
    assert.match(
      new TextDecoder().decode(nowhere.stderr),
      /\/proc\/nowhere cannot be written: ODIN_GATEWAY_HOME names/,
    );
    const unpacked = `${folder.path}/unpacked`;
    const [only] = Deno.readDirSync(unpacked);
    Deno.removeSync(`${unpacked}/${only!.name}/complete`);
    const broken = await run(["--version"]);
    assert.equal(broken.code, 2);
    assert.match(new TextDecoder().decode(broken.stderr), /^error: \S+ is not whole: remove it/);
    Deno.removeSync(`${unpacked}/${only!.name}`, { recursive: true });
    const withoutT = `${folder.path}/bin`; // as on macOS, whose mv knows no -T
    Deno.mkdirSync(withoutT);
    const script = '#!/bin/sh\n[ "$1" != -T ] && exec /bin/mv "$@"\n';
    Deno.writeTextFileSync(`${withoutT}/mv`, script, { mode: 0o755 });
    const both = await Promise.all([1, 2].map(() => run(["--version"], { PATH: `${withoutT}:${PATH}` })));
    assert.deepEqual(both.map(({ code }) => code), [0, 0]);
    assert.deepEqual([...Deno.readDirSync(unpacked)].map(({ name }) => name), [only!.name]);
    Deno.writeFileSync(program, Deno.readFileSync(program).subarray(0, 1_000_000));
    const torn = await run(["--version"], { ODIN_GATEWAY_HOME: `${folder.path}/other` });
    assert.equal(torn.code, 2);
    assert.match(new TextDecoder().decode(torn.stderr), /cannot be unpacked/);
    assert.deepEqual(
      [...Deno.readDirSync(`${folder.path}/other`)],
      [],
      "what is half unpacked is left behind",
    );
  },
});

Deno.test({
  name: "the package of npm starts the gateway with the Deno that it depends on",
  ignore: !isInstalled("npm") || !isInstalled("tar"),
  async fn() {
    using folder = operatorsFolder();
    const copy = `${folder.path}/a folder`;
    Deno.mkdirSync(`${copy}/dist`, { recursive: true });
    const parts = "main.ts configSchema.ts config.ts deno.json deno.lock LICENSE src sim packaging".split(
      " ",
    );
    const copied = await new Deno.Command("cp", { args: ["-r", ...parts, copy], cwd: PROJECT }).output();
    assert.ok(copied.success, new TextDecoder().decode(copied.stderr));
    const file = await make("npm", copy);
    const modules = `${folder.path}/node_modules`;
    Deno.mkdirSync(`${modules}/deno`, { recursive: true });
    // What npm would install: the package that brings the runtime. This one brings that which runs the test.
    Deno.writeTextFileSync(
      `${modules}/deno/install_api.cjs`,
      `exports.runInstall = () => ${JSON.stringify(Deno.execPath())};`,
    );
    Deno.writeTextFileSync(`${folder.path}/package.json`, '{ "dependencies": { "odin-gateway": "*" } }');
    const unpack = ["-xzf", file, "-C", modules];
    assert.ok((await new Deno.Command("tar", { args: unpack }).output()).success);
    Deno.renameSync(`${modules}/package`, `${modules}/odin-gateway`);
    const output = await tryOut(
      new Deno.Command("node", {
        args: [`${modules}/odin-gateway/launcher.cjs`, "--data", "state"],
        cwd: folder.path,
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
      }),
    );
    assert.match(output, /stopped/);
    assert.ok(Deno.statSync(`${folder.path}/state/gateway.db`).isFile);
    const unknown = await new Deno.Command("node", {
      args: [`${modules}/odin-gateway/launcher.cjs`, "toString"],
      cwd: folder.path,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(unknown.code, 2, "not a command, but a member that every object has");
    const { dependencies, version } = JSON.parse(
      Deno.readTextFileSync(`${modules}/odin-gateway/package.json`),
    );
    const project = JSON.parse(Deno.readTextFileSync(`${PROJECT}/deno.json`));
    assert.deepEqual([dependencies, version], [{ deno: Deno.version.deno }, project.version]);
  },
});
