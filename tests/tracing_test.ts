import assert from "node:assert/strict";
import { z } from "zod";
import { sleep, TestGateway } from "./gateway.ts";

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const Span = z.object({
  name: z.string(),
  kind: z.number(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string(),
  status: z.object({ code: z.number() }),
  attributes: z.array(Attribute),
});
const Traces = z.object({
  resourceSpans: z.array(z.object({
    scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(Span) })),
  })),
});

const Metrics = z.object({
  resourceMetrics: z.array(z.object({
    scopeMetrics: z.array(z.object({
      scope: z.object({ name: z.string() }),
      metrics: z.array(z.looseObject({ name: z.string(), unit: z.string() })),
    })),
  })),
});

type Span = z.output<typeof Span>;

/** Kinds of spans in OTLP. */
const INTERNAL = 1;
const SERVER = 2;

/** A collector of OTLP over HTTP, which keeps the spans of the gateway's own scope. */
class Collector implements AsyncDisposable {
  readonly spans: Span[] = [];
  /** Metrics of the gateway's own scope that have been told, by name, each as it was told last. */
  readonly metrics = new Map<string, unknown>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const body = await request.json();
      const { pathname } = new URL(request.url);
      if (pathname === "/v1/traces") this.#take(Traces.parse(body));
      if (pathname === "/v1/metrics") this.#takeMetrics(Metrics.parse(body));
      return Response.json({});
    });
  }

  #take({ resourceSpans }: z.output<typeof Traces>): void {
    const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    this.spans.push(
      ...scopes.filter(({ scope }) => scope.name === "odin-gateway").flatMap(({ spans }) => spans),
    );
  }

  #takeMetrics({ resourceMetrics }: z.output<typeof Metrics>): void {
    for (const { scope, metrics } of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)) {
      if (scope.name !== "odin-gateway") continue;
      for (const metric of metrics) this.metrics.set(metric.name, metric);
    }
  }

  /** A program that runs another with OpenTelemetry switched on, which tells this collector. */
  get environment(): string[] {
    return [
      "env",
      "OTEL_DENO=true",
      `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${this.#server.addr.port}`,
      "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
      "OTEL_BSP_SCHEDULE_DELAY=50",
      "OTEL_METRIC_EXPORT_INTERVAL=200",
    ];
  }

  /** The first span that meets this, once it has come. */
  async span(what: string, is: (span: Span) => boolean): Promise<Span> {
    for (let tries = 100; tries > 0; tries--) {
      const found = this.spans.find(is);
      if (found !== undefined) return found;
      await sleep(50);
    }
    assert.fail(`no span ${what} among ${this.spans.map(({ name }) => name).join()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function attributesOf({ attributes }: Span): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

Deno.test("a call is a span below the caller's own, with placement and store below it", async () => {
  await using collector = new Collector();
  await using gateway = await TestGateway.start({}, {}, () => collector.environment);
  await gateway.report("sfu:1");
  const connect = async (headers: Record<string, string>, room: string) => {
    const token = gateway.tokens.createToken(room, "u", { subject: "Connect" });
    const body = { jsonrpc: "2.0", id: 1, method: "Connect", params: {} };
    const response = await gateway.post(body, { Authorization: `Bearer ${token}`, ...headers });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  };
  await connect({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=x" }, "new");
  const call = await collector.span(
    "Connect",
    ({ name, traceId }) => name === "Connect" && traceId === TRACE,
  );
  assert.deepEqual([call.kind, call.parentSpanId], [SERVER, PARENT]);
  const attributes = attributesOf(call);
  assert.equal(attributes["rpc.system"], "jsonrpc");
  assert.equal(attributes["rpc.method"], "Connect");
  assert.equal(attributes["odin.customer"], "acme");
  assert.equal(attributes["odin.outcome"], "success");
  const placement = await collector.span(
    "placement",
    ({ name, parentSpanId }) => name === "placement" && parentSpanId === call.spanId,
  );
  assert.equal(placement.kind, INTERNAL);
  assert.equal(attributesOf(placement)["odin.server"], "sfu:1");
  const commit = await collector.span(
    "store.commit",
    ({ name, parentSpanId }) => name === "store.commit" && parentSpanId === placement.spanId,
  );
  assert.equal(commit.traceId, TRACE);
  assert.equal(attributesOf(commit)["odin.safety"], "process");

  for (
    const traceparent of ["nonsense", `00-${TRACE}-${PARENT}`, `ff-${TRACE}-${PARENT}-01`, "x".repeat(9000)]
  ) {
    const room = `after ${traceparent.slice(0, 5)}`;
    await connect({ traceparent, tracestate: "y".repeat(9000) }, room);
  }
  await collector.span(
    "of a trace of its own",
    ({ name, traceId }) => name === "Connect" && traceId !== TRACE,
  );
});

Deno.test("spans say how calls ended, each of a batch for itself, and whose fault it was", async () => {
  await using collector = new Collector();
  await using gateway = await TestGateway.start({}, { maxPeers: 1 }, () => collector.environment);
  await gateway.report("sfu:1", [{ name: "r", peers: 1 }]);
  const token = gateway.tokens.createToken("r", "u", { subject: ["Connect", "RoomBanClient"] });
  const one = (id: number, method: string, params: object) => ({ jsonrpc: "2.0", id, method, params });
  const batch = [
    one(1, "Connect", {}),
    one(2, "RoomBanClient", { room_id: "r", user_id: "u", ban_time: 1 }),
    one(3, "NoSuchMethod", {}),
  ];
  await (await gateway.post(batch, { Authorization: `Bearer ${token}` })).body?.cancel();
  const refused = await collector.span("Connect", ({ name }) => name === "Connect");
  assert.equal(attributesOf(refused)["rpc.jsonrpc.error_code"], -32005);
  assert.equal(attributesOf(refused)["odin.outcome"], "rejected");
  assert.equal(refused.status.code, 0, "the caller's fault is no error of the gateway's");
  const placement = await collector.span("placement", ({ name }) => name === "placement");
  assert.equal(attributesOf(placement)["odin.refused"], "peer-limit");
  const ban = await collector.span("RoomBanClient", ({ name }) => name === "RoomBanClient");
  const management = await collector.span("management", ({ parentSpanId }) => parentSpanId === ban.spanId);
  assert.equal(attributesOf(management)["odin.task"], "RoomBanClient");
  const commit = await collector.span(
    "store.commit",
    ({ parentSpanId }) => parentSpanId === management.spanId,
  );
  assert.equal(attributesOf(commit)["odin.safety"], "power");
  const report = await collector.span("report", ({ name }) => name === "report");
  assert.equal(attributesOf(report)["odin.rooms"], 1);
  assert.ok(!collector.spans.some(({ name }) => name === "NoSuchMethod"), "names are those of methods");
  assert.ok(!JSON.stringify(collector.spans).includes(token), "no token is told");
});

Deno.test("metrics are told by OpenTelemetry too, under the names that Prometheus reads", async () => {
  await using collector = new Collector();
  await using gateway = await TestGateway.start({}, { maxPeers: 5 }, () => collector.environment);
  await gateway.report("sfu:1", [{ name: "r", peers: 2 }]);
  await gateway.connect("r", "u");
  const told = (name: string) => JSON.stringify(collector.metrics.get(`odin_gateway_${name}`) ?? "");
  const connected = /"method","value":\{"stringValue":"Connect"\}/;
  for (let tries = 100; !connected.test(told("calls_total")); tries--) {
    assert.ok(tries > 0, told("calls_total"));
    await sleep(50);
  }
  assert.match(told("calls_total"), /"isMonotonic":true/);
  assert.match(told("customer_peers"), /"stringValue":"acme".*"asDouble":3/);
  assert.match(told("server_load_ratio"), /"gauge".*"stringValue":"sfu:1".*0\.1/);
  assert.match(told("call_duration_seconds_count"), /"stringValue":"connect"/);
  assert.match(told("process_resident_memory_bytes"), /"unit":"By"/);
  const scraped = await (await fetch(`${gateway.operations}/metrics`)).text();
  const names = new Set([...collector.metrics.keys()].map((name) => name.replace(/_(sum|count)$/, "")));
  for (const name of names) assert.ok(scraped.includes(`# TYPE ${name} `), name);
});
