/**
 * What the store costs that several gateways share: a real Redis on this machine, a gateway that changes things, and in
 * processes of their own gateways that follow it.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { createClient } from "@redis/client";
import type { Address, Change } from "../src/fleet/mod.ts";
import { readChanges, writeChange } from "../src/store/redis/changes.ts";
import { RedisStore } from "../src/store/redis/store.ts";
import { OPTIONS, RedisServer } from "../src/store/redis/testing.ts";
import { loaded } from "../src/store/testing.ts";
import { median, timed } from "./statistics.ts";

export interface SharedStoreFigures {
  /** Claims of groups a second, and calls of a function that does next to nothing. */
  readonly claims: number;
  readonly calls: number;
  /** Reading changes of the log ÷ JSON.parse of their text. */
  readonly reading: number;
  /** Fractions of a core while 1,000 servers report: of a gateway that only follows, and of Redis. */
  readonly follower: number;
  readonly redis: number;
  readonly changesPerSecond: number;
  /** Seconds to read 100,000 rooms, each of its own group; and the longest that Redis had no turn for others, in ms. */
  readonly load: number;
  readonly longest: number;
}

const IN_FLIGHT = 500;
const ROOMS = 100_000;

/** Reports a second of 1,000 servers, and rooms that come and go with each. */
const REPORTS = 200;
const ROOMS_PER_REPORT = 10;
const SECONDS = 8;

/** Changes with which all is set up; what comes after them is measured. */
const WARM_UP = 1000 * (2 + 2 * ROOMS_PER_REPORT);

const settings = (port: number) => ({
  at: { hostname: "127.0.0.1", port },
  prefix: "{odin}:",
  replicas: false,
});

const placed = (group: string, server: Address): Change => ({
  type: "group-placed",
  namespace: "bench",
  group,
  server,
});

/** So many calls, some at a time. @returns calls a second */
async function rate(calls: number, call: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const caller = async () => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return calls / ((performance.now() - start) / 1000);
}

async function claims(server: RedisServer, store: RedisStore): Promise<{ claims: number; calls: number }> {
  const text =
    "#!lua name=bench\nredis.register_function('bench', function(keys) return redis.call('INCR', keys[1]) end)";
  await server.ask("FUNCTION", "LOAD", text);
  const client = createClient({ socket: { host: "127.0.0.1", port: server.port }, RESP: 2 });
  await client.connect();
  const rates: { claims: number; calls: number }[] = [];
  for (let round = 0; round < 4; round++) {
    rates.push({
      calls: await rate(20_000, () => client.sendCommand(["FCALL", "bench", "1", "bench"])),
      claims: await rate(
        20_000,
        (i) => store.commit([placed(`claimed-${round}-${i}`, "a:1" as Address)], "process"),
      ),
    });
  }
  client.destroy();
  const [_, ...warm] = rates;
  return { claims: median(warm.map(({ claims }) => claims)), calls: median(warm.map(({ calls }) => calls)) };
}

/** What a report changes of a server in whose place rooms come and go. */
function changesOfReport(server: Address, turn: number): Change[] {
  const room = (turn: number, i: number) => `match-${server}-${turn}-${i}`;
  return [
    {
      type: "server-reported",
      ...{ server, report: `${server} ${turn}`, pool: "eu", version: "1.0.0", load: 0.42, clients: 400 },
      ...{
        cost: [100, 40_000, 42, 16_000_000, 16_800],
        usage: [{ customer: "acme", peers: 400, rooms: 100 }],
      },
    },
    ...Array.from({ length: ROOMS_PER_REPORT }, (_, i): Change[] => [
      placed(room(turn, i), server),
      { type: "room-opened", room: ["bench", room(turn, i)], server, customer: "acme", listed: true },
      { type: "room-closed", room: ["bench", room(turn - 1, i)], server },
      { type: "group-leaving", namespace: "bench", group: room(turn - 1, i), server, leave: `${turn}` },
    ]).flat(),
  ];
}

const CLOCK = { toUnixTime: (time: number) => time, fromUnixTime: (time: number) => time };

async function reading(): Promise<number> {
  const changes = Array.from({ length: 100 }, (_, i) => changesOfReport("10.0.0.1:4433" as Address, i))
    .flat();
  const json = `[${changes.map((change) => writeChange(change, CLOCK)).join()}]`;
  const ratios: number[] = [];
  for (let round = 0; round < 5; round++) {
    ratios.push(await timed(20, () => readChanges(json, CLOCK)) / await timed(20, () => JSON.parse(json)));
  }
  return median(ratios);
}

/** A gateway that does nothing but follow, in a process of its own; ends with its input, and says its processor time in µs. */
async function follow(port: number): Promise<void> {
  let told = 0;
  const store = await RedisStore.open(settings(port), {
    ...OPTIONS,
    others: (changes) => told += changes.length,
  });
  await loaded(store);
  console.log("follows");
  let before = cpuUsage();
  const start = setInterval(() => {
    if (told < WARM_UP) return;
    clearInterval(start);
    told = 0;
    before = cpuUsage();
  }, 50);
  for await (const _ of Deno.stdin.readable);
  clearInterval(start);
  const { user, system } = cpuUsage(before);
  console.log(JSON.stringify({ time: user + system, told }));
  await store.close();
}

async function reports(server: RedisServer, store: RedisStore) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net",
      "--allow-read",
      "--allow-run",
      import.meta.filename!,
      String(server.port),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await output.read();
  const servers = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}:4433` as Address);
  await store.commit(
    servers.map((server) => ({ type: "server-appeared", server, pool: "eu", version: "1" })),
    "process",
  );
  for (const server of servers) await store.commit(changesOfReport(server, 1), "process"); // rooms that go with the next
  const redisBefore = await cpuOf(server);
  const start = performance.now();
  for (let report = 0; report < REPORTS * SECONDS; report++) {
    const wait = start + report * 1000 / REPORTS - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    const turn = Math.floor(report / servers.length) + 2;
    store.commit(changesOfReport(servers[report % servers.length]!, turn), "soon").catch((error) =>
      console.error(error)
    );
  }
  const seconds = (performance.now() - start) / 1000;
  const redis = (await cpuOf(server) - redisBefore) / seconds;
  await child.stdin.close();
  let text = "";
  for (let read = await output.read(); !read.done; read = await output.read()) text += read.value;
  const { time, told } = JSON.parse(text);
  await child.status;
  return { follower: time / 1e6 / seconds, redis, changesPerSecond: told / seconds };
}

/** Processor time of Redis so far, in seconds. */
async function cpuOf(server: RedisServer): Promise<number> {
  const info = await server.ask<string>("INFO", "cpu");
  const value = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
  return value("used_cpu_user") + value("used_cpu_sys");
}

async function load(server: RedisServer, store: RedisStore): Promise<{ load: number; longest: number }> {
  await server.ask("FLUSHALL");
  const script = `for i = 1, tonumber(ARGV[1]) do
    redis.call("HSET", KEYS[1], '["bench","room-' .. i .. '"]', '"a:1"\\n\\n["bench","room-' .. i .. '"]\\n"acme",true')
  end`;
  await server.ask("EVAL", script, "1", "{odin}:groups", String(ROOMS));
  await new Promise((resolve) => setTimeout(resolve, 2000)); // it has noticed, and joined again
  await server.ask("CONFIG", "SET", "slowlog-log-slower-than", "500");
  await server.ask("SLOWLOG", "RESET");
  const time = await timed(3, () => loaded(store));
  const slow = await server.ask<[number, number, number][]>("SLOWLOG", "GET", "100");
  return { load: time, longest: Math.max(0, ...slow.map(([, , microseconds]) => microseconds / 1000)) };
}

async function measure(): Promise<SharedStoreFigures> {
  const inProcess = { reading: await reading() }; // before anything has to answer in time
  await using server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "everysec");
  const store = await RedisStore.open(server.settings, OPTIONS);
  await loaded(store);
  const rates = { ...await claims(server, store), ...await reports(server, store) };
  const figures = { ...inProcess, ...rates, ...await load(server, store) };
  await store.close();
  return figures;
}

if (import.meta.main) {
  const [port] = Deno.args;
  if (port === undefined) console.log(JSON.stringify(await measure()));
  else await follow(Number(port));
}
