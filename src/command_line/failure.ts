import { StartError } from "../start_error.ts";
import { explainPermission } from "../config/permission.ts";

/**
 * Ends the program with code 2 for a mistake of the operator's, a missing permission among them, with one message.
 *
 * @throws what it was given, where that is a fault of the program
 */
export function endForMistake(error: unknown): never {
  if (!(error instanceof StartError || error instanceof Deno.errors.NotCapable)) throw error;
  console.error(`error: ${explainPermission(error.message)}`);
  Deno.exit(2);
}
