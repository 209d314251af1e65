import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, TemporaryFolder } from "../sim/program.ts";

/** Starts with a configuration that is wrong, beside other files, and answers what is said. */
async function mistake(config: string, files: Record<string, string> = {}): Promise<string> {
  using folder = new TemporaryFolder();
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(folder.path, name), text);
  await using program = new Program({ config, folder: folder.path });
  assert.equal((await program.status).code, 2, program.output);
  assert.doesNotMatch(program.output, /\n +at |Uncaught/, "a stack trace is shown");
  assert.ok(!program.output.includes("\x1b"), "colours are shown");
  assert.equal(program.output.trim().split("\n").length, 1, program.output);
  return program.output.replaceAll(`${folder.path}/`, "");
}

Deno.test("a configuration of the gateway in use before loads as it is, with its import of a type as a value", async () => {
  using folder = new TemporaryFolder();
  const schema = new URL("../configSchema.ts", import.meta.url).href;
  const config = `import { Config } from "${schema}";

const config: Config = {
  logLevel: "INFO",
  logFormat: "pretty",
  useSsl: false,
  http: { hostname: "127.0.0.1", port: 0 },
  https: { hostname: "0.0.0.0", port: 7000, certFile: "fullchain.pem", keyFile: "privkey.pem" },
  customers: [{
    id: "acme",
    maxPeers: Infinity,
    maxRooms: 10,
    accessKeys: [{
      namespace: "games",
      publicKey: { kid: "AUUXEvKEpKHF", kty: "OKP", crv: "Ed25519", x: "TC3lMPKKC3C3uPMGPliiayUm32APb3GXKsNNLSxooFw" },
    }],
  }],
  unknownCustomers: "forbidden",
  sfuConfig: { metricsServer: "0.0.0.0/0", updateInterval: 5, disableTimeout: 7.5, removeTimeout: 600 },
  loginToken: { lifetime: 300 },
  masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
};

export default config;
`;
  await using program = await Program.start({ config, folder: folder.path });
  assert.doesNotMatch(program.output, /not a member|skipped/);
  const check = new Deno.Command(Deno.execPath(), { args: ["check", join(folder.path, "config.ts")] });
  const { code, stderr } = await check.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});

const mistakes: [string, string, RegExp, Record<string, string>?][] = [
  [
    "a missing module is named, and who imports it",
    'import { x } from "./customers.ts";\nexport default { customers: x };',
    /^error: .*config\.ts cannot be loaded: line 1, column 19: it imports customers\.ts, which is not there$/,
  ],
  [
    "also one that a module of the configuration imports",
    'import { x } from "./customers.ts";\nexport default { customers: x };',
    /config\.ts cannot be loaded: customers\.ts, line 2, column 8: it imports keys\.ts, which is not there/,
    { "customers.ts": 'export const x = [];\nimport "./keys.ts";' },
  ],
  [
    "also data",
    'import x from "./data.json" with { type: "json" };\nexport default x;',
    /it imports data\.json, which is not there/,
  ],
  [
    "the schema's file, which lies in the project",
    'import { Config } from "./configSchema.ts";\nconst config: Config = {};\nexport default config;',
    /it imports configSchema\.ts, which is not there: it lies beside main\.ts/,
  ],
  [
    "a package that deno.json does not name",
    'import x from "some-package";\nexport default x;',
    /line 1, column 15: it imports "some-package", which deno\.json does not name/,
  ],
  [
    "a name that a module does not export",
    'import { y } from "./customers.ts";\nexport default { customers: y };',
    /line 1, column 10: .*'\.\/customers\.ts' does not provide an export named 'y'/,
    { "customers.ts": "export const x = [];" },
  ],
  [
    "a variable of the environment that may not be read",
    'export default {\n  masterKey: Deno.env.get("ODIN_KEY"),\n};',
    /config\.ts: line 2, column 23: the configuration needs .* not permitted: add --allow-env=ODIN_KEY to the options of "deno run"/,
  ],
  [
    "the same through process.env",
    "export default { masterKey: process.env.ODIN_KEY };",
    /the configuration needs .*--allow-env=ODIN_KEY/,
  ],
  [
    "a program that may not be run",
    'export default { masterKey: new Deno.Command("sh").outputSync() };',
    /the configuration needs .*--allow-run=/,
  ],
  [
    "a module of the network that may not be imported",
    'import x from "https://config.invalid/x.ts";\nexport default x;',
    /line 1, column 15: the configuration needs .*--allow-import=config\.invalid:443/,
  ],
  [
    "a file that its own code does not find is not taken for the configuration",
    'export default { masterKey: Deno.readTextFileSync("/nowhere/master.key") };',
    /config\.ts cannot be loaded: line 1, column 34: No such file.*\/nowhere\/master\.key/,
  ],
  [
    "an error of its own code",
    'throw new Error("no vault");',
    /config\.ts cannot be loaded: line 1, column 7: no vault/,
  ],
  [
    "a member that throws when it is read",
    'export default { get masterKey() { throw new Error("no vault"); } };',
    /config\.ts cannot be loaded: line 1, column 42: no vault/,
  ],
  [
    "also deep in it",
    'export default { customers: [{ get id() { throw "no vault"; } }] };',
    /config\.ts cannot be loaded: no vault/,
  ],
  ["what is thrown and is no error", 'throw "no vault";', /config\.ts cannot be loaded: no vault/],
];
for (const [what, config, message, files] of mistakes) {
  Deno.test(`a configuration that cannot be loaded: ${what}`, async () => {
    assert.match((await mistake(config, files)).trim(), message);
  });
}

const secrets: [string, string, Record<string, string>?][] = [
  ["without quotes", "export default { masterKey: S3CRET };"],
  ["beside a text", 'export default { masterKey: "a" S3CRET };'],
  ["in JSON", 'import x from "./data.json" with { type: "json" };\nexport default x;', {
    "data.json": '{ "masterKey": S3CRET }',
  }],
  ["in JSON that is parsed", "export default JSON.parse('{ \"masterKey\": S3CRET }');"],
  ["as a user", 'export default { internal: { users: ["odin:S3CRET"] } };'],
  ["in a URL", 'export default { masterKey: new URL("//odin:S3CRET").href };'],
];
for (const [what, config, files] of secrets) {
  Deno.test(`a mistake in a configuration does not print the secret: ${what}`, async () => {
    using folder = new TemporaryFolder();
    for (const [name, text] of Object.entries(files ?? {})) {
      Deno.writeTextFileSync(join(folder.path, name), text);
    }
    await using program = new Program({ config, folder: folder.path });
    assert.equal((await program.status).code, 2, program.output);
    assert.doesNotMatch(program.output, /S3CRET/);
  });
}
