import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";

const PROJECT = new URL("..", import.meta.url).pathname;

/**
 * What each part of the project may import, besides itself. A part is a folder with what is below it, or a file; the longest
 * name that fits counts. Imports of types count as well. What stands here and is not used is a mistake, too.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["src/cli", "src/command_line"],
  "config.ts": ["configSchema.ts"],
  "configSchema.ts": ["src/config"],

  "src/cli": [
    ...[
      "src/command_line",
      "src/config",
      "src/edge",
      "src/ops",
      "src/run.ts",
      "src/store",
      "src/store/sqlite",
    ],
    ...["sim", "deno.json"], // the demo; the version
  ],
  "src/command_line": ["src/config"],
  "src/run.ts": [
    ...[
      "src/config",
      "src/edge",
      "src/edge/listener",
      "src/gateway.ts",
      "src/ops",
      "src/store",
      "src/tokens",
    ],
  ],
  "src/edge": ["src/config", "src/fleet", "src/gateway.ts", "src/ops", "src/tokens"],
  "src/edge/listener": ["src/config", "src/edge", "src/ops"],
  "src/ops": ["src/config", "src/fleet"],
  "src/config": ["src/fleet", "src/tokens"],
  "src/tokens": ["src/fleet"],
  "src/gateway.ts": ["src/fleet", "src/store"],
  "src/store": ["src/fleet"],
  "src/store/sqlite": ["src/fleet", "src/store"],
  "src/fleet": ["src/fleet/learning", "src/fleet/placement"],
  "src/fleet/learning": ["src/fleet"], // plain types
  "src/fleet/placement": ["src/fleet"], // plain types

  "sim": ["src/command_line", "src/fleet", "src/store/sqlite", "sim/faults", "sim/placement"],
  "sim/chaos": ["sim", "src/command_line", "src/fleet"],
  "sim/faults": [
    ...["sim", "sim/placement", "src/command_line", "src/edge", "src/fleet", "src/gateway.ts", "src/store"],
  ],
  "sim/fuzz": ["sim", "sim/placement", "src/command_line"],
  "sim/placement": ["src/command_line", "src/config", "src/fleet", "src/fleet/placement", "src/ops"],
  "bench": ["*"],
  "mutants": [],
  "tests": ["*"],
};

/** What anybody may import: they import nothing of ours. */
const GROUND = ["src/sliced_work.ts", "src/start_error.ts"];

/** Nothing but tests and measurements may be imported by nobody else. */
const FOR_NOBODY = ["tests", "bench"];

/** Modules of others that a part may import; what is not named here is free. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "src/fleet": [], // pure: no I/O, no clock, nothing of others
  "src/fleet/learning": [],
  "src/fleet/placement": [],
  "src/gateway.ts": [],
  "src/store": [],
};

/** Tests beside the parts, and what they work with, may import what they need. */
const FOR_TESTS = /_test\.ts$|\/testing\.ts$|\/contract\.ts$/;

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
  const parts = Object.keys(ARROWS).filter((part) => path === part || path.startsWith(`${part}/`));
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
    const allowed = OUTSIDE[partOf(file)];
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
