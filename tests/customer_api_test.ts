import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { call } from "../sim/rpc_client.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { sleep } from "./gateway.ts";

const { accessKey, entry } = newCustomer("acme");
const list = JSON.stringify([entry]);

/** A gateway whose customers come from this function. */
async function start(
  folder: TemporaryFolder,
  updateFunction: string,
  before = "",
): Promise<Program & { url: string }> {
  const config = `${before}
export default {
  http: { hostname: "127.0.0.1", port: 0 },
  startup: { waitForReports: false },
  customerApi: { updateFunction: ${updateFunction}, updateInterval: 0.2 },
};`;
  return await Program.start({ config, folder: folder.path });
}

async function connects(url: string): Promise<void> {
  const report = { public_endpoint: "sfu:1", version: "1", load: 0, clients: 0, rooms: [] };
  await call(`${url}/internal`, "sfu.Report", report);
  await call(url, "Connect", {}, { token: new TokenGenerator(accessKey).createToken("r", "u") });
}

const faults: [string, string][] = [
  ["a promise that nobody waits for", 'Promise.reject(new Error("stray"))'],
  ["a timer that throws", 'setTimeout(() => { throw new Error("stray"); })'],
  ["a microtask that throws", 'queueMicrotask(() => { throw new Error("stray"); })'],
  ["a promise rejected with nothing", 'Promise.reject(undefined), Promise.reject(new Error("stray"))'],
  ["something that is no text", 'Promise.reject(Object.create(null)), Promise.reject(new Error("stray"))'],
];
for (const [what, fault] of faults) {
  Deno.test(`a fault in the operator's own function does not end the gateway: ${what}`, async () => {
    using folder = new TemporaryFolder();
    await using program = await start(folder, `async () => { ${fault}; return ${list}; }`);
    await program.printed(/something failed that nobody waits for.*[^]*stray/);
    await sleep(500);
    await connects(program.url);
    const told = program.output.split("Error: stray").length - 1;
    assert.ok(told <= 2, `told ${told} times:\n${program.output}`);
  });
}

Deno.test("a misspelt member of a list is named once, and a limit is never lost by it", async () => {
  using folder = new TemporaryFolder();
  const customers = [
    { ...entry, maxPeers: null, maxRooms: null },
    { ...newCustomer("two").entry, maxPeers: null, pool: ["eu"] },
    { ...newCustomer("three").entry, pool: ["eu"] },
    { id: "four", maxPeer: 5, maxRooms: 5, accessKeys: [] },
  ];
  await using program = await start(folder, `async () => (${JSON.stringify(customers)})`);
  await program.printed(/customers\[1\]\.pool is skipped: no such member; did you mean pools\?/);
  await program.printed(/customers\[3\] is skipped: without maxPeers it would have no limit/);
  await sleep(500);
  assert.equal(
    program.output.split("did you mean pools").length - 1,
    2,
    "once for each customer, however often the list comes",
  );
  await connects(program.url);
});

Deno.test("another master key on the same data is told loudly, once", async () => {
  using folder = new TemporaryFolder();
  const keys = [
    "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
    "QW5vdGhlciBtYXN0ZXIga2V5IGFsdG9nZXRoZXIu",
  ];
  const outputs: string[] = [];
  for (const masterKey of [keys[0], keys[0], keys[1], keys[1]]) {
    await using program = await Program.start({ config: configSource({ masterKey }), folder: folder.path });
    const report = { public_endpoint: "sfu:1", version: "1", load: 0, clients: 0, rooms: [] };
    await call(`${program.url}/internal`, "sfu.Report", report);
    await program.stop();
    outputs.push(program.output);
  }
  const told = outputs.map((output) => /THE MASTER KEY IS ANOTHER/.test(output));
  assert.deepEqual(told, [false, false, true, false]);
  for (const output of outputs) for (const key of keys) assert.ok(!output.includes(key));
});

Deno.test("gateway.Status says that the list cannot be refreshed, and why, until it can again", async () => {
  using folder = new TemporaryFolder();
  const answers = [`${list}`, 'JSON.parse("<html>")', `${list}`].map((answer) => `() => ${answer}`).join(
    ", ",
  );
  await using program = await start(
    folder,
    "async () => answers[Date.now() < begun + 500 ? 0 : Date.now() < begun + 2500 ? 1 : 2]()",
    `const begun = Date.now();\nconst answers = [${answers}];`,
  );
  const wrong = async () => {
    const { problems } = await call<{ problems: { what: string }[] }>(
      `${program.url}/internal`,
      "gateway.Status",
      {},
    );
    return problems.map(({ what }) => what).filter((what) => what.includes("list of customers"));
  };
  const becomes = async (count: number) => {
    for (let tries = 0; tries < 100; tries++) {
      const found = await wrong();
      if (found.length === count) return found;
      await sleep(50);
    }
    assert.fail(program.output);
  };
  assert.match((await becomes(1))[0]!, /stays as it was: .*the answer is not JSON/);
  await becomes(0);
});
