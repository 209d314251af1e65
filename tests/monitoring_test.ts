import assert from "node:assert/strict";
import { z } from "zod";
import { TemporaryFolder } from "../sim/program.ts";
import { parse } from "./packages/yaml.ts";
import { isInstalled } from "./programs.ts";

const DEPLOY = new URL("../deploy/", import.meta.url).pathname;
const DOCS = new URL("../docs/", import.meta.url).pathname;

const Alerts = z.strictObject({
  groups: z.array(z.strictObject({
    name: z.string(),
    rules: z.array(z.strictObject({
      alert: z.string().regex(/^OdinGateway[A-Z]\w+$/),
      expr: z.string(),
      for: z.string().optional(),
      labels: z.strictObject({ severity: z.enum(["critical", "warning", "info"]) }),
      annotations: z.strictObject({ summary: z.string(), description: z.string() }),
    })),
  })),
});

const Panel = z.looseObject({
  id: z.number(),
  type: z.enum(["row", "timeseries", "stat", "bargauge"]),
  title: z.string(),
  gridPos: z.strictObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.looseObject({ refId: z.string(), expr: z.string() })).default([]),
});
const Dashboard = z.looseObject({ uid: z.string(), title: z.string(), panels: z.array(Panel) });

const Compose = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({ image: z.string(), volumes: z.array(z.string()).default([]) }),
  ),
  volumes: z.record(z.string(), z.null()),
});

const alerts = Alerts.parse(parse(read("prometheus/alerts.yml"))).groups.flatMap(({ rules }) => rules);
const dashboard = Dashboard.parse(JSON.parse(read("grafana/dashboards/odin-gateway.json")));

function read(path: string): string {
  return Deno.readTextFileSync(`${DEPLOY}${path}`);
}

/** Runs promtool; what it says where it finds something wrong. */
function promtool(...args: string[]): string | undefined {
  const { success, stdout, stderr } = new Deno.Command("promtool", { args, cwd: DEPLOY }).outputSync();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return success ? undefined : decode(stdout) + decode(stderr);
}

/** Queries of the dashboard, with values for its variables. */
function queries(): string[] {
  return dashboard.panels.flatMap(({ targets }) => targets).map(({ expr }) =>
    expr.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*")
  );
}

Deno.test({
  name: "promtool finds nothing wrong with the alerts, their tests and Prometheus's configuration",
  ignore: !isInstalled("promtool"),
  fn() {
    assert.equal(
      promtool("check", "rules", "--lint=all", "--lint-fatal", "prometheus/alerts.yml"),
      undefined,
    );
    assert.equal(promtool("test", "rules", "prometheus/alerts_test.yml"), undefined);
    assert.equal(promtool("check", "config", "prometheus/prometheus.yml"), undefined);
  },
});

Deno.test({
  name: "promtool finds nothing wrong with the queries of the dashboard",
  ignore: !isInstalled("promtool"),
  fn() {
    using folder = new TemporaryFolder();
    const rules = queries().map((expr, i) => ({ record: `query:${i}`, expr }));
    const file = `${folder.path}/queries.yml`;
    Deno.writeTextFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] })); // JSON is YAML
    assert.equal(promtool("check", "rules", file), undefined);
  },
});

Deno.test("alerts and dashboard ask for metrics and labels that there are, and no others", () => {
  const known = new Map<string, string>();
  const page = Deno.readTextFileSync(`${DOCS}metrics.md`);
  for (const [, name, type, labels] of page.matchAll(/^\| `(odin_gateway_\w+)` *\| (\w+) *\| ([^|]*)\|/gm)) {
    const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    for (const suffix of suffixes) known.set(`${name}${suffix}`, labels!);
  }
  const asked = [...alerts.map(({ expr }) => expr), ...queries()];
  for (const query of asked) {
    for (const [, name, selector] of query.matchAll(/\b(odin_gateway_\w+)(?:\{([^}]*)\})?/g)) {
      const labels = known.get(name!);
      assert.ok(labels !== undefined, `${name} in ${query}`);
      for (const [, label] of (selector ?? "").matchAll(/(\w+) *[=!]/g)) {
        assert.ok(label === "instance" || labels.includes(`\`${label}\``), `${label} of ${name}`);
      }
    }
  }
});

Deno.test("docs/alerts.md says of each alert what to do, and of no other", () => {
  const headings = Deno.readTextFileSync(`${DOCS}alerts.md`).matchAll(/^## (\w+)$/gm);
  assert.deepEqual(Array.from(headings, ([, name]) => name), alerts.map(({ alert }) => alert));
});

Deno.test("panels of the dashboard have ids of their own, a place of their own, and a query", () => {
  const places = new Set<string>();
  const ids = new Set<number>();
  for (const { id, title, type, gridPos: { x, y, w, h }, targets } of dashboard.panels) {
    assert.ok(!ids.has(id), `${title}: id ${id}`);
    ids.add(id);
    assert.equal(targets.length > 0, type !== "row", title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        const place = `${column} ${line}`;
        assert.ok(column < 24 && !places.has(place), `${title} lies upon another`);
        places.add(place);
      }
    }
  }
});

Deno.test("the compose file mounts what there is, and pins its images", () => {
  const { services, volumes } = Compose.parse(parse(read("compose.yml")));
  for (const [name, { image, volumes: mounts }] of Object.entries(services)) {
    assert.match(image, /:v?\d+\.\d+\.\d+$/, name);
    for (const mount of mounts) {
      const [source] = mount.split(":");
      if (source!.startsWith("./")) Deno.statSync(`${DEPLOY}${source}`);
      else assert.ok(source! in volumes, mount);
    }
  }
  for (const file of ["datasources/prometheus.yml", "dashboards/odin-gateway.yml"]) {
    assert.equal(
      z.looseObject({ apiVersion: z.number() }).parse(parse(read(`grafana/provisioning/${file}`))).apiVersion,
      1,
    );
  }
});
