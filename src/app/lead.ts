import { orNothing } from "../gateway/store_error.ts";
import type { Store } from "../store/port.ts";

/**
 * Whether it is this gateway that does something for all that share the store, for so many milliseconds from now on. Each
 * does so for itself while the store cannot say.
 *
 * @param takes also from another gateway that does it
 */
export async function leads(
  { shared }: Store,
  name: string,
  lifetime: number,
  takes = false,
): Promise<boolean> {
  return shared === undefined || (await orNothing(shared.lead(name, lifetime, takes)) ?? true);
}
