import { NotNow, StartError } from "../start_error.ts";
import type { StoreError } from "../store/port.ts";

/** A store that cannot be used, as what ends the program. @param store what it is called in front of the message */
export function startErrorOf(error: StoreError, store?: string): StartError {
  const message = store === undefined ? error.message : `${store}: ${error.message}`;
  return new (error.passes ? NotNow : StartError)(message, { cause: error });
}
