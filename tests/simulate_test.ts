import assert from "node:assert/strict";
import { join } from "node:path";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";
import { TokenGenerator } from "@4players/odin-tokens";

const PROJECT = new URL("..", import.meta.url).pathname;

async function simulate(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "simulate", ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}

interface Figures {
  readonly name: string;
  readonly contenders: {
    readonly name: string;
    readonly at: {
      readonly overloaded: { readonly mean: number };
      readonly peakToMean: { readonly mean: number };
    }[];
  }[];
}

Deno.test("deno task simulate: the same seeds give the same figures, and the default places better than what was used before", async () => {
  const args = [
    "games",
    "--load",
    "0.8",
    "--seeds",
    "1",
    "--strategy",
    "expected,weighted,oracle-size",
    "--json",
  ];
  const [first, second] = await Promise.all([simulate(...args), simulate(...args)]);
  assert.equal(first.code, 0, first.errors);
  assert.equal(first.output, second.output);
  const [{ name, contenders }] = JSON.parse(first.output) as [Figures];
  assert.equal(name, "games");
  const [expected, weighted, oracle] = contenders.map(({ at: [figures] }) => figures!);
  assert.ok(expected!.overloaded.mean <= 0.002);
  assert.ok(weighted!.overloaded.mean > 0.01);
  assert.ok(expected!.peakToMean.mean <= 1.1 * oracle!.peakToMean.mean);
});

Deno.test("deno task simulate without a scenario takes the standard one", async () => {
  const args = ["--load", "0.5", "--seeds", "1", "--strategy", "least-rooms"];
  const { code, output, errors } = await simulate(...args);
  assert.equal(code, 0, errors);
  assert.match(output, /^standard: [^]*least-rooms/);
  const json = await simulate(...args, "--json");
  assert.deepEqual((JSON.parse(json.output) as Figures[]).map(({ name }) => name), ["standard"]);
});

Deno.test("deno task simulate --html writes a page that holds everything it shows", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "report.html");
  const args = ["conference", "--load", "0.5", "--seeds", "1", "--strategy", "expected,least-rooms"];
  const { code, errors } = await simulate(...args, "--html", file);
  assert.equal(code, 0, errors);
  const page = Deno.readTextFileSync(file);
  assert.doesNotMatch(page.replaceAll(/data-cells="[^"]*"/g, ""), /https?:|src=|href=|NaN|undefined/);
  const maps = [...page.matchAll(/data-rows="(\d+)" data-columns="(\d+)" data-cells="([^"]+)"/g)];
  assert.equal(maps.length, 2);
  for (const [, rows, columns, cells] of maps) {
    const loads = Buffer.from(cells!, "base64");
    assert.equal(Number(rows), 16);
    assert.equal(loads.length, 2 * Number(rows) * Number(columns));
    assert.ok(loads.some((load) => load > 0));
  }
  assert.equal(page.match(/<span>60 min<\/span>/g)?.length, 2, "an axis of time");
});

Deno.test("deno task simulate --html leaves the page of before until it has another", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "report.html");
  Deno.writeTextFileSync(file, "before");
  const { code } = await simulate("--trace", "data/none.jsonl", "--html", file);
  assert.equal(code, 2);
  assert.equal(Deno.readTextFileSync(file), "before");
});

Deno.test("deno task simulate names what is wrong with its arguments", async () => {
  for (
    const [args, message] of [
      [["nothing"], /expected standard, games/],
      [["--load", "2"], /between 0 and 1/],
      [["--strategy", "best"], /expected expected, rebalance, fill, weighted/],
      [["--trace", "data/none.jsonl"], /no such file/],
      [["--trace", "docs"], /docs cannot be read: [^\n]*directory[^\n]*\n$/],
      [["--seeds", "0"], /expected a whole number from 1 to 1000/],
      [["--seeds", "1e12"], /expected a whole number from 1 to 1000/],
      [
        ["--html", "report.html"],
        /report\.html cannot be written: not permitted: add --allow-write=report\.html/,
      ],
    ] as const
  ) {
    const { code, errors } = await simulate(...args);
    assert.equal(code, 2);
    assert.match(errors, message);
  }
});

Deno.test("a gateway records what placement sees, without names, and the simulation replays it", async () => {
  using folder = new TemporaryFolder();
  const { accessKey, entry } = newCustomer("acme");
  const config = configSource({ customers: [entry], startup: { waitForReports: false } });
  const trace = join(folder.path, "trace.jsonl");
  await using program = await Program.start({ config, folder: folder.path, args: ["--record", trace] });
  const tokens = new TokenGenerator(accessKey);
  const peers = new Map<string, Map<string, number>>([["secret-a:1", new Map()], ["secret-b:1", new Map()]]);
  const report = async () => {
    for (const [server, rooms] of peers) {
      await call(`${program.url}/internal`, "sfu.Report", {
        public_endpoint: server,
        version: "1",
        load: [...rooms.values()].reduce((sum, each) => sum + each, 0) / 100,
        clients: [...rooms.values()].reduce((sum, each) => sum + each, 0),
        rooms: Array.from(rooms, ([name, peers]) => ({
          id: ["acme", name],
          customer: "acme",
          age: { secs: 1, nanos: 0 },
          peers,
        })),
      });
    }
  };
  await report();
  for (let i = 0; i < 20; i++) {
    const name = `hidden-${i % 5}`;
    const { address } = await call<{ address: string }>(program.url, "Connect", {}, {
      token: tokens.createToken(name, `somebody-${i}`),
    });
    const rooms = peers.get(address)!;
    rooms.set(name, (rooms.get(name) ?? 0) + 1);
  }
  await report();
  await program.stop("SIGTERM");
  const text = Deno.readTextFileSync(trace);
  assert.doesNotMatch(text, /hidden|somebody|acme|secret/);
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  const grants = lines.filter(({ type }) => type === "grant");
  assert.equal(grants.length, 20);
  assert.equal(new Set(grants.map(({ room }) => room)).size, 5);
  assert.equal(new Set(grants.map(({ room }) => room.replace(/\d+/, ""))).size, 1, "of one kind");
  assert.equal(lines.length, 24);

  const { code, output, errors } = await simulate("--trace", trace, "--strategy", "expected,weighted");
  assert.equal(code, 0, errors);
  assert.match(output, /expected .*\n.*weighted/);

  Deno.writeTextFileSync(trace, "{}\n");
  const broken = await simulate("--trace", trace);
  assert.equal(broken.code, 2);
  assert.match(broken.errors, /line 1 of the trace/);
});
