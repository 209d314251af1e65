import assert from "node:assert/strict";

const PROJECT = new URL("..", import.meta.url).pathname;

/** What operators run, and what they simulate with. */
const PROGRAMS = ["main.ts", "sim/main.ts"];

interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier?: string } }[];
  }[];
}

/** The npm packages that a program's modules import while it runs, dynamic imports included, as `npm:name@version`. */
async function packagesOf(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set(roots);
  for (const specifier of reached) {
    for (const { code } of byName.get(specifier)?.dependencies ?? []) {
      if (code?.specifier !== undefined) reached.add(code.specifier);
    }
  }
  return [...reached].filter((specifier) => specifier.startsWith("npm:"));
}

function readJson<T>(file: string): T {
  return JSON.parse(Deno.readTextFileSync(`${PROJECT}/${file}`)) as T;
}

interface Lock {
  readonly npm: Readonly<Record<string, { readonly scripts?: boolean }>>;
}

// What the runtime downloads and shows with an empty cache is checked here without a network.
Deno.test("a first run downloads what the program needs: deno.json and deno.lock name nothing else", async () => {
  const { imports, unstable } = readJson<{ imports: Record<string, string>; unstable: string[] }>(
    "deno.json",
  );
  const needed = new Set((await Promise.all(PROGRAMS.map(packagesOf))).flat());
  assert.deepEqual(Object.values(imports).toSorted(), [...needed].toSorted());
  const onlyTests = Object.keys(readJson<Lock>("tests/deno.lock").npm)
    .filter((name) => /^(fast-check|selfsigned|msgpackr|msgpackr-extract)@/.test(name));
  assert.equal(onlyTests.length, 4);
  const { npm } = readJson<Lock>("deno.lock");
  assert.deepEqual(onlyTests.filter((name) => name in npm), []);
  assert.ok(unstable.includes("npm-lazy-caching"), "else the tests' packages come with the first command");
});

Deno.test("both lock files have the same versions of what both name", () => {
  const { npm } = readJson<Lock>("deno.lock");
  const ofTests = readJson<Lock>("tests/deno.lock").npm;
  assert.deepEqual(Object.keys(npm).filter((name) => !(name in ofTests)), []);
});

Deno.test("neither a first run nor the tests show a box about build scripts: all are refused beforehand", () => {
  const { allowScripts } = readJson<{ allowScripts: { deny: string[] } }>("deno.json");
  const withScripts = ["deno.lock", "tests/deno.lock"].map((file) => {
    const { npm } = readJson<Lock>(file);
    return Object.keys(npm).filter((name) => npm[name]?.scripts === true)
      .map((name) => `npm:${name.replace(/@[^@]+$/, "")}`);
  });
  assert.deepEqual(withScripts, [[], allowScripts.deny]);
});
