import { StartError } from "../start_error.ts";
import { explainPermission } from "../config/permission.ts";

/**
 * Ends the program with one message, and with code 2 for a mistake of the operator's, a missing permission among them; with
 * code 1 where a disk is full, the one that the output goes to perhaps.
 *
 * @throws what it was given, where that is a fault of the program
 */
export function endForMistake(error: unknown): never {
  if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  }
  if (!(error instanceof StartError || error instanceof Deno.errors.NotCapable)) throw error;
  console.error(`error: ${explainPermission(error.message)}`);
  Deno.exit(2);
}
