import assert from "node:assert/strict";
import type { Address, CustomerFigures, FleetFigures, PoolForecast, ServerFigures } from "../../fleet/mod.ts";
import { RpcError } from "../../edge/errors.ts";
import { causeOf } from "../../edge/refusal_observer.ts";
import { createMetrics } from "./metrics.ts";
import { labelOf } from "./named_customers.ts";

const PAGE = new URL("../../../docs/metrics.md", import.meta.url);

const NOTHING: FleetFigures = {
  servers: [],
  customers: [],
  others: { peers: 0, rooms: 0 },
  unvouched: { peers: 0, rooms: 0 },
  rooms: 0,
  unlistedRooms: 0,
  bans: 0,
  taskBytes: 0,
};

/** The lines of what Prometheus reads that are samples of this metric. */
async function samples(
  metrics: ReturnType<typeof createMetrics>,
  name: string,
  figures = NOTHING,
  forecasts: readonly PoolForecast[] = [],
) {
  const checks = { listening: yes, customers: yes, store: yes, startup: yes, servers: yes };
  const nothing = { connections: undefined, certificateDaysLeft: undefined, webhooks: [] };
  metrics.refresh({ figures, forecasts, checks, ...nothing });
  return (await metrics.registry.metrics()).split("\n").filter((line) =>
    new RegExp(`^odin_gateway_${name}[{ ]`).test(line)
  );
}

const yes = () => true;

function customer(name: string, peers: number, maxPeers = 100): CustomerFigures {
  return { customer: name, peers, rooms: 1, maxPeers, maxRooms: Infinity };
}

Deno.test("the table in docs/metrics.md has every metric, with its type, labels and text, and no other", async () => {
  const metrics = createMetrics("1", 10);
  metrics.stop();
  const rows: string[] = [];
  for (const each of metrics.registry.getMetricsAsArray()) {
    const { name, help, type } = await metrics.registry.getSingleMetric(each.name)!.get();
    const { labelNames } = each as unknown as { readonly labelNames: readonly string[] };
    const labels = labelNames.filter((label) => label !== "le").map((label) => `\`${label}\``).join(", ");
    rows.push(`| \`${name}\` | ${type} | ${labels} | ${help} |`);
  }
  const table = Deno.readTextFileSync(PAGE).split("\n").filter((line) => line.startsWith("| `odin_gateway_"));
  const plain = (row: string) => row.replaceAll(/ +/g, " ");
  assert.equal(table.map(plain).toSorted().join("\n"), rows.map(plain).toSorted().join("\n"));
});

Deno.test("every name has the prefix", () => {
  const metrics = createMetrics("1", 10);
  metrics.stop();
  for (const { name } of metrics.registry.getMetricsAsArray()) assert.match(name, /^odin_gateway_[a-z_]+$/);
});

Deno.test("customers are told one by one, with limits that they have, and the rest together", async () => {
  const metrics = createMetrics("1", 2);
  metrics.stop();
  const customers = [customer("a", 1), customer("b\n\"'", 2, Infinity), customer("c".repeat(1000), 3)];
  const figures = {
    ...NOTHING,
    customers,
    others: { peers: 7, rooms: 2 },
    unvouched: { peers: 15, rooms: 3 },
  };
  assert.deepEqual(await samples(metrics, "customer_peers", figures), [
    'odin_gateway_customer_peers{customer="a"} 1',
    `odin_gateway_customer_peers{customer="b\\n\\"'"} 2`,
    `odin_gateway_customer_peers{customer="${"c".repeat(100)}…efeea944a76157a8"} 3`,
    'odin_gateway_customer_peers{customer="(others)"} 7',
    'odin_gateway_customer_peers{customer="demo_*"} 15',
  ]);
  assert.deepEqual((await samples(metrics, "customer_peers_limit", figures)).length, 2);
  assert.deepEqual(await samples(metrics, "customer_rooms_limit", figures), []);
  assert.deepEqual(await samples(metrics, "customer_peers"), [], "who is gone leaves no series");
});

Deno.test("each customer has a label of its own, however long its name, and none has that of several together", async () => {
  const metrics = createMetrics("1", 100);
  metrics.stop();
  const long = "x".repeat(100);
  const names = [
    long,
    `${long}1`,
    `${long}2`,
    `${long}…`,
    "(others)",
    "(others)…",
    `${"x".repeat(99)}😀`,
    "X",
    "x",
  ];
  names.push(...names.map(labelOf).filter((label) => !names.includes(label))); // named like another one's label
  const figures = {
    ...NOTHING,
    customers: names.map((name, i) => customer(name, i + 1)),
    others: { peers: 99, rooms: 1 },
  };
  const lines = await samples(metrics, "customer_peers", figures);
  assert.equal(lines.length, names.length + 1, lines.join("\n"));
  assert.deepEqual(lines.map((line) => Number(line.split(" ").at(-1))), [...names.map((_, i) => i + 1), 99]);
  for (const line of lines) assert.ok(line.isWellFormed() && line.length < 200, line);
  for (const name of names) {
    const error = causeOf(new RpcError("peerLimit", ""));
    metrics.refused({
      call: "Connect",
      method: "Connect",
      ...error,
      address: "",
      internal: false,
      customer: name,
    });
  }
  const refusals = await samples(metrics, "customer_refusals_total");
  assert.equal(refusals.filter((line) => line.endsWith(" 1")).length, names.length);
});

Deno.test("whatever callers do, refusals have a bounded number of series", async () => {
  const metrics = createMetrics("1", 3);
  metrics.stop();
  for (let i = 0; i < 1000; i++) {
    const customer = `${i % 2 ? "demo_" : ""}${i}`;
    const error = causeOf(new RpcError("peerLimit", `message ${i}`));
    metrics.refused({ call: "Connect", method: "Connect", ...error, address: "", internal: false, customer });
  }
  assert.equal((await samples(metrics, "customer_refusals_total")).length, 3 + 2);
  assert.deepEqual(await samples(metrics, "refusals_total"), [
    'odin_gateway_refusals_total{method="Connect",cause="peer-limit"} 1000',
  ]);
});

Deno.test("servers that are gone leave no series, and a thousand have some of their own", async () => {
  const metrics = createMetrics("1", 3);
  metrics.stop();
  const server = (i: number): ServerFigures => ({
    address: `sfu${i}:1` as Address,
    version: "test",
    pool: "eu",
    state: i % 2 ? "silent" : "open",
    load: 0.5,
    expectedLoad: 0.7,
    clients: 1,
    rooms: 1,
    grants: 0,
    growth: 0,
    weight: 1,
    tasks: 2,
    lastSeen: 1000,
  });
  const servers = Array.from({ length: 1500 }, (_, i) => server(i));
  assert.equal((await samples(metrics, "server_load_ratio", { ...NOTHING, servers })).length, 1000);
  assert.deepEqual(await samples(metrics, "servers", { ...NOTHING, servers }), [
    'odin_gateway_servers{pool="eu",state="open"} 750',
    'odin_gateway_servers{pool="eu",state="silent"} 750',
  ]);
  assert.deepEqual(await samples(metrics, "tasks_waiting", { ...NOTHING, servers }), [
    "odin_gateway_tasks_waiting 3000",
  ]);
  assert.deepEqual(await samples(metrics, "server_load_ratio"), []);
});

Deno.test("each pool tells the servers that it needs now and soon, and a pool that is gone tells nothing", async () => {
  const metrics = createMetrics("1", 10);
  metrics.stop();
  const pool = (pool: string, now: number, soon: number, drainable: number): PoolForecast => ({
    ...{ pool, servers: 9, alive: 9, capacity: 900, draining: [], drained: [] },
    ahead: [[0, now], [600_000, soon]].map(([after, servers]) => ({
      ...{ after: after!, clients: 1, servers: servers! },
    })),
    drainable: Array.from({ length: drainable }, (_, i) => `s${i}:1` as Address),
  });
  const forecasts = [pool("eu", 3, 5, 2), pool("us", 1, 1, 0)];
  assert.deepEqual(await samples(metrics, "servers_needed", NOTHING, forecasts), [
    'odin_gateway_servers_needed{pool="eu",minutes="0"} 3',
    'odin_gateway_servers_needed{pool="eu",minutes="10"} 5',
    'odin_gateway_servers_needed{pool="us",minutes="0"} 1',
    'odin_gateway_servers_needed{pool="us",minutes="10"} 1',
  ]);
  assert.deepEqual(await samples(metrics, "servers_drainable", NOTHING, forecasts.slice(1)), [
    'odin_gateway_servers_drainable{pool="us"} 0',
  ]);
});
