import assert from "node:assert/strict";

const PROJECT = new URL("..", import.meta.url).pathname;

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

// What the runtime downloads and shows with an empty cache is checked here without a network.
for (const entry of ["main.ts", "sim/main.ts"]) {
  Deno.test(`${entry}: a first run needs no package that only tests need`, async () => {
    const packages = await packagesOf(entry);
    assert.ok(packages.some((name) => name.startsWith("npm:zod@")), packages.join(" "));
    const onlyTests = /^npm:(fast-check|selfsigned|msgpackr|msgpackr-extract|@4players\/odin)@/;
    assert.deepEqual(packages.filter((name) => onlyTests.test(name)), []);
    assert.ok(readJson<{ unstable: string[] }>("deno.json").unstable.includes("npm-lazy-caching"));
  });
}

Deno.test("a first run shows no box about build scripts: those of all packages are refused beforehand", () => {
  const { npm } = readJson<{ npm: Record<string, { scripts?: boolean }> }>("deno.lock");
  const { allowScripts } = readJson<{ allowScripts: { deny: string[] } }>("deno.json");
  const withScripts = Object.keys(npm).filter((name) => npm[name]?.scripts === true);
  assert.deepEqual(withScripts.map((name) => `npm:${name.replace(/@[^@]+$/, "")}`), allowScripts.deny);
});
