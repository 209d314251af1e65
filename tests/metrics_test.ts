import assert from "node:assert/strict";
import { signerOf } from "../sim/access_key.ts";
import { refusedWith, sleep, TestGateway } from "./gateway.ts";
import { freePort, isInstalled, Running } from "./programs.ts";

/** The metrics of a gateway: the value of each series by its name and labels. */
class Scrape {
  readonly values: ReadonlyMap<string, number>;

  constructor(readonly text: string) {
    this.values = new Map(
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
        const blank = line.lastIndexOf(" ");
        return [line.slice("odin_gateway_".length, blank), Number(line.slice(blank + 1))];
      }),
    );
  }

  static async of(gateway: TestGateway): Promise<Scrape> {
    const response = await fetch(`${gateway.operations}/metrics`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("Content-Type")!, /^text\/plain; version=0\.0\.4/);
    return new Scrape(await response.text());
  }
}

/** Asks until a series has this value: some things happen a moment after the answer. */
async function reaches(gateway: TestGateway, series: string, value: number): Promise<void> {
  for (let tries = 50;; tries--) {
    const found = (await Scrape.of(gateway)).values.get(series);
    if (found === value) return;
    assert.ok(tries > 0, `${series} is ${found}, expected ${value}`);
    await sleep(100);
  }
}

Deno.test("metrics tell of calls, refusals, servers, rooms, customers, tasks and bans", async () => {
  await using gateway = await TestGateway.start({}, { maxPeers: 3, maxRooms: 10 });
  await gateway.report("sfu:1", [{ name: "r", peers: 2 }]);
  await gateway.connect("r", "u");
  await refusedWith(gateway.connect("r", "v"), -32005, /peer limit/);
  await gateway.call("RoomBanClient", "r", "u", { room_id: "r", user_id: "u", ban_time: 60 });
  const response = await gateway.post("{}", { Authorization: "Bearer x" });
  assert.equal(response.status, 401);
  await response.body?.cancel();
  await reaches(gateway, "tasks_waiting", 1);
  const { values } = await Scrape.of(gateway);
  const expected: Record<string, number> = {
    'calls_total{method="Connect",outcome="success"}': 1,
    'calls_total{method="Connect",outcome="rejected"}': 1,
    'call_duration_seconds_count{kind="connect"}': 2,
    'call_duration_seconds_count{kind="report"}': 1,
    'call_duration_seconds_count{kind="management"}': 1,
    'refusals_total{method="Connect",cause="peer-limit"}': 1,
    'customer_refusals_total{customer="acme",cause="peer-limit"}': 1,
    'http_responses_total{code="401"}': 1,
    'grants_total{pool="default"}': 1,
    'servers{pool="default",state="open"}': 1,
    'server_load_ratio{server="sfu:1",pool="default"}': 0.1,
    'server_clients{server="sfu:1",pool="default"}': 2,
    'server_rooms{server="sfu:1",pool="default"}': 1,
    'server_grants{server="sfu:1",pool="default"}': 1,
    'server_tasks{server="sfu:1",pool="default"}': 1,
    'customer_peers{customer="acme"}': 3,
    'customer_peers_limit{customer="acme"}': 3,
    'customer_rooms{customer="acme"}': 1,
    'customer_rooms_limit{customer="acme"}': 10,
    'tasks_queued_total{task="RoomBanClient"}': 1,
    'store_commit_duration_seconds_count{safety="power"}': 1,
    'ready{check="servers"}': 1,
    report_rooms_sum: 1,
    rooms: 1,
    bans: 1,
    bans_set_total: 1,
    store_writable: 1,
    store_commits_waiting: 0,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(values.get(series), value, series);
  for (const series of ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_heap_bytes"]) {
    assert.ok(values.get(series)! > 0, series);
  }
  assert.ok(values.get("connections")! > 0);
  assert.ok(values.get("connections_limit")! > values.get("connections")!);
  assert.ok(!values.has("certificate_remaining_seconds"), "there is none");
  assert.ok(values.get("event_loop_delay_seconds_count")! > 0);
  assert.ok([...values.keys()].some((series) => /^build_info\{version="[\d.]+",deno="2\./.test(series)));
});

Deno.test("metrics tell of tasks handed over, of those that are repeated, and of moved rooms and collisions", async () => {
  await using gateway = await TestGateway.start({ sfuConfig: { updateInterval: 0.1, disableTimeout: 600 } });
  await gateway.report("sfu:1", [{ name: "r", peers: 1 }]);
  await gateway.report("sfu:2", [{ name: "r", peers: 1 }]); // is told to close it
  await reaches(gateway, "room_collisions_total", 1);
  await gateway.call("RoomUpdate", "r", "u", { room_id: "r", user_data: [1] });
  // Through a proxy nothing proves that a task was read.
  const report = { public_endpoint: "sfu:1", version: "1", load: 0, clients: 1 };
  const rooms = [{ id: ["acme", "r"], customer: "acme", age: { secs: 1, nanos: 0 }, peers: 1 }];
  const body = { jsonrpc: "2.0", id: 1, method: "sfu.Report", params: { ...report, rooms } };
  for (let turn = 0; turn < 2; turn++) {
    await (await gateway.post(body, { Connection: "close" }, "/internal")).body?.cancel();
    await sleep(200);
  }
  await reaches(gateway, "tasks_repeated_total", 1);
  const { values } = await Scrape.of(gateway);
  assert.ok(values.get("tasks_handed_over_total")! >= 2);
  await gateway.internal("server.Drain", { address: "sfu:1", deadline: 0 });
  await reaches(gateway, 'server_events_total{event="evicting"}', 1);
  await gateway.report("sfu:3");
  await gateway.connect("r", "u");
  await reaches(gateway, "rooms_moved_total", 1);
});

Deno.test("whatever is refused is in the metrics, with its cause and whose it is", async (t) => {
  await using gateway = await TestGateway.start({
    rates: { perKey: 20 },
    internal: { users: [{ name: "odin", password: "x".repeat(20) }] },
    limits: { headers: 4096 },
  });
  const token = (sub?: string) => {
    const sign = signerOf(gateway.accessKey);
    return { Authorization: `Bearer ${sign({ rid: "r", uid: "u", ...(sub === undefined ? {} : { sub }) })}` };
  };
  const rpc = (method: string, params: unknown = {}) => ({ jsonrpc: "2.0", id: 1, method, params });
  const rows: [string, () => Promise<void>, Record<string, number>][] = [
    ["a method that the sub does not name", () => told(gateway.post(rpc("RoomClose"), token("Connect"))), {
      'refusals_total{method="RoomClose",cause="method-not-found"}': 1,
      'customer_refusals_total{customer="acme",cause="method-not-found"}': 1,
      'calls_total{method="RoomClose",outcome="rejected"}': 1,
    }],
    ["a method that there is not", () => told(gateway.post(rpc("RoomOpen"), token())), {
      'refusals_total{method="(none)",cause="method-not-found"}': 1,
      'customer_refusals_total{customer="acme",cause="method-not-found"}': 2,
    }],
    ["a sub that names no method", () => told(gateway.post(rpc("Connect"), token("Nothing"))), {
      'refusals_total{method="(none)",cause="forbidden"}': 1,
      'customer_refusals_total{customer="acme",cause="forbidden"}': 1,
    }],
    ["no JSON", () => told(gateway.post("{", token())), {
      'refusals_total{method="(none)",cause="parse-error"}': 1,
      'customer_refusals_total{customer="acme",cause="parse-error"}': 1,
    }],
    ["no request", () => told(gateway.post([1, 2], token())), {
      'refusals_total{method="(none)",cause="invalid-request"}': 2,
      'customer_refusals_total{customer="acme",cause="invalid-request"}': 2,
    }],
    ["a long body", () => told(gateway.post("x".repeat(70_000), token())), {
      'refusals_total{method="(none)",cause="body-too-long"}': 1,
      'customer_refusals_total{customer="acme",cause="body-too-long"}': 1,
    }],
    ["no token", () => told(gateway.post(rpc("Connect"), {})), {
      'refusals_total{method="(none)",cause="unauthorized"}': 1,
    }],
    ["no password", () => told(gateway.post(rpc("Info"), {}, "/internal")), {
      'refusals_total{method="(none)",cause="unauthorized"}': 2,
    }],
    ["no such path", () => told(gateway.post("{}", {}, "/nowhere")), {
      'refusals_total{method="(none)",cause="no-such-path"}': 1,
    }],
    ["bytes that are no request", () => bytes(gateway, "GARBAGE\r\n\r\n"), {
      'refusals_total{method="(none)",cause="invalid-request"}': 3,
      'http_responses_total{code="400"}': 2, // and no JSON
    }],
    ["headers that are too long", () => bytes(gateway, `POST / HTTP/1.1\r\nA: ${"b".repeat(9000)}\r\n\r\n`), {
      'refusals_total{method="(none)",cause="header-too-long"}': 1,
      'http_responses_total{code="431"}': 1,
    }],
    ["more than a key may", async () => {
      for (let i = 0; i < 300; i++) await told(gateway.post(rpc("Connect"), token()));
    }, {}],
  ];
  for (const [what, act, expected] of rows) {
    await t.step(what, async () => {
      await act();
      for (const [series, value] of Object.entries(expected)) await reaches(gateway, series, value);
    });
  }
  const { values } = await Scrape.of(gateway);
  const limited = values.get('refusals_total{method="(none)",cause="too-many-requests"}')!;
  assert.ok(limited > 0);
  assert.equal(values.get('customer_refusals_total{customer="acme",cause="too-many-requests"}'), limited);
  assert.equal(values.get('http_responses_total{code="429"}'), limited);
});

/** An answer whose body does not matter. */
async function told(answer: Promise<Response>): Promise<void> {
  await (await answer).body?.cancel();
}

/** Sends bytes as they are, and waits for the end of the connection. */
async function bytes({ url }: TestGateway, text: string): Promise<void> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(text));
  while (await connection.read(new Uint8Array(4096)) !== null);
}

Deno.test("without an operations listener nothing is counted, and calls are answered all the same", async () => {
  await using gateway = await TestGateway.start({ operations: { enabled: false } });
  await gateway.report("sfu:1");
  await gateway.connect("r", "u");
});

Deno.test({
  name: "promtool finds nothing wrong with the metrics",
  ignore: !isInstalled("promtool"),
  async fn() {
    await using gateway = await TestGateway.start({}, { maxPeers: 3 });
    await gateway.report("sfu:1", [{ name: "r", peers: 2 }]);
    await gateway.connect("r", "u");
    await gateway.call("RoomClose", "r", "u", { room_id: "r", ban_time: 1 });
    const { text } = await Scrape.of(gateway);
    const promtool = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = promtool.stdin.getWriter();
    await input.write(new TextEncoder().encode(text));
    await input.close();
    const { success, stdout, stderr } = await promtool.output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success && said.trim() === "", said);
  },
});

for (const user of [undefined, { name: "viewer", password: "a password of some length", role: "read" }]) {
  Deno.test({
    name: `Prometheus itself reads the metrics, ${user === undefined ? "without users" : "as a user"}`,
    ignore: !isInstalled("prometheus"),
    async fn() {
      await using gateway = await TestGateway.start(
        user === undefined ? {} : { operations: { port: 0, users: [user] } },
      );
      await gateway.report("sfu:1");
      const port = freePort();
      const folder = gateway.folder.path;
      Deno.writeTextFileSync(
        `${folder}/prometheus.yml`,
        JSON.stringify({
          scrape_configs: [{
            job_name: "odin-gateway",
            scrape_interval: "1s",
            scrape_timeout: "1s",
            static_configs: [{ targets: [new URL(gateway.operations).host] }],
            ...(user === undefined ? {} : { basic_auth: { username: user.name, password: user.password } }),
          }],
        }),
      );
      await using _prometheus = new Running(
        new Deno.Command("prometheus", {
          args: [
            `--config.file=${folder}/prometheus.yml`,
            `--storage.tsdb.path=${folder}/prometheus`,
            `--web.listen-address=127.0.0.1:${port}`,
          ],
          stdout: "null",
          stderr: "null",
        }),
      );
      const api = `http://127.0.0.1:${port}/api/v1/query?query=`;
      const query = `${api}${encodeURIComponent('odin_gateway_servers{state="open"}')}`;
      for (let tries = 300;; tries--) {
        const said = await fetch(query).then((response) => response.text(), String); // it may not listen yet
        if (said.includes('"1"]')) break;
        assert.ok(tries > 0, said);
        await sleep(100);
      }
    },
  });
}
