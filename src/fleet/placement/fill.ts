import { loadWithTail } from "./expected_load.ts";
import { cheapest, type Strategy } from "./strategy.ts";

/**
 * The fullest server that stays below a load, and where none does the one that stays lowest: so that servers which are
 * not needed are left empty, for fleets that are paid by the hour.
 *
 * @param target expected load up to which servers are filled, above 0 and at most 1
 */
export function fillTo(target: number): Strategy {
  return (candidates, size, random) =>
    cheapest(candidates, (server) => {
      const load = loadWithTail(server, size);
      return load <= target ? -load : load;
    }, random);
}
