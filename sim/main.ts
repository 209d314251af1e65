/**
 * `deno task simulate`: placement side by side, or, with `faults`, the gateway among mishaps.
 *
 * @module
 */
import { endForMistake } from "../src/command_line/failure.ts";
import { Inconsistency } from "./placement/inconsistency.ts";

const [first, ...rest] = Deno.args;
try {
  if (first === "faults") await (await import("./faults/main.ts")).simulateFaults(rest);
  else await (await import("./placement/main.ts")).simulatePlacement(Deno.args);
} catch (error) {
  if (!(error instanceof Inconsistency)) endForMistake(error);
  console.error(`✗ ${error.message}`);
  Deno.exit(1);
}
Deno.exit();
