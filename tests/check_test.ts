import assert from "node:assert/strict";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { newCertificate } from "./certificate.ts";
import { TestGateway } from "./gateway.ts";

/** Runs `--check` to its end; and what is in its folder after that. */
async function check(config: string, args: string[] = [], prepare: (folder: string) => void = () => {}) {
  using folder = new TemporaryFolder();
  prepare(folder.path);
  const before = filesIn(folder.path);
  await using program = new Program({ config, folder: folder.path, args: ["--check", ...args] });
  const { code } = await program.status;
  const made = filesIn(folder.path).filter((file) => file !== "config.ts" && !before.includes(file));
  return { code, output: program.output.replaceAll(folder.path, "FOLDER"), made };
}

function filesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name, isDirectory }) => [name, isDirectory] as const)
    .flatMap(([name, isDirectory]) =>
      isDirectory ? [name, ...filesIn(`${folder}/${name}`).map((file) => `${name}/${file}`)] : [name]
    );
}

const { entry } = newCustomer("acme");

Deno.test("--check says that a configuration would start, and makes no file", async () => {
  const { code, output, made } = await check(configSource({ customers: [entry] }));
  assert.deepEqual([code, output, made], [0, "the gateway would start\n", []]);
});

Deno.test("--check names everything that is wrong at once, makes no file, and ends with code 2", async () => {
  const config = configSource({
    useSsl: true,
    https: { hostname: "127.0.0.1", port: 0, certFile: "/nowhere.pem" },
  });
  const { code, output, made } = await check(config, ["--record", "/proc/odin"], (folder) => {
    Deno.mkdirSync(`${folder}/data`);
    Deno.writeTextFileSync(`${folder}/data/gateway.db`, "no database");
    Deno.writeTextFileSync(`${folder}/data/master.key`, "?");
  });
  assert.equal(code, 2);
  for (
    const finding of [
      /error: the data folder: FOLDER\/data\/gateway\.db is no database/,
      /error: FOLDER\/data\/master\.key: expected a master key/,
      /error: --record: \/proc\/odin cannot be written/,
      /error: https\.certFile: \/nowhere\.pem cannot be read: no such file/,
      /warning: there are no customers with a usable key/,
      /the gateway would not start\n$/,
    ]
  ) assert.match(output, finding);
  assert.deepEqual(made, []);
});

Deno.test("--check names every wrong member, and looks at the data folder all the same", async () => {
  const { code, output } = await check("export default { logLevel: 5, http: { port: -1 } };", [
    "--data",
    "/proc/odin",
  ]);
  assert.equal(code, 2);
  assert.match(output, /logLevel: expected[^]*http\.port/);
  assert.match(output, /error: the data folder: \/proc\/odin: not permitted: add --allow-write=\/proc\/odin/);
});

Deno.test("--check finds a port that is taken, a certificate that ends soon and a key that would be skipped", async () => {
  await using other = await TestGateway.start();
  const soon = new Date(Date.now() + 3.5 * 86_400_000);
  const { cert, key } = await newCertificate({ notAfterDate: soon });
  const broken = { ...entry, accessKeys: [{ publicKey: { kid: "k", kty: "OKP", crv: "Ed25519", x: "?" } }] };
  const config = configSource({
    customers: [entry, broken],
    useSsl: true,
    operations: { port: Number(new URL(other.operations).port) },
    https: {
      hostname: "127.0.0.1",
      port: Number(new URL(other.url).port),
      certFile: "c.pem",
      keyFile: "k.pem",
    },
  });
  using folder = new TemporaryFolder();
  const paths = ["--certificate", `${folder.path}/c.pem`, "--privatekey", `${folder.path}/k.pem`];
  Deno.writeTextFileSync(`${folder.path}/c.pem`, cert);
  Deno.writeTextFileSync(`${folder.path}/k.pem`, key);
  const { code, output } = await check(config, paths);
  assert.equal(code, 2);
  assert.match(output, /error: operations: cannot listen on 127\.0\.0\.1 port \d+: the port is in use/);
  assert.match(output, /error: cannot listen on 127\.0\.0\.1 port \d+: the port is in use/);
  assert.match(output, /warning: the certificate in \S+ ends in 3 days/);
  assert.match(output, /warning: customer "acme", key k would be skipped/);
});

Deno.test("--check beside the running gateway says so, and neither its port nor its folder is a mistake", async () => {
  await using gateway = await TestGateway.start();
  const args = ["--check", "--data", `${gateway.folder.path}/data`, "--port", new URL(gateway.url).port];
  using folder = new TemporaryFolder();
  await using program = new Program({
    config: configSource({ customers: [entry] }),
    folder: folder.path,
    args,
    permissions: ["--no-prompt", "--allow-net", "--allow-read", `--allow-write=${gateway.folder.path}`],
  });
  assert.equal((await program.status).code, 0, program.output);
  assert.match(program.output, /a gateway runs on the data folder/);
  await gateway.report("sfu:4433");
  assert.equal((await gateway.connect("r", "u")).address, "sfu:4433");
});

const hook = { url: "http://127.0.0.1:9/", secret: `whsec_${btoa("x".repeat(24))}` };
const ann = { name: "ann", password: "sixteen characters" };
const inData = (make: (data: string) => void) => (folder: string) => {
  Deno.mkdirSync(`${folder}/data`);
  make(`${folder}/data`);
};

/** What keeps a gateway from starting: its configuration, its arguments, its folder, and what is said by both. */
const OBSTACLES: [string, object, string[], (folder: string) => void, RegExp][] = [
  [
    "audit.file in a folder that is not there",
    { audit: { file: "FOLDER/no/a" } },
    [],
    () => {},
    /audit\.file: .*no such file/i,
  ],
  [
    "--record in a folder that is not there",
    {},
    ["--record", "FOLDER/no/r"],
    () => {},
    /--record: .*no such file/i,
  ],
  [
    "audit.file that is a pipe",
    { audit: { file: "FOLDER/pipe" } },
    [],
    (folder) => void new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).outputSync(),
    /audit\.file: .*it is a pipe/,
  ],
  [
    "webhooks that are no database",
    { webhooks: [hook] },
    [],
    inData((data) => Deno.writeTextFileSync(`${data}/webhooks.db`, "garbage".repeat(100))),
    /webhooks\.db/,
  ],
  [
    "webhooks that are a folder",
    { webhooks: [hook] },
    [],
    inData((data) => Deno.mkdirSync(`${data}/webhooks.db`)),
    /webhooks\.db/,
  ],
  ["a lock that is a folder", {}, [], inData((data) => Deno.mkdirSync(`${data}/lock.db`)), /lock\.db/],
  [
    "a lock that is no database",
    {},
    [],
    inData((data) => Deno.writeTextFileSync(`${data}/lock.db`, "garbage".repeat(100))),
    /lock\.db/,
  ],
  [
    "a data folder that is a link to nowhere",
    {},
    [],
    (folder) =>
      void new Deno.Command("ln", { args: ["-s", `${folder}/no/x`, `${folder}/data`] }).outputSync(),
    /the data folder/,
  ],
  [
    "a path too long to be taken over",
    {},
    ["--take-over", "--data", `FOLDER/${"d".repeat(120)}`],
    () => {},
    /too long for a socket/,
  ],
  [
    "server.toml that is a folder",
    { http: { hostname: "0.0.0.0", port: 0 } },
    [],
    inData((data) => Deno.mkdirSync(`${data}/server.toml`)),
    /server\.toml/,
  ],
  [
    "an address for operators that is another machine's",
    { operations: { hostname: "203.0.113.7", port: 0, users: [ann] } },
    [],
    () => {},
    /operations: cannot listen on 203\.0\.113\.7/,
  ],
];
for (const [what, config, args, prepare, message] of OBSTACLES) {
  Deno.test(`--check says what keeps a gateway from starting, and it does: ${what}`, async () => {
    for (const checks of [true, false]) {
      using folder = new TemporaryFolder();
      prepare(folder.path);
      const here = (text: string) => text.replaceAll("FOLDER", folder.path);
      await using program = new Program({
        config: here(configSource({ customers: [entry], ...config })),
        folder: folder.path,
        args: [...args.map(here), ...(checks ? ["--check"] : [])],
      });
      const { code } = await program.status;
      assert.equal(code, 2, program.output);
      assert.match(program.output, message);
    }
  });
}

Deno.test("--check and the start agree on a port for operators that Deno does not let them listen on", async () => {
  for (const check of [["--check"], []]) {
    using folder = new TemporaryFolder();
    await using program = new Program({
      config: configSource({ customers: [entry], operations: { port: 18_444 } }),
      folder: folder.path,
      permissions: ["--no-prompt", "--allow-net=127.0.0.1:0", "--allow-read", `--allow-write=${folder.path}`],
      args: check,
    });
    assert.equal((await program.status).code, 2, program.output);
    assert.match(
      program.output,
      /operations: cannot listen on 127\.0\.0\.1 port 18444: .*--allow-net=127\.0\.0\.1:18444/,
    );
  }
});

Deno.test("--check takes files in the data folder, which the start makes", async () => {
  using folder = new TemporaryFolder();
  const config = configSource({ customers: [entry], audit: { file: `${folder.path}/data/audit.jsonl` } });
  const args = ["--check", "--record", `${folder.path}/data/record.jsonl`];
  await using program = new Program({ config, folder: folder.path, args });
  assert.equal((await program.status).code, 0, program.output);
  assert.deepEqual(filesIn(folder.path), ["config.ts"]);
});
