/**
 * ODIN Gateway: `deno task start` runs it; `demo` and `token` as first argument are the sub-commands.
 *
 * @module
 */
import { ConfigError } from "./src/config/load.ts";

const [command, ...rest] = Deno.args;
try {
  if (command === "demo") await (await import("./src/cli/demo.ts")).demo(rest);
  else if (command === "token") await (await import("./src/cli/token.ts")).token(rest);
  else await (await import("./src/cli/start.ts")).start(command === "start" ? rest : Deno.args);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(2);
}
Deno.exit();
