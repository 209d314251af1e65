import type { ServerLoad } from "../facts.ts";
import { cheapest, type Strategy } from "./strategy.ts";

/** The lowest load once everybody who was granted has arrived, one client more included. */
export const leastLoad: Strategy = (candidates, _size, random) =>
  cheapest(candidates, loadWithGrants, random);

/** Load of a server with its grants and one client more. */
export function loadWithGrants({ load, grants, loadPerClient, weight }: ServerLoad): number {
  return (load + (grants + 1) * loadPerClient) / weight;
}
