/**
 * `deno task bench`: what the gateway is measured by, each as a ratio within this run.
 *
 * @module
 */
import { sign, verify } from "node:crypto";
import { join } from "node:path";
import { alone, type Compared, connectCost, CONNECTIONS, oneOf } from "./connect_cost.ts";
import { type Dear, dearRequests, inConnects, timeOf } from "./dearest.ts";
import { reportBody, sendReport } from "./fleet_report.ts";
import { appendHistory, circumstances, disturbance, historyLine } from "./history.ts";
import { writeLargeStore } from "../sim/large_store.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { listenerCost } from "./listener_cost.ts";
import type { PlacementFigures } from "./placement.ts";
import type { SharedStoreFigures } from "./shared_store.ts";
import { median, timed } from "./statistics.ts";
import { signerOf, signingKey } from "../sim/access_key.ts";
import { call } from "../sim/rpc_client.ts";
import { writeTokens } from "./tokens.ts";
import { wrk, wrkVersion } from "./wrk.ts";

/** A row of the table: what was measured, the figures, and the ratio that counts. */
interface Row {
  readonly name: string;
  readonly figures: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: string;
  /** What is to be reached, and whether it was. */
  readonly target: string;
  readonly reached: boolean;
}

/** The gateway that is measured. */
interface Measured {
  readonly url: string;
  readonly accessKey: string;
}

const ROOMS_IN_REPORT = 5000;

/** (a) Connect over HTTP, against the two Ed25519 operations that it cannot do without. */
async function connectRate(gateway: Measured, tokens: string[], file: string): Promise<Row> {
  const rates: number[] = [];
  const floors: number[] = [];
  await wrk(gateway.url, file, { seconds: 3, connections: CONNECTIONS });
  for (let round = 0; round < 3; round++) {
    floors.push(cryptoRate(gateway.accessKey, tokens));
    const { granted, refused, seconds } = await wrk(gateway.url, file, {
      seconds: 4,
      connections: CONNECTIONS,
    });
    if (refused > 0) throw new Error(`${refused} Connects were refused`);
    rates.push(granted / seconds);
  }
  const value = median(rates.map((rate, i) => rate / floors[i]!));
  return {
    name: "Connect over HTTP ÷ verify + sign in a loop",
    figures: { "Connects/s": median(rates).toFixed(0), "loop/s": median(floors).toFixed(0) },
    value,
    unit: "of the loop",
    target: "≥ 0.45",
    reached: value >= 0.45,
  };
}

/** Tokens a second that a loop verifies, signing something of the same size each time. */
function cryptoRate(accessKey: string, tokens: string[]): number {
  const { publicKey, privateKey } = signingKey(accessKey);
  const parts = tokens.map((token) => {
    const dot = token.lastIndexOf(".");
    return [Buffer.from(token.slice(0, dot)), Buffer.from(token.slice(dot + 1), "base64url")] as const;
  });
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 2000) {
    for (let i = 0; i < 100; i++) {
      const [input, signature] = parts[done++ % parts.length]!;
      if (!verify(null, input, publicKey, signature)) throw new Error("a token does not verify");
      sign(null, input, privateKey);
    }
  }
  return done / ((performance.now() - start) / 1000);
}

/** What time-outs and limits of connections cost: the same gateway behind the runtime's own listener, which has none. */
async function listenerRow(entry: object, file: string): Promise<Row> {
  const options = { rounds: 9, seconds: 2, connections: CONNECTIONS };
  const { own, runtime, ratio } = await listenerCost(entry, file, options);
  return {
    name: "processor time of a Connect, our listener ÷ the runtime's",
    figures: { "ours µs": own.toFixed(0), "the runtime's µs": runtime.toFixed(0) },
    value: ratio,
    unit: "×",
    target: "≤ 1.10",
    reached: ratio <= 1.1,
  };
}

/** Limits that are counted and never reached: those of the defaults are below what a load generator sends by one key. */
const COUNTED = { perKey: 1_000_000, perCustomer: 1_000_000 };

/** Processor time of a Connect without something ÷ with it. */
async function connectRow(
  name: string,
  target: number,
  folder: string,
  compared: Compared,
): Promise<Row> {
  const its = join(folder, name.replaceAll(/\W+/g, "-"));
  const cost = await connectCost(its, compared, { pairs: 12, rounds: 4, seconds: 1 });
  const { dear, plain, ratio, error } = cost;
  return {
    name: `processor time of a Connect, ${name}`,
    figures: { "with µs": dear.toFixed(1), "without µs": plain.toFixed(1), "±": error.toFixed(3) },
    value: ratio,
    unit: "",
    target: `≥ ${target}`,
    reached: ratio >= target,
  };
}

/** What metrics and limits by key, customer and address cost, behind a proxy that is trusted. */
function limitsRow(settings: object, folder: string, file: string): Promise<Row> {
  const off = { perKey: "off", perCustomer: "off", perAddress: "off", concurrentPerAddress: "off" };
  return connectRow("metrics and limits off ÷ on, behind a trusted proxy", 0.95, folder, {
    dear: alone({ ...settings, rates: COUNTED, trustedProxies: ["127.0.0.1"] }),
    plain: alone({ ...settings, rates: off, shedding: { delay: "off" }, operations: { enabled: false } }),
    tokens: () => file,
    forwarded: true,
  });
}

/** What a store costs, to known rooms and to new ones. */
async function storeRows(
  name: string,
  targets: { known: number; new: number },
  folder: string,
  accessKey: string,
  ways: Pick<Compared, "dear" | "plain">,
): Promise<Row[]> {
  const known = join(folder, "known.txt");
  await writeTokens(known, accessKey, { count: 2000, perRoom: 20, prefix: "known" });
  const fresh = async (round: number) => {
    const file = join(folder, "new.txt");
    await writeTokens(file, accessKey, { count: 40_000, perRoom: 1, prefix: `new-${round}` });
    return file;
  };
  return [
    await connectRow(`to known rooms, ${name}`, targets.known, folder, { ...ways, tokens: () => known }),
    await connectRow(`to new rooms, ${name}`, targets.new, folder, { ...ways, tokens: fresh }),
  ];
}

/** (b) A report over HTTP, against reading its JSON. */
async function reportTime(gateway: Measured): Promise<Row> {
  const body = reportBody(1000, ROOMS_IN_REPORT);
  const ratios: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const floor = await timed(30, () => JSON.parse(body));
    const time = await timed(30, () => sendReport(gateway.url, body));
    ratios.push(time / floor);
    times.push(time);
  }
  const value = median(ratios);
  return {
    name: `report of ${ROOMS_IN_REPORT} rooms over HTTP ÷ JSON.parse of it`,
    figures: { ms: (median(times) * 1000).toFixed(2), "body KB": (body.length / 1000).toFixed(0) },
    value,
    unit: "×",
    target: "≤ 5",
    reached: value <= 5,
  };
}

/**
 * (c) Connect's 99th percentile while three servers send such reports every second, against it alone. Their reports
 * come at different phases of the second, as those of servers do.
 */
async function latencyUnderReports(gateway: Measured, file: string): Promise<Row> {
  const bodies = [2000, 2001, 2002].map((server) => reportBody(server, ROOMS_IN_REPORT));
  const ratios: number[] = [];
  const alone: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < 3; round++) {
    alone.push((await wrk(gateway.url, file, { seconds: 4, connections: CONNECTIONS })).p99);
    let turn = 0;
    const third = () => sendReport(gateway.url, bodies[turn++ % bodies.length]!);
    const reporting = setInterval(third, 1000 / bodies.length);
    busy.push((await wrk(gateway.url, file, { seconds: 6, connections: CONNECTIONS })).p99);
    clearInterval(reporting);
    ratios.push(busy.at(-1)! / alone.at(-1)!);
  }
  const value = median(ratios);
  return {
    name: "Connect p99 while 3 servers report every second ÷ alone",
    figures: { "alone ms": median(alone).toFixed(2), "busy ms": median(busy).toFixed(2) },
    value,
    unit: "×",
    target: "≤ 4",
    reached: value <= 4,
  };
}

/** The request that costs most for its size, against a Connect. */
async function dearestRequest(gateway: Measured, token: string): Promise<Row> {
  const [header, claims, signature] = token.split(".");
  const long = {
    ...JSON.parse(Buffer.from(claims!, "base64url").toString()),
    tgs: new Array(600).fill("tag"),
  };
  const garbled = `${header}.${Buffer.from(JSON.stringify(long)).toString("base64url")}.${signature}`;
  const connect: Dear = {
    name: "Connect",
    path: "/",
    authorization: `Bearer ${token}`,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Connect" }),
  };
  await timeOf(connect, gateway.url, 2000);
  const floor = await timeOf(connect, gateway.url, 1000);
  let dearest = { name: "", value: 0 };
  const figures: Record<string, string> = { "Connect ms": floor.toFixed(3) };
  for (const request of dearRequests(token, garbled)) {
    const value = inConnects(request, await timeOf(request, gateway.url, 15), floor);
    figures[request.name] = value.toFixed(1);
    if (value > dearest.value) dearest = { name: request.name, value };
  }
  return {
    name: `dearest request for each 16 KB ÷ a Connect (${dearest.name})`,
    figures,
    value: dearest.value,
    unit: "Connects",
    target: "≤ 10",
    reached: dearest.value <= 10,
  };
}

/** (d) Heap that a room takes in the model. */
async function memory(rooms: number): Promise<Row> {
  const script = new URL("./memory.ts", import.meta.url).pathname;
  const args = [
    "run",
    "--no-prompt",
    "--v8-flags=--expose-gc,--max-old-space-size=8192",
    script,
    String(rooms),
  ];
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const value = Number(new TextDecoder().decode(stdout));
  return {
    name: `memory a room at ${rooms.toLocaleString("en")} rooms`,
    figures: {},
    value,
    unit: "bytes",
    target: "≤ 600",
    reached: value <= 600,
  };
}

/** What it takes to choose a server, and what learning adds to a report. */
async function placement(): Promise<Row[]> {
  const script = new URL("./placement.ts", import.meta.url).pathname;
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", script],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { at50, at1000, learning } = JSON.parse(new TextDecoder().decode(stdout)) as PlacementFigures;
  const choosing = (servers: number, value: number, target: number): Row => ({
    name: `choosing one of ${servers.toLocaleString("en")} servers`,
    figures: {},
    value,
    unit: "µs",
    target: `≤ ${target}`,
    reached: value <= target,
  });
  return [choosing(50, at50, 5), choosing(1000, at1000, 50), {
    name: `report of ${ROOMS_IN_REPORT} rooms, with learning ÷ without`,
    figures: { ms: learning.milliseconds.toFixed(2) },
    value: learning.ratio,
    unit: "×",
    target: "≤ 1.10",
    reached: learning.ratio <= 1.1,
  }];
}

/** Management calls of many backends at a time, each safe from loss of power, against a gateway that keeps nothing. */
async function managementCost(config: string, folder: string, accessKey: string): Promise<Row> {
  const [durable, forgetful] = [join(folder, "managed"), join(folder, "managed-nowhere")];
  [durable, forgetful].forEach((path) => Deno.mkdirSync(path));
  await using withStore = await Program.start({ config, folder: durable });
  await using without = await Program.start({ config, folder: forgetful, args: ["--data", ":memory:"] });
  const room = "match-0-0";
  const token = signerOf(accessKey)({ rid: room, uid: "backend", sub: "RoomBanClient" });
  for (const { url } of [withStore, without]) await sendReport(url, reportBody(0, 10));
  let users = 0;
  const rate = async (url: string) => {
    const start = performance.now();
    let done = 0;
    const caller = async () => {
      while (performance.now() - start < 2000) {
        const params = { room_id: room, user_id: `user-${users++}`, ban_time: 60 };
        await call(url, "RoomBanClient", params, { token });
        done++;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
    return done / ((performance.now() - start) / 1000);
  };
  const rates: [number, number][] = [];
  for (let round = 0; round < 4; round++) rates.push([await rate(withStore.url), await rate(without.url)]);
  const value = median(rates.slice(1).map(([a, b]) => a / b));
  return {
    name: "bans that survive loss of power ÷ bans that are kept nowhere",
    figures: {
      "with/s": median(rates.map(([a]) => a)).toFixed(0),
      "without/s": median(rates.map(([, b]) => b)).toFixed(0),
    },
    value,
    unit: "",
    target: "≥ 0.7",
    reached: value >= 0.7,
  };
}

/** From the start of the process until it listens, with 100,000 rooms, 200 servers and 10,000 bans in its store. */
async function startTime(config: string, folder: string): Promise<Row> {
  const [full, empty] = [join(folder, "full"), join(folder, "empty")];
  [full, empty].forEach((path) => Deno.mkdirSync(join(path, "data"), { recursive: true }));
  await writeLargeStore(join(full, "data"));
  const start = (path: string) =>
    timed(3, async () => {
      await using _program = await Program.start({ config, folder: path });
    });
  const value = await start(full);
  return {
    name: "start to ready with 100,000 stored rooms",
    figures: { "with an empty store s": (await start(empty)).toFixed(2) },
    value,
    unit: "s",
    target: "≤ 1",
    reached: value <= 1,
  };
}

/** Taking up a store of a million rooms, and how long others wait for a turn of the event loop meanwhile. */
async function restoreTime(folder: string): Promise<Row[]> {
  const path = join(folder, "million");
  Deno.mkdirSync(path);
  await writeLargeStore(path, 1_000_000);
  const script = new URL("./restore.ts", import.meta.url).pathname;
  const runs: { took: number; longest: number }[] = [];
  for (let run = 0; run < 3; run++) {
    const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", `--allow-write=${path}`, script, path],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    runs.push(JSON.parse(new TextDecoder().decode(stdout)));
  }
  const took = median(runs.map((run) => run.took)) / 1000;
  const longest = median(runs.map((run) => run.longest));
  return [{
    name: "taking up 1,000,000 stored rooms",
    figures: {},
    value: took,
    unit: "s",
    target: "≤ 15",
    reached: took <= 15,
  }, {
    name: "longest time the event loop stands still meanwhile",
    figures: { "the worst run ms": Math.max(...runs.map((run) => run.longest)).toFixed(0) },
    value: longest,
    unit: "ms",
    target: "≤ 50",
    reached: longest <= 50,
  }];
}

/** What several gateways cost each other, and Redis. */
async function sharedStore(): Promise<Row[]> {
  const script = new URL("./shared_store.ts", import.meta.url).pathname;
  const permissions = ["--allow-net", "--allow-read", "--allow-write=data", "--allow-run", "--allow-env=CI"];
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, script],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const its = JSON.parse(new TextDecoder().decode(stdout)) as SharedStoreFigures;
  const row = (
    name: string,
    value: number,
    unit: string,
    least: boolean,
    limit: number,
    figures = {},
  ): Row => ({
    name,
    figures,
    value,
    unit,
    target: `${least ? "≥" : "≤"} ${limit}`,
    reached: least ? value >= limit : value <= limit,
  });
  return [
    row(
      "claims of groups ÷ calls of a function in Redis that counts",
      its.claims / its.calls,
      "",
      true,
      0.4,
      {
        "claims/s": its.claims.toFixed(0),
        "calls/s": its.calls.toFixed(0),
      },
    ),
    row("reading changes of the log ÷ JSON.parse of them", its.reading, "×", false, 10),
    row("processor of a gateway that follows 1,000 servers", its.follower * 100, "%", false, 10, {
      "changes/s": its.changesPerSecond.toFixed(0),
    }),
    row("processor of Redis with 1,000 servers", its.redis * 100, "%", false, 5),
    row("reading 100,000 rooms from Redis", its.load, "s", false, 1.5, {
      "the longest that it is busy ms": its.longest.toFixed(1),
    }),
  ];
}

/** How long callers wait while one process takes over from another that has 100,000 rooms, 200 servers and 10,000 bans. */
async function takeOverTime(config: string, folder: string): Promise<Row> {
  const path = join(folder, "taken-over");
  Deno.mkdirSync(join(path, "data"), { recursive: true });
  await writeLargeStore(join(path, "data"));
  let running = await Program.start({ config, folder: path });
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    const next = await Program.start({ config, folder: path, args: ["--take-over"] });
    waits.push(Number((await running.printed(/requests waited for (\d+) ms/))[1]));
    await running.stop();
    running = next;
  }
  await running.stop();
  const value = median(waits);
  return {
    name: "callers wait while a process takes over, with 100,000 stored rooms",
    figures: { "at least ms": Math.min(...waits).toFixed(0), "at most ms": Math.max(...waits).toFixed(0) },
    value,
    unit: "ms",
    target: "≤ 200",
    reached: value <= 200,
  };
}

/** A scrape of the metrics over HTTP, with 100,000 rooms and 200 servers: more than it takes of the gateway's main thread. */
async function scrapeTime(config: string, folder: string): Promise<Row> {
  const path = join(folder, "scraped");
  Deno.mkdirSync(join(path, "data"), { recursive: true });
  await writeLargeStore(join(path, "data"));
  await using program = await Program.start({ config, folder: path, args: ["--operations", "127.0.0.1:0"] });
  const [, url] = await program.printed(/operations: .* are at (http:\S+)/);
  let size = 0;
  const scrape = async () => void (size = (await (await fetch(`${url}/metrics`)).text()).length);
  const first = await timed(1, scrape);
  const value = await timed(50, scrape) * 1000;
  return {
    name: "a scrape of the metrics with 100,000 rooms and 200 servers",
    figures: { "the first ms": (first * 1000).toFixed(1), KB: (size / 1000).toFixed(0) },
    value,
    unit: "ms",
    target: "≤ 20",
    reached: value <= 20,
  };
}

function print(rows: readonly Row[], generator: string): void {
  console.log(
    `Load generator: ${generator}, ${CONNECTIONS} connections on one thread, a process of its own\n`,
  );
  for (const { name, figures, value, unit, target, reached } of rows) {
    const details = Object.entries(figures).map(([what, figure]) => `${what} ${figure}`).join(", ");
    const digits = value < 100 ? 2 : 0;
    console.log(`${reached ? "✓" : "✗"} ${name}: ${value.toFixed(digits)} ${unit} (${target})`);
    if (details !== "") console.log(`    ${details}`);
  }
}

const MEASUREMENTS = [
  "connect",
  "listener",
  "limits",
  "report",
  "latency",
  "dearest",
  "durability",
  "start",
  "restore",
  "take-over",
  "scrape",
  "placement",
  "shared",
  "gateways",
  "memory",
] as const;

const OPTIONS = ["--json", "--history"];
const wanted = Deno.args.filter((arg) => !OPTIONS.includes(arg));
const unknown = wanted.find((arg) => !MEASUREMENTS.some((name) => name === arg));
if (unknown !== undefined) {
  console.error(`error: ${unknown}: expected ${OPTIONS.join(", ")}, or some of ${MEASUREMENTS.join(", ")}`);
  Deno.exit(2);
}
const wants = (name: typeof MEASUREMENTS[number]) => wanted.length === 0 || wanted.includes(name);

const keeps = Deno.args.includes("--history");
const about = keeps ? await circumstances() : undefined;
const disturbed = about && disturbance(about);
if (disturbed !== undefined) {
  console.error(`error: ${disturbed}`);
  Deno.exit(2);
}

const generator = await wrkVersion();
using folder = new TemporaryFolder();
const { accessKey, entry } = newCustomer("bench");
const settings = {
  customers: [entry],
  startup: { waitForReports: false },
  sfuConfig: { disableTimeout: 3600, removeTimeout: 3600 },
};
const counted = { ...settings, rates: COUNTED };
const config = configSource(counted);
const rows: Row[] = [];
const tokensFile = join(folder.path, "tokens.txt");
const tokens = await writeTokens(tokensFile, accessKey, { count: 20_000, perRoom: 20 });
if (wants("connect") || wants("report") || wants("latency") || wants("dearest")) {
  await using program = await Program.start({ config, folder: folder.path });
  const gateway = { url: program.url, accessKey };
  for (let server = 0; server < 10; server++) await sendReport(gateway.url, reportBody(server, 10));
  if (wants("connect")) rows.push(await connectRate(gateway, tokens, tokensFile));
  if (wants("report")) rows.push(await reportTime(gateway));
  if (wants("dearest")) rows.push(await dearestRequest(gateway, tokens[0]!));
  if (wants("latency")) rows.push(await latencyUnderReports(gateway, tokensFile));
}
if (wants("listener")) rows.push(await listenerRow(entry, tokensFile));
if (wants("limits")) rows.push(await limitsRow(settings, folder.path, tokensFile));
if (wants("durability")) {
  rows.push(
    ...await storeRows("kept nowhere ÷ with the store", { known: 0.97, new: 0.8 }, folder.path, accessKey, {
      dear: alone(counted),
      plain: alone(counted, ["--data", ":memory:"]),
    }),
  );
  rows.push(await managementCost(config, folder.path, accessKey));
}
if (wants("start")) rows.push(await startTime(config, folder.path));
if (wants("restore")) rows.push(...await restoreTime(folder.path));
if (wants("take-over")) rows.push(await takeOverTime(config, folder.path));
if (wants("scrape")) rows.push(await scrapeTime(config, folder.path));
if (wants("placement")) rows.push(...await placement());
if (wants("shared")) rows.push(...await sharedStore());
if (wants("gateways")) {
  rows.push(
    ...await storeRows("a gateway alone ÷ one of three", { known: 0.95, new: 0.6 }, folder.path, accessKey, {
      dear: oneOf(3, counted),
      plain: alone(counted),
    }),
  );
}
if (wants("memory")) { for (const rooms of [100_000, 1_000_000]) rows.push(await memory(rooms)); }
if (Deno.args.includes("--json")) console.log(JSON.stringify({ generator, rows }, null, 2));
else print(rows, generator);
if (about !== undefined) appendHistory(historyLine(about, rows));
if (rows.some(({ reached }) => !reached)) Deno.exitCode = 1;
