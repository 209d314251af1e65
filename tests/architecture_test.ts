import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";

const PROJECT = new URL("..", import.meta.url).pathname;

/**
 * What each part of the project may import, besides itself. A part is a folder with what is below it, or a file; the longest
 * name that fits counts. Imports of types count as well. What stands here and is not used is a mistake, too.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["src/admin", "src/cli", "src/command_line"],
  "config.ts": ["configSchema.ts"],
  "configSchema.ts": ["src/config"],

  "src/cli": [
    ...[
      "src/app",
      "src/command_line",
      "src/config",
      "src/customers",
      "src/edge/http",
      "src/hand_over",
      "src/ops",
      "src/store",
      "src/store/sqlite",
    ],
    ...["sim", "deno.json"], // the demo; the version
  ],
  "src/admin": ["src/command_line", "src/edge/methods"], // types of what the methods answer
  "src/command_line": ["src/config"],
  "src/app": [
    ...["src/config", "src/customers", "src/dashboard"],
    ...["src/edge", "src/edge/auth", "src/edge/http", "src/edge/limits"],
    ...[
      "src/edge/methods",
      "src/gateway",
      "src/hand_over",
      "src/operations",
      "src/operations/metrics",
      "src/operations/tracing",
      "src/ops",
      "src/store",
      "src/store/redis",
      "src/webhooks",
      "src/tokens",
    ],
  ],
  "src/dashboard": [
    ...["src/dashboard/history", "src/dashboard/page", "src/edge", "src/edge/http", "src/edge/methods"],
    ...["src/fleet/mod.ts", "src/gateway", "src/gateway/port.ts", "src/operations", "src/ops"],
  ],
  "src/dashboard/history": ["src/fleet/mod.ts"],
  // What runs in the browser: types of what the gateway tells, nothing else.
  "src/dashboard/page": ["src/dashboard", "src/dashboard/history", "src/edge/methods"],
  "src/operations/tracing": [
    ...["src/edge", "src/edge/http", "src/edge/rpc", "src/gateway/port.ts", "src/store"],
  ],
  "src/operations/metrics": [
    ...["src/operations", "src/edge", "src/edge/http", "src/fleet/mod.ts", "src/gateway", "src/store"],
  ],
  "src/hand_over": ["src/edge", "src/edge/http", "src/fleet/mod.ts", "src/ops"],
  "src/operations": ["src/config", "src/edge", "src/edge/auth", "src/edge/http", "src/ops"],
  "src/edge": [
    ...["src/edge/auth", "src/edge/http", "src/edge/limits", "src/edge/methods", "src/edge/rpc"],
    ...["src/config", "src/ops", "src/tokens"],
  ],
  "src/edge/methods": [
    ...["src/edge/auth", "src/edge/http", "src/edge/reports", "src/edge/rpc", "src/edge/server_config"],
    ...["src/fleet", "src/fleet/mod.ts", "src/gateway/port.ts", "src/lists", "src/ops", "src/tokens"],
  ],
  "src/edge/rpc": ["src/edge/reports", "src/ops"],
  "src/edge/reports": ["src/fleet", "src/fleet/mod.ts", "src/tokens"],
  "src/edge/server_config": ["src/config", "src/tokens"],
  "src/edge/limits": ["src/config", "src/ops"],
  "src/edge/auth": ["src/config", "src/edge/http", "src/ops"],
  "src/edge/http": ["src/config", "src/fleet/mod.ts", "src/gateway/port.ts", "src/ops"],
  "src/webhooks": ["src/config", "src/fleet/mod.ts", "src/gateway", "src/store"],
  "src/customers": ["src/config", "src/tokens"],
  "src/ops": ["src/config", "src/fleet/mod.ts", "src/gateway"],
  "src/config": ["src/fleet/mod.ts", "src/tokens"],
  "src/tokens": ["src/fleet/mod.ts"],
  "src/gateway": ["src/fleet/mod.ts", "src/gateway/port.ts", "src/lists", "src/store"],
  "src/gateway/port.ts": ["src/fleet/mod.ts", "src/lists"], // all that the edge may know of the gateway
  "src/lists": ["src/fleet/mod.ts"],
  "src/store": ["src/fleet/mod.ts"],
  "src/store/redis": ["src/fleet/mod.ts", "src/store"],
  "src/store/sqlite": ["src/fleet/mod.ts", "src/store"],

  "src/fleet/mod.ts": [
    ...["src/fleet", "src/fleet/operations", "src/fleet/replication", "src/fleet/servers", "src/fleet/rooms"],
    ...["src/fleet/tasks", "src/fleet/state", "src/fleet/placement", "src/fleet/learning"],
  ],
  "src/fleet/operations": [
    ...["src/fleet/servers", "src/fleet/rooms", "src/fleet/tasks", "src/fleet/state", "src/fleet"],
    ...["src/fleet/placement", "src/fleet/learning"],
  ],
  "src/fleet/replication": [
    ...[
      "src/fleet/servers",
      "src/fleet/rooms",
      "src/fleet/tasks",
      "src/fleet/state",
      "src/fleet/learning",
      "src/fleet",
    ],
  ],
  "src/fleet/servers": ["src/fleet/rooms", "src/fleet/tasks", "src/fleet/state", "src/fleet"],
  "src/fleet/rooms": ["src/fleet/tasks", "src/fleet/state", "src/fleet"],
  "src/fleet/tasks": ["src/fleet/state", "src/fleet"],
  "src/fleet/state": ["src/fleet/placement", "src/fleet/learning", "src/fleet"],
  "src/fleet": ["src/fleet/placement", "src/fleet/learning"], // plain types, with those of the leaves
  "src/fleet/learning": ["src/fleet"],
  "src/fleet/placement": ["src/fleet"],

  "sim": ["src/command_line", "src/fleet/mod.ts", "src/store/sqlite", "sim/faults", "sim/placement"],
  "sim/chaos": ["sim", "src/command_line", "src/fleet/mod.ts"],
  "sim/faults": [
    ...["sim", "sim/placement", "src/command_line"],
    ...["src/edge/http", "src/fleet", "src/fleet/mod.ts", "src/gateway", "src/gateway/port.ts", "src/store"],
  ],
  "sim/fuzz": ["sim", "sim/placement", "src/command_line"],
  "sim/placement": [
    ...["src/command_line", "src/config", "src/fleet", "src/fleet/mod.ts", "src/fleet/placement", "src/ops"],
  ],
  "bench": ["*"],
  "mutants": [],
  "packaging": ["src/command_line"],
  "tests": ["*"],
};

/** What anybody may import: they import nothing of ours. */
const GROUND = [
  "src/error_message.ts",
  "src/misspelling.ts",
  "src/printable.ts",
  "src/remove_if_there.ts",
  "src/sliced_work.ts",
  "src/start_error.ts",
  "src/edge/errors.ts",
];

/** Nothing but tests and measurements may be imported by nobody else. */
const FOR_NOBODY = ["tests", "bench"];

/** Modules of others that a part may import; what is not named here is free. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "src/gateway": [],
  "src/store": [],
};

/** Tests beside the parts, and what they work with, may import what they need. */
const FOR_TESTS = /_test\.ts$|\/testing\.ts$|contract\.ts$/;

interface Import {
  readonly file: string;
  readonly from: string;
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(PROJECT, folder))) {
    const path = join(folder, name);
    if (isDirectory) {
      if (!name.startsWith(".") && name !== "data" && name !== "node_modules") yield* sources(path);
    } else if (name.endsWith(".ts")) yield path;
  }
}

function importsOf(file: string): Import[] {
  const text = Deno.readTextFileSync(join(PROJECT, file)).replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  const statements = text.matchAll(
    /(?:^(?:import|export)\b[^"';]*?from\s*|^import\s*|\bimport\(\s*)"([^"]+)"/gm,
  );
  return Array.from(statements, ([, from]) => ({ file, from: from! }));
}

/** The part that a file belongs to. */
function partOf(path: string): string {
  const parts = [...Object.keys(ARROWS), ...GROUND].filter((part) =>
    path === part || path.startsWith(`${part}/`)
  );
  return parts.toSorted((a, b) => b.length - a.length)[0] ?? path;
}

const files = [...sources(".")];
const imports = files.filter((file) => !FOR_TESTS.test(file)).flatMap(importsOf);

Deno.test("imports go the way that the table of the architecture allows, and each arrow of it is used", () => {
  const forbidden = new Set<string>();
  const used = new Set<string>();
  for (const { file, from } of imports.filter(({ from }) => from.startsWith("."))) {
    const part = partOf(file);
    const target = partOf(relative(".", normalize(join(dirname(file), from))));
    if (GROUND.includes(part)) forbidden.add(`${file} imports ${from}`);
    if (target === part || GROUND.includes(target)) continue;
    const allowed = ARROWS[part];
    if (allowed?.includes("*")) used.add(`${part} → *`);
    else if (allowed?.includes(target)) used.add(`${part} → ${target}`);
    else forbidden.add(`${file} imports ${from}`);
    if (FOR_NOBODY.includes(target)) forbidden.add(`${file} imports ${from}, of ${target}`);
  }
  assert.deepEqual([...forbidden], []);
  const arrows = Object.entries(ARROWS).flatMap(([part, targets]) => targets.map((to) => `${part} → ${to}`));
  assert.deepEqual(arrows.filter((arrow) => !used.has(arrow)), [], "no import uses these");
});

Deno.test("the pure parts import nothing of others", () => {
  const forbidden = imports.filter(({ from }) => !from.startsWith(".")).flatMap(({ file, from }) => {
    const part = partOf(file);
    const allowed = part.startsWith("src/fleet") ? [] : OUTSIDE[part];
    return allowed === undefined || allowed.includes(from) ? [] : [`${file} imports ${from}`];
  });
  assert.deepEqual(forbidden, []);
});

Deno.test("the model asks no clock and no chance of its own", () => {
  const asking = files.filter((file) => file.startsWith("src/fleet/") && !FOR_TESTS.test(file)).filter((
    file,
  ) =>
    /\b(Date\.now|performance\.now|Math\.random|new Date\(\)|setTimeout|setInterval|Deno\.)/.test(
      Deno.readTextFileSync(join(PROJECT, file)),
    )
  );
  assert.deepEqual(asking, []);
});
