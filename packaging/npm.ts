/**
 * `deno task npm`: the gateway as a package of npm, whose `npx` starts it on machines that have Node only. It depends on
 * the package `deno`, which brings the runtime, and holds the sources as they are.
 *
 * @module
 */
import { join } from "node:path";
import { endForMistake } from "../src/command_line/failure.ts";
import { copyFiles, DIST, programCommands, PROJECT, readProject, run, RUNTIME } from "./commands.ts";

try {
  make(join(DIST, "npm"));
} catch (error) {
  endForMistake(error);
}

function make(folder: string): void {
  Deno.mkdirSync(DIST, { recursive: true });
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(folder);
  copyFiles(folder);
  Deno.copyFileSync(join(PROJECT, "packaging/launcher.cjs"), join(folder, "launcher.cjs"));
  const commands = Object.fromEntries(programCommands().map(({ name, options }) => [name, options]));
  write(folder, "commands.json", commands);
  write(folder, "package.json", {
    name: "odin-gateway",
    version: readProject().version,
    description: "Finds the ODIN voice server for every client.",
    license: "MIT",
    bin: { "odin-gateway": "launcher.cjs" },
    engines: { node: ">=18" },
    dependencies: { deno: RUNTIME },
  });
  Deno.writeTextFileSync(
    join(folder, "README.md"),
    "# ODIN Gateway\n\n`npx odin-gateway` runs it with `./config.ts` and `./data`; `npx odin-gateway --help` shows the options,\n" +
      "`npx odin-gateway demo` shows it at work. `config.ts` in this package is one to begin with.\n",
  );
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", DIST], folder));
  Deno.removeSync(folder, { recursive: true });
  console.log(join(DIST, packed.filename));
}

function write(folder: string, name: string, content: unknown): void {
  Deno.writeTextFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
}
