import assert from "node:assert/strict";
import { configSource, Program, TemporaryFolder } from "../sim/program.ts";
import { newCertificate } from "./certificate.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** Runs the program to its end. */
async function run(args: string[], permissions?: string[]) {
  using folder = new TemporaryFolder();
  const options = { config: "export default {};", folder: folder.path, args };
  await using program = new Program(permissions === undefined ? options : { ...options, permissions });
  const { code } = await program.status;
  return { code, output: program.output.replaceAll(folder.path, "FOLDER") };
}

Deno.test("the short options are those of the gateway in use before: -h is the host, not help", async () => {
  using folder = new TemporaryFolder();
  const { cert, key } = await newCertificate();
  Deno.writeTextFileSync(`${folder.path}/c.pem`, cert);
  Deno.writeTextFileSync(`${folder.path}/k.pem`, key);
  const args = [
    "-h",
    "localhost",
    "-p",
    "0",
    "-s",
    "-c",
    `${folder.path}/c.pem`,
    "-k",
    `${folder.path}/k.pem`,
  ];
  await using program = await Program.start({
    config: "export default {};",
    folder: folder.path,
    args: [...args, "-m", "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ=="],
  });
  assert.match(program.url, /^https:\/\/localhost:\d+$/);
  assert.doesNotMatch(program.output, /no masterKey is configured/);
});

Deno.test("deno task run is the same as start", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "run", "--version"],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, "1.0.0\n"]);
});

const BARE = ["--no-prompt", "--allow-net", "--allow-read"];

Deno.test("deno run --allow-net --allow-read main.ts says in one line what to add", async () => {
  const { code, output } = await run([], BARE);
  assert.equal(code, 2);
  assert.match(
    output,
    /^error: the data folder: FOLDER\/data: not permitted: add --allow-write=FOLDER\/data to [^\n]*:memory:[^\n]*\n$/,
  );
});

Deno.test("with the folder added it runs, and says that it does not look at the environment", async () => {
  using folder = new TemporaryFolder();
  await using program = await Program.start({
    config: configSource({}),
    folder: folder.path,
    permissions: [...BARE, `--allow-write=${folder.path}`],
    env: { ODIN_GATEWAY_MASTER_KEY: "?" },
  });
  assert.match(program.output, /the environment is not looked at for .*not permitted: add --allow-env=ODIN_/);
});

const missing: [string, string[], RegExp][] = [
  [
    "the configuration",
    ["--no-prompt", "--allow-net"],
    /^error: .*config\.ts: not permitted: add --allow-read=/,
  ],
  [
    "the listener",
    ["--no-prompt", "--allow-read"],
    /error: cannot listen on .*not permitted: add --allow-net=127\.0\.0\.1:\d+ to /,
  ],
];
for (const [what, permissions, message] of missing) {
  Deno.test(`a missing permission has the same message wherever it is missed: ${what}`, async () => {
    const { code, output } = await run(["--data", ":memory:", "-h", "127.0.0.1", "-p", "0"], permissions);
    assert.equal(code, 2, output);
    assert.match(output, message);
    assert.doesNotMatch(output, /\n +at |Uncaught|run again/);
  });
}

for (const command of [[], ["migrate-store", "--to", "redis"]]) {
  Deno.test(`a mistake in --store is named as one of the command line (${command.join(" ")})`, async () => {
    const { code, output } = await run([...command, "--store", "http://kim:S3CRET@host"]);
    assert.equal(code, 2, output);
    assert.match(output, /^error: --store: expected a URL that begins with redis:\/\/ or rediss:\/\/\n$/);
  });
}

for (
  const args of [
    ["--masterkye=S3CRET"],
    ["--masterkey", "a", "S3CRET"],
    ["-m", "a", "--", "S3CRET"],
    ["token", "key", "--kee=S3CRET"],
    ["token", "key", "--customer", "a", "S3CRET"],
  ]
) {
  Deno.test(`a mistake on the command line does not print what was given: ${args.join(" ")}`, async () => {
    const { stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...BARE, "main.ts", ...args],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assert.equal(code, 2);
    const output = new TextDecoder().decode(stderr);
    assert.match(output, /^error: (unknown option|too many arguments)/);
    assert.doesNotMatch(output, /S3CRET/);
  });
}

for (const args of [["--version"], ["token", "key"], ["demo", "--help"]]) {
  Deno.test(`${args.join(" ")} into a full disk ends with 1 and a message`, async () => {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@" > /dev/full', Deno.execPath(), "run", "--no-prompt", "main.ts", ...args],
      cwd: PROJECT,
    }).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), /^error: No space left on device[^\n]*\n$/);
  });
}
