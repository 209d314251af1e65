/**
 * `deno task compile`: the gateway as one file, which runs on a machine without Deno: a shell script, and behind it the
 * runtime, the sources and the packages that they import.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { endForMistake } from "../src/command_line/failure.ts";
import {
  copy,
  copyFiles,
  DATA,
  DIST,
  fail,
  programCommands,
  PROJECT,
  readProject,
  run,
  RUNTIME,
} from "./commands.ts";

/** Where the archive's pieces are, within it. */
const PACKED = { runtime: "deno", packages: "packages" };

/** Where Deno keeps packages of npm, below its folder. */
const NPM = "npm/registry.npmjs.org";

interface Runtime {
  readonly file: string;
  /** Name of the system that it is for. */
  readonly target: string;
}

try {
  make(runtimeFor(Deno.args), readProject().version);
} catch (error) {
  endForMistake(error);
}

function make(runtime: Runtime, version: string): void {
  Deno.mkdirSync(DIST, { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: DIST, prefix: "unpacked-" });
  try {
    copyFiles(folder);
    Deno.copyFileSync(runtime.file, join(folder, PACKED.runtime));
    Deno.chmodSync(join(folder, PACKED.runtime), 0o755);
    copyPackages(join(folder, PACKED.packages, NPM));
    const archive = join(DIST, "archive.tar.gz");
    run("tar", ["-czf", archive, "-C", folder, "."], DIST);
    const bytes = Deno.readFileSync(archive);
    Deno.removeSync(archive);
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const file = join(DIST, `odin-gateway-${version}-${runtime.target}`);
    const head = new TextEncoder().encode(stub(digest, runtime, version));
    Deno.writeFileSync(file, head);
    Deno.writeFileSync(file, bytes, { append: true });
    Deno.chmodSync(file, 0o755);
    console.log(`${file} (${Math.round((head.length + bytes.length) / 1e6)} MB)`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The runtime that goes into the file: the one that runs this, or the one that was named. */
function runtimeFor(args: readonly string[]): Runtime {
  if (args.length === 0) return { file: Deno.execPath(), target: `${Deno.build.os}-${Deno.build.arch}` };
  const [option, file, target, ...more] = args;
  if (option !== "--runtime" || target === undefined || !/^[\w-]+$/.test(target) || more.length > 0) {
    fail(
      "usage: deno task compile [--runtime <file> <name>]\n" +
        "  Without options, the file is for machines like this one. For others, fetch their runtime from npm:\n" +
        `  npm pack @deno/linux-arm64-glibc@${RUNTIME}, unpack it, and name its file deno: --runtime package/deno linux-arm64`,
    );
  }
  try {
    if (Deno.statSync(file!).isFile) return { file: file!, target };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return fail(`${file}: no such runtime; npm pack @deno/<system>@${RUNTIME} fetches one`);
}

/** Copies the packages that the program imports from Deno's own folder, where a start has put them. */
function copyPackages(to: string): void {
  run(Deno.execPath(), ["install", "--frozen", "--entrypoint", "main.ts"], PROJECT);
  const { npmCache } = JSON.parse(run(Deno.execPath(), ["info", "--json"], PROJECT));
  const from = join(npmCache, "registry.npmjs.org");
  for (const { name, version } of packages()) {
    const folder = join(from, name, version);
    try {
      copy(folder, join(to, name, version));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      fail(`${folder} is missing: run deno task demo once, with the network, and try again`);
    }
    copyIfThere(join(from, name, "registry.json"), join(to, name, "registry.json"));
  }
}

/** What the registry says of a package is there only if it had to be asked: the lock file says what Deno needs. */
function copyIfThere(from: string, to: string): void {
  try {
    Deno.copyFileSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
}

/** The packages that the program imports, and those that these import; the lock file may name more. */
function packages(): Iterable<Package> {
  const graph: {
    readonly modules: readonly { readonly kind: string; readonly npmPackage?: string }[];
    readonly npmPackages: Readonly<Record<string, Package>>;
  } = JSON.parse(run(Deno.execPath(), ["info", "--json", "main.ts"], PROJECT));
  const found = new Map<string, Package>();
  const add = (key: string) => {
    const its = graph.npmPackages[key];
    if (its === undefined || found.has(key)) return;
    found.set(key, its);
    its.dependencies.forEach(add);
  };
  for (const { npmPackage } of graph.modules) if (npmPackage !== undefined) add(npmPackage);
  return found.values();
}

/** The script before the archive. The number of bytes before that stands in it, with as many digits whatever it is. */
function stub(digest: string, runtime: Runtime, version: string): string {
  const commands = programCommands();
  const options = commands.map(({ name, options }) => {
    const allowed = options.map((option) => option === DATA ? '--allow-write="$write"' : option);
    return `${name}) set -- run --node-modules-dir=none ${
      allowed.join(" ")
    } --config "$home/deno.json" "$home/main.ts" ${name} "$@" ;;\n`;
  });
  const names = commands.map(({ name }) => name).join(" | ");
  const values: Readonly<Record<string, string>> = {
    "@VERSION@": version,
    "@TARGET@": runtime.target,
    "@DIGEST@": digest,
    "@NAMES@": names,
    "@OPTIONS@": options.join(""),
  };
  const script = Deno.readTextFileSync(join(PROJECT, "packaging/stub.sh"))
    .replace(/@(VERSION|TARGET|DIGEST|NAMES|OPTIONS)@/g, (name) => values[name]!) +
    `export DENO_DIR="$home/${PACKED.packages}" DENO_NO_UPDATE_CHECK=1\nexec "$home/${PACKED.runtime}" "$@"\n`;
  const length = new TextEncoder().encode(script.replace("@OFFSET@", "00000")).length;
  return script.replace("@OFFSET@", String(length + 1).padStart(5, "0"));
}
