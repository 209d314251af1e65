import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { call, CallError } from "../sim/rpc_client.ts";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { writeLargeStore } from "../sim/large_store.ts";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";

const SERVERS = ["a:1", "b:1", "c:1"];
const KILLS = 20;

Deno.test(`killed ${KILLS} times under load, the gateway loses nothing that it acknowledged`, async () => {
  await using gateway = await TestGateway.start({ loginToken: { lifetime: 3600 } });
  const places = new Map<string, string>();
  const bans: { room: string; user: string }[] = [];
  const acknowledged: number[] = [];
  const delivered: number[] = [];
  const report = async (server: string) => {
    for (const task of await gateway.report(server)) {
      if (task.task === "RoomUpdate") delivered.push(task.user_data[0]! * 256 + task.user_data[1]!);
    }
  };
  for (const server of SERVERS) await report(server);
  const [home] = SERVERS;
  // One room whose tasks are counted; it is on a server that is known.
  places.set("{home}", (await gateway.connect("{home}", "u")).address);
  let number = 0;
  let clients = 0;

  /** Keeps calling until the gateway is gone. What it answered is noted; what it did not, may or may not have been. */
  async function untilGone(step: () => Promise<unknown>): Promise<void> {
    while (true) {
      try {
        await step();
      } catch (error) {
        if (error instanceof CallError) throw error;
        return;
      }
    }
  }
  async function connectSomebody(): Promise<void> {
    const client = clients++;
    const group = `{g${Math.floor(client / 3)}}`;
    const { address } = await gateway.connect(`${group}-${client}`, `u${client}`);
    assert.equal(address, places.get(group) ?? address, "a group is split");
    places.set(group, address);
  }
  async function sendTask(): Promise<void> {
    const mine = ++number;
    const user_data = [mine >> 8, mine & 255];
    await gateway.call("RoomUpdate", "{home}", "b", { room_id: "{home}", user_data });
    acknowledged.push(mine);
  }
  async function banSomebody(): Promise<void> {
    const ban = { room: `{g${bans.length}}`, user: `banned${bans.length}` };
    await gateway.call("RoomBanClient", ban.room, "b", {
      room_id: ban.room,
      user_id: ban.user,
      ban_time: 600,
    });
    bans.push(ban);
  }
  const reportInTurn = () =>
    report(SERVERS[Math.floor(Math.random() * SERVERS.length)]!).then(() => sleep(20));

  for (let kill = 0; kill < KILLS; kill++) {
    const load = [connectSomebody, connectSomebody, connectSomebody, sendTask, banSomebody, reportInTurn].map(
      untilGone,
    );
    await sleep(20 + Math.random() * 200);
    const restarted = gateway.restart();
    await Promise.all(load);
    await restarted;
    for (const [group, server] of [...places].slice(-10)) {
      assert.equal((await gateway.connect(`${group}-again`, "u")).address, server, `${group} has moved`);
    }
    for (const { room, user } of bans.slice(-5)) {
      await refusedWith(gateway.connect(room, user), -32004, /banned/);
    }
  }
  for (const [group, server] of places) {
    assert.equal((await gateway.connect(`${group}-last`, "u")).address, server, `${group} has moved`);
  }
  for (const { room, user } of bans) await refusedWith(gateway.connect(room, user), -32004, /banned/);
  // Twice without proof at the most: the servers of this test share their connections.
  for (let round = 0; round < 2; round++) for (const server of SERVERS) await report(server);
  for (const server of SERVERS) assert.deepEqual(await gateway.report(server), [], "a task is left");
  const once = [...new Set(delivered)];
  assert.deepEqual(once, once.toSorted((a, b) => a - b), "tasks came out of order");
  assert.deepEqual(acknowledged.filter((mine) => !once.includes(mine)), [], "acknowledged tasks were lost");
  assert.ok(acknowledged.length > KILLS && bans.length > KILLS && places.size > KILLS && home !== undefined);
});

Deno.test("a task that was handed over and confirmed is not handed over again after a crash", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data: [1] });
  assert.equal((await gateway.report("a:1", [{ name: "r", peers: 1 }])).length, 1);
  // The next request on the same connection shows that the answer was read.
  assert.deepEqual(await gateway.report("a:1", [{ name: "r", peers: 1 }]), []);
  await sleep(150);
  await gateway.restart();
  assert.deepEqual(await gateway.report("a:1", [{ name: "r", peers: 1 }]), []);
});

Deno.test("a restart moves no room, and keeps licences, bans and servers' tokens", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 4 });
  await gateway.report("a:1", [{ name: "r", peers: 3 }]);
  await gateway.report("b:1", [], { load: 0 });
  await gateway.call("RoomClose", "closed", "b", { room_id: "closed", ban_time: 600 });
  await sleep(200);
  await gateway.restart();
  await refusedWith(gateway.connect("closed", "u"), -32004, /banned/);
  assert.equal((await gateway.connect("r", "u")).address, "a:1");
  await refusedWith(gateway.connect("r", "v"), -32005, /peer limit/);
});

Deno.test("with an empty store, rooms that are not known wait until every server that may be alive has had its chance", async () => {
  await using gateway = await TestGateway.start({
    startup: {},
    sfuConfig: { updateInterval: 1, disableTimeout: 1.5 },
  });
  await gateway.report("a:1", [{ name: "known", peers: 1 }]);
  const token = gateway.tokens.createToken("unknown", "u");
  const body = { jsonrpc: "2.0", id: 1, method: "Connect" };
  const response = await gateway.post(body, { Authorization: `Bearer ${token}` });
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get("retry-after")) > 0);
  assert.equal((await response.json()).error.code, -32009);
  assert.equal((await gateway.connect("known", "u")).address, "a:1");
  await sleep(1600);
  await gateway.report("a:1", [{ name: "known", peers: 1 }]); // it would be silent by now
  await gateway.connect("unknown", "u");
  await gateway.restart();
  await gateway.connect("another", "u");
});

Deno.test("the customers' last good list serves while the customer API is down", async () => {
  using folder = new TemporaryFolder();
  const { accessKey, entry } = newCustomer("acme", { maxPeers: Infinity });
  const customers = JSON.stringify([entry], (_key, value) => value === Infinity ? "∞" : value).replaceAll(
    '"∞"',
    "Infinity",
  );
  const config = (update: string) =>
    `export default {
    http: { hostname: "127.0.0.1", port: 0 },
    startup: { waitForReports: false },
    customerApi: { updateFunction: async () => ${update}, updateInterval: 60 },
  };`;
  const token = new TokenGenerator(accessKey).createToken("r", "u");
  {
    await using program = await Program.start({ config: config(customers), folder: folder.path });
    await program.stop();
  }
  await using program = await Program.start({
    config: config('{ throw new Error("the API is down"); }'),
    folder: folder.path,
  });
  await program.printed(/customers stay as they are: customerApi\.updateFunction: the API is down/);
  const report = { public_endpoint: "a:1", version: "1", load: 0, clients: 0, rooms: [] };
  await call(`${program.url}/internal`, "sfu.Report", report);
  await call(program.url, "Connect", {}, { token });
});

Deno.test("secrets that are removed from under the running gateway are there again for its next start", async () => {
  using folder = new TemporaryFolder();
  const config = configSource({ http: { hostname: "0.0.0.0", port: 0 } });
  const secrets = ["master.key", "internal.user"].map((name) => `${folder.path}/data/${name}`);
  await using program = await Program.start({ config, folder: folder.path });
  const before = secrets.map((path) => Deno.readTextFileSync(path));
  for (
    const remove of [() => secrets.forEach((path) => Deno.removeSync(path)), () => removeAll(folder.path)]
  ) {
    program.output = "";
    remove();
    for (const path of secrets) await program.printed(new RegExp(`${path} was removed: written again`));
    assert.deepEqual(secrets.map((path) => Deno.readTextFileSync(path)), before);
    for (const path of secrets) assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  }
  assert.ok(before.every((secret) => !program.output.includes(secret.trim())));
});

function removeAll(folder: string): void {
  Deno.removeSync(`${folder}/data`, { recursive: true });
}

Deno.test("a second process on the same data folder is refused, and the lock ends with the first", async () => {
  await using gateway = await TestGateway.start();
  const folder = gateway.folder.path;
  const config = configSource({});
  const second = new Program({ config, folder });
  assert.equal((await second.status).code, 2);
  assert.match(second.output, /another gateway uses the folder .*; stop it, or choose another with --data/);
  await gateway.program.stop("SIGKILL");
  await using third = await Program.start({ config, folder });
  assert.ok(third.url);
});

Deno.test("a damaged database is named, with what to do", async () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(`${folder.path}/data`);
  Deno.writeFileSync(`${folder.path}/data/gateway.db`, new Uint8Array(10_000).fill(7));
  const program = new Program({ config: configSource({}), folder: folder.path });
  assert.equal((await program.status).code, 2);
  assert.match(
    program.output,
    /gateway\.db cannot be used: .*\. Restore it from a backup, or move it away\./,
  );
});

Deno.test("--data :memory: keeps nothing and writes nothing", async () => {
  using folder = new TemporaryFolder();
  const config = configSource({ startup: { waitForReports: false } });
  await using program = await Program.start({ config, folder: folder.path, args: ["--data", ":memory:"] });
  const report = { public_endpoint: "a:1", version: "1", load: 0, clients: 0, rooms: [] };
  await call(`${program.url}/internal`, "sfu.Report", report);
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["config.ts"]);
});

Deno.test("a gateway starts from a store of 100,000 rooms, 200 servers and 10,000 bans", async () => {
  await using gateway = await TestGateway.start();
  await gateway.program.stop();
  const data = `${gateway.folder.path}/data`;
  await writeLargeStore(data);
  await gateway.restart();
  for (const room of [0, 1, 50_000, 99_999]) {
    assert.equal((await gateway.connect(`room-${room}`, "u")).address, `sfu${room % 200}:1`);
  }
  await refusedWith(gateway.connect("banned-9999", "u"), -32004, /banned/);
});

Deno.test("with a full disk the gateway serves known rooms, refuses what it cannot keep, and recovers", async (t) => {
  const gateway = await TestGateway.start();
  const data = `${gateway.folder.path}/data`;
  await gateway.program.stop();
  const mounted = await new Deno.Command("mount", { args: ["-t", "tmpfs", "-o", "size=8m", "tmpfs", data] })
    .output();
  if (!mounted.success) {
    await gateway[Symbol.asyncDispose]();
    if (Deno.env.get("CI") === "true") assert.fail("this test needs the right to mount a tmpfs");
    return console.log("skipped: this test needs the right to mount a tmpfs");
  }
  try {
    await gateway.restart();
    await gateway.report("a:1", [{ name: "known", peers: 1 }]);
    await gateway.connect("known", "u");
    const filler = Deno.openSync(`${data}/filler`, { write: true, create: true });
    try {
      for (let size = 1 << 20; size >= 1; size = size === 1 ? 0 : size >> 2) {
        try {
          while (true) filler.writeSync(new Uint8Array(size));
        } catch (error) {
          assert.match(String(error), /space/);
        }
      }
    } finally {
      filler.close();
    }
    await t.step("what cannot be kept is refused, and the log says so", async () => {
      let refused: CallError | undefined;
      for (let i = 0; i < 100 && refused === undefined; i++) {
        await gateway.connect(`new-${i}`, "u").catch((error) => refused = error);
      }
      assert.equal(refused?.status, 503, String(refused));
      await gateway.program.printed(/the store cannot be written: .*full/);
      const ban = gateway.call("RoomClose", "known", "b", { room_id: "other", ban_time: 5 }).catch((error) =>
        error
      );
      assert.ok(await ban instanceof CallError);
      const update = gateway.call("RoomUpdate", "known", "b", { room_id: "known", user_data: [1] });
      assert.equal((await refusedWith(update, -32009, /cannot write/)).status, 503);
    });
    await t.step("known rooms and reports are served", async () => {
      assert.equal((await gateway.connect("known", "v")).address, "a:1");
      assert.deepEqual(await gateway.report("a:1", [{ name: "known", peers: 1 }]), []);
    });
    await t.step("it recovers when it can write again, and has what it served meanwhile", async () => {
      Deno.removeSync(`${data}/filler`);
      await gateway.program.printed(/can be written again/);
      const { address } = await gateway.connect("after", "u");
      await gateway.restart();
      assert.equal((await gateway.connect("after", "u")).address, address);
    });
  } finally {
    await gateway.program.stop("SIGKILL");
    await new Deno.Command("umount", { args: [data] }).output();
    await gateway[Symbol.asyncDispose]();
  }
});
