/**
 * `deno task mutate`: puts each mutant into a copy of the sources and runs the unit tests that are to notice it.
 *
 * @module
 */
import { Command } from "commander";
import { dirname, join } from "node:path";
import { mutants } from "./list.ts";
import { type Mutant, mutate, type Suite, suiteOf, SUITES } from "./mutant.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** What the tests of a suite need; the rest of the project is left out of the copy. */
const COPIED = [
  ...["src", "sim", "tests/packages", "tests/programs.ts", "tests/certificate.ts"],
  ...["docs/several-gateways.md", "deno.json", "deno.lock"],
];

/**
 * Tests that run for longer are stopped: the fault made something wait for ever. In milliseconds, and as a multiple of
 * the time that they take without a fault.
 */
const TIMEOUT = { atLeast: 20_000, factor: 2, withoutFault: 300_000 };

/** Bound on the heap of a test run, in megabytes: a fault may fill it. */
const HEAP = 1500;

/** What the tests made of the sources. */
type Verdict =
  | { readonly passed: true }
  | { readonly passed: false; readonly by: string }
  /** They did not run at all. */
  | { readonly passed: undefined; readonly why: string };

/** A copy of the sources in a folder of its own; the work tree is only read. */
class Copy implements Disposable {
  readonly #folder: string;

  constructor() {
    const data = join(PROJECT, "data");
    Deno.mkdirSync(data, { recursive: true });
    this.#folder = Deno.makeTempDirSync({ dir: data, prefix: "mutant-" });
    for (const name of COPIED) copy(join(PROJECT, name), join(this.#folder, name));
    Deno.mkdirSync(join(this.#folder, "data"));
  }

  read(file: string): string {
    return Deno.readTextFileSync(join(this.#folder, file));
  }

  write(file: string, source: string): void {
    Deno.writeTextFileSync(join(this.#folder, file), source);
  }

  /** Runs the tests of a suite until the first that fails. */
  async test({ tests, permissions }: Suite, timeout: number): Promise<Verdict> {
    const options = ["--no-check", "--no-prompt", "--fail-fast", "--quiet", "--no-lock"];
    const args = ["test", ...options, `--v8-flags=--max-old-space-size=${HEAP}`, ...permissions, tests];
    const signal = AbortSignal.timeout(timeout);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: this.#folder,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
      signal,
    }).output();
    if (signal.aborted) return { passed: false, by: `no end within ${Math.round(timeout / 1000)} s` };
    if (success) return { passed: true };
    const output = `${new TextDecoder().decode(stdout)}\n${new TextDecoder().decode(stderr)}`;
    const broken = /could not be parsed[^\n]*|SyntaxError[^\n]*|Module not found[^\n]*/.exec(output)?.[0];
    if (broken !== undefined) return { passed: undefined, why: broken };
    return { passed: false, by: /^(.*) \.\.\. FAILED/m.exec(output)?.[1] ?? lastLine(output) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    return Deno.copyFileSync(from, to);
  }
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) copy(join(from, name), join(to, name));
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1) ?? "";
}

/** @throws {Error} where the tests fail without a mutant, or a mutant does not fit the code */
async function run(wanted: readonly Mutant[]): Promise<Mutant[]> {
  const survivors: Mutant[] = [];
  using copy = new Copy();
  Deno.addSignalListener("SIGINT", () => {
    copy[Symbol.dispose]();
    Deno.exit(130);
  });
  for (const mutant of wanted) mutate(copy.read(mutant.file), mutant);
  for (const suite of SUITES) {
    const its = wanted.filter((mutant) => suiteOf(mutant) === suite);
    if (its.length === 0) continue;
    const started = performance.now();
    const verdict = await copy.test(suite, TIMEOUT.withoutFault);
    if (verdict.passed !== true) {
      const why = verdict.passed === false ? verdict.by : verdict.why;
      throw new Error(`the tests of ${suite.tests} fail without any mutant: ${why}`);
    }
    const timeout = Math.max(TIMEOUT.atLeast, TIMEOUT.factor * (performance.now() - started));
    for (const mutant of its) {
      const source = copy.read(mutant.file);
      copy.write(mutant.file, mutate(source, mutant));
      const start = performance.now();
      const verdict = await copy.test(suite, timeout);
      copy.write(mutant.file, source);
      if (verdict.passed === undefined) {
        throw new Error(`${mutant.file}: with the mutant "${mutant.breaks}" nothing runs: ${verdict.why}`);
      }
      if (verdict.passed) survivors.push(mutant);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const result = verdict.passed ? "SURVIVED" : `killed by: ${verdict.by}`;
      console.log(
        `${verdict.passed ? "✗" : "✓"} ${mutant.file}: ${mutant.breaks} (${seconds} s)\n    ${result}`,
      );
    }
  }
  return survivors;
}

const program = new Command("mutate")
  .description("Holds the unit tests against faults made by hand: each must be noticed.")
  .option("--only <text>", "only mutants whose file or description contains this text", "")
  .option("--list", "show the mutants and end");
program.parse(Deno.args, { from: "user" });
const { only, list } = program.opts<{ only: string; list?: true }>();

const wanted = mutants.filter(({ file, breaks }) => file.includes(only) || breaks.includes(only));
if (wanted.length === 0) {
  console.error(`error: no mutant has "${only}" in its file or description`);
  Deno.exit(2);
}
if (list) {
  for (const { file, breaks } of wanted) console.log(`${file}: ${breaks}`);
} else {
  try {
    const survivors = await run(wanted);
    console.log(`\n${wanted.length - survivors.length} of ${wanted.length} mutants were noticed.`);
    for (const { file, breaks } of survivors) console.log(`SURVIVED ${file}: ${breaks}`);
    if (survivors.length > 0) Deno.exitCode = 1;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
}
