import { StartError } from "../start_error.ts";
import { explainPermission } from "../config/permission.ts";

/**
 * Ends the program with one message, and with code 2 for a mistake of the operator's, a missing permission among them; with
 * code 75 for what may pass by itself; with code 1 where a disk is full, the one that the output goes to perhaps. A fault of the program ends it with code 1 as well,
 * and with all that is known of it: thrown on, it would be one more rejection that nobody waits for, and those are survived.
 */
export function endForMistake(error: unknown): never {
  if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  }
  if (!(error instanceof StartError || error instanceof Deno.errors.NotCapable)) {
    console.error(`error: a fault of the program, please report it: ${Deno.inspect(error)}`);
    Deno.exit(1);
  }
  console.error(`error: ${explainPermission(error.message)}`);
  Deno.exit(error instanceof StartError ? error.exitCode : 2);
}
