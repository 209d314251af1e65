import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StartError } from "../src/start_error.ts";

export const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** Where the packages are put. */
export const DIST = join(PROJECT, "dist");

/** Version of the runtime that the project is for. */
export const RUNTIME = "2.9.6";

/** A command of the program, and Deno's options for it, as the task of that name has them. */
export interface ProgramCommand {
  readonly name: string;
  readonly options: readonly string[];
}

/** The one place that a command writes to unless its options name another. */
export const DATA = "--allow-write=data";

interface Project {
  readonly version: string;
  readonly tasks: Readonly<Record<string, { readonly command: string }>>;
}

export function readProject(): Project {
  return JSON.parse(Deno.readTextFileSync(join(PROJECT, "deno.json")));
}

/** The commands of the program: those tasks that run `main.ts`. `start` is the one without a name of its own. */
export function programCommands(): ProgramCommand[] {
  return Object.entries(readProject().tasks).flatMap(([name, { command }]) => {
    const [, options, argument] = /^deno run (.*?) ?main\.ts(?: ([\w-]+))?$/.exec(command) ?? [];
    if (options === undefined || (argument ?? "start") !== name) return [];
    // What the demo of several gateways runs: a checkout has it, a package does not.
    const packaged = options.replace(/ --allow-run=\S*\$\([^)]*\)+'\)/, "");
    return [{ name, options: packaged.split(" ").filter((option) => option !== "") }];
  });
}

/** What the program needs at run time, besides its packages. */
const FILES = [
  "main.ts",
  "configSchema.ts",
  "config.ts",
  "deno.json",
  "deno.lock",
  "LICENSE",
  "src",
  "sim",
];

/** Copies those files, without tests and what only they need. */
export function copyFiles(to: string): void {
  const isForTests = (path: string) => /_test\.ts$|\/testing\.ts$|\/contract\.ts$/.test(path);
  for (const name of FILES) copy(join(PROJECT, name), join(to, name), isForTests);
}

/** Copies a file, or a folder with all that is below it. */
export function copy(from: string, to: string, isLeftOut: (path: string) => boolean = () => false): void {
  if (isLeftOut(from)) return;
  if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) copy(join(from, name), join(to, name), isLeftOut);
}

/** Runs a program, and ends with its message where it fails. */
export function run(command: string, args: readonly string[], cwd: string): string {
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(command, { args: [...args], cwd, env: { NO_COLOR: "1" } }).outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    fail(`${command} is needed and not installed`);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!output.success) fail(`${command} ${args[0] ?? ""} failed:\n${text(output.stderr)}`);
  return text(output.stdout);
}

/** Ends the task with one message, once what it has begun is cleared away. */
export function fail(message: string): never {
  throw new StartError(message);
}
