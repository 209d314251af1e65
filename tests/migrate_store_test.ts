import assert from "node:assert/strict";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import type { Address, RoomId } from "../src/fleet/mod.ts";
import { NO_REDIS, RedisServer } from "../src/store/redis/testing.ts";
import { SqliteStore } from "../src/store/sqlite/store.ts";
import { loaded } from "../src/store/testing.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
const room: RoomId = ["acme", "lobby"];
const server = "s1.example:4433" as Address;

function migrate(folder: string, redis: RedisServer, ...args: readonly string[]) {
  return migrateWith(folder, "--store", `redis://127.0.0.1:${redis.port}`, ...args);
}

async function migrateWith(folder: string, ...args: readonly string[]) {
  const place = ["--config", `${folder}/config.ts`, "--data", `${folder}/data`];
  const allowed = ["--no-prompt", "--allow-net", "--allow-read", `--allow-write=${folder}`, "--allow-env"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...allowed, "main.ts", "migrate-store", ...place, ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function open(folder: string): Promise<SqliteStore> {
  const ignored = () => {};
  const clocks = { now: Date.now, unixTime: Date.now };
  return await SqliteStore.open(`${folder}/data`, { ...clocks, others: ignored, failed: ignored });
}

/** A folder with a configuration, and a store with some of everything. */
async function filled(folder: string): Promise<void> {
  const { entry } = newCustomer("acme");
  const masterKey = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";
  const config = configSource({ customers: [entry], masterKey, operations: { enabled: false } });
  Deno.writeTextFileSync(`${folder}/config.ts`, config);
  await (await Program.start({ config, folder })).stop(); // a folder as the gateway leaves it
  const store = await open(folder);
  const until = Date.now() + 3_600_000;
  await store.commit([
    { type: "server-appeared", server, pool: "default", version: "1" },
    { type: "group-placed", namespace: "acme", group: "lobby", server, from: undefined },
    { type: "room-opened", room, customer: "acme", server, listed: true },
    { type: "banned", ban: { room, user: "mallory", until, customer: "acme", by: "key" } },
    {
      type: "task-queued",
      server,
      task: {
        sequence: 7,
        room,
        kind: "RoomUpdate",
        json: JSON.stringify({ task: "RoomUpdate", id: room, user_data: [1] }),
        expires: until,
        customer: "acme",
      },
    },
    { type: "server-planned", server, weight: 0.5, draining: undefined },
  ], "power");
  await store.setValue("customers", "[]");
  await store.setValue("room-cost", '{"exponent":2,"clientsPerWork":0.1}');
  await store.close();
}

Deno.test({
  name: "migrate-store copies the data folder to Redis and back, and into nothing that has something already",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    using from = new TemporaryFolder();
    using back = new TemporaryFolder();
    await filled(from.path);
    Deno.copyFileSync(`${from.path}/config.ts`, `${back.path}/config.ts`);
    const all = "servers 1, groups 1, rooms 1, bans 1, tasks 1, kinds of rooms 0, names that come back 0";

    const there = await migrate(from.path, redis, "--to", "redis");
    assert.equal(there.code, 0, there.output);
    assert.match(there.output, new RegExp(`to Redis: ${all}\\.\nRedis has now: ${all}\\.`));

    const kept = () => redis.ask("GET", "{odin}:value:customers");
    assert.equal(await kept(), "0\n[]");
    await redis.ask("SET", "{odin}:value:customers", "7\n[1]"); // what gateways on Redis have since

    const again = await migrate(from.path, redis, "--to", "redis");
    assert.equal(again.code, 2);
    assert.match(again.output, /^error: Redis has something already/);
    const anyway = await migrate(from.path, redis, "--to", "redis", "--yes");
    assert.match(anyway.output, new RegExp(`Redis has now: ${all}\\.`));
    assert.equal(await kept(), "7\n[1]");

    const home = await migrate(back.path, redis, "--to", "folder");
    assert.equal(home.code, 0, home.output);
    const [before, after] = [await open(from.path), await open(back.path)];
    const [was, is] = [await loaded(before), await loaded(after)];
    // Redis keeps whole milliseconds, and knows who reported last.
    assert.deepEqual(is.bans.map(({ user }) => user), was.bans.map(({ user }) => user));
    assert.ok(Math.abs(is.bans[0]!.until - was.bans[0]!.until) < 100);
    assert.deepEqual([is.placements, is.rooms], [was.placements, was.rooms]);
    assert.deepEqual(is.tasks.map(({ task }) => task.sequence), [7]);
    assert.deepEqual(is.servers.map(({ weight }) => weight), [0.5]);
    assert.equal(await after.value("customers"), "[1]");
    for (const name of ["master-key", "room-cost"]) {
      assert.equal(await after.value(name), await before.value(name));
    }
    await Promise.all([before.close(), after.close()]);

    const full = await migrate(back.path, redis, "--to", "folder");
    assert.equal(full.code, 2);
    assert.match(full.output, /^error: the data folder has something already; with --yes it is replaced/);
  },
});

Deno.test({
  name: "migrate-store says what is wrong with a URL, and makes no folder then",
  async fn() {
    using folder = new TemporaryFolder();
    Deno.writeTextFileSync(`${folder.path}/config.ts`, configSource({}));
    const { code, output } = await migrateWith(folder.path, "--to", "redis", "--store", "redis://:50%off@a");
    assert.equal(code, 2);
    assert.match(output, /^error: [^]*--store: a % in it begins no escape/);
    assert.doesNotMatch(output, /\n +at |Uncaught|50%off/);
    assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["config.ts"]);
  },
});

Deno.test({
  name: "migrate-store copies no folder that no gateway has run on, and makes none",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    using folder = new TemporaryFolder();
    const masterKey = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";
    Deno.writeTextFileSync(`${folder.path}/config.ts`, configSource({ masterKey }));
    const { code, output } = await migrate(folder.path, redis, "--to", "redis");
    assert.equal(code, 2, output);
    assert.match(output, /^error: \S+ has no gateway\.db: no gateway has run on that folder/);
    assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["config.ts"]);
    const back = await migrate(folder.path, redis, "--to", "folder");
    assert.match(back.output, /^warning: Redis has nothing that could be copied/m);
  },
});

Deno.test({
  name: "migrate-store takes no folder that a gateway runs on, and tells of gateways on the Redis",
  ignore: NO_REDIS,
  async fn() {
    await using redis = await RedisServer.start();
    using from = new TemporaryFolder();
    using other = new TemporaryFolder();
    await filled(from.path);
    const config = Deno.readTextFileSync(`${from.path}/config.ts`);
    const args = ["--store", `redis://127.0.0.1:${redis.port}`];
    await using _running = await Program.start({ config, folder: other.path, args });
    const busy = await migrate(other.path, redis, "--to", "folder");
    assert.equal(busy.code, 2);
    assert.match(busy.output, /^error: another gateway uses the folder/);
    const shared = await migrate(from.path, redis, "--to", "redis");
    assert.equal(shared.code, 2);
    assert.match(shared.output, /^error: 1 gateways run on that Redis/);
  },
});
