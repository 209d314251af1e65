/**
 * ODIN Gateway: `deno task start` runs it, `deno task run` too; `demo`, `token`, `admin` and
 * `migrate-store` as first argument are the sub-commands.
 *
 * @module
 */
import { endForMistake } from "./src/command_line/failure.ts";

const [command, ...rest] = Deno.args;
try {
  if (command === "demo") await (await import("./src/cli/demo.ts")).demo(rest);
  else if (command === "admin") Deno.exitCode = await (await import("./src/admin/admin.ts")).admin(rest);
  else if (command === "migrate-store") {
    await (await import("./src/cli/migrate_store.ts")).migrateStore(rest);
  } else if (command === "token") await (await import("./src/cli/token.ts")).token(rest);
  else {await (await import("./src/cli/start.ts")).start(
      command === "start" || command === "run" ? rest : Deno.args,
    );}
} catch (error) {
  endForMistake(error);
}
Deno.exit();
