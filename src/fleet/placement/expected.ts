import { loadWithTail } from "./expected_load.ts";
import { cheapest, type Strategy } from "./strategy.ts";

/** The lowest load that is to be expected once the group, and all that grows beside it, has reached its size. */
export const expected: Strategy = (candidates, size, random) =>
  cheapest(candidates, (server) => loadWithTail(server, size), random);
