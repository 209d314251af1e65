import type { ServerLoad } from "../server.ts";
import { cheapest, type Strategy } from "./strategy.ts";

/** Load of one client where no server of the pool has told enough to know better. */
const DEFAULT_LOAD_PER_CLIENT = 0.001;

/**
 * The lowest load that is to be expected once everybody who was granted has arrived, one client more included.
 * What a client costs is taken from each server's own report, so servers of different size need no settings;
 * a server without clients counts as the average of its pool.
 */
export const leastLoad: Strategy = (candidates, random) => {
  let load = 0;
  let clients = 0;
  for (const server of candidates) {
    load += server.load;
    clients += server.clients;
  }
  const average = load > 0 && clients > 0 ? load / clients : DEFAULT_LOAD_PER_CLIENT;
  return cheapest(candidates, (server) => expectedLoad(server, average), random);
};

function expectedLoad(server: ServerLoad, average: number): number {
  const each = server.load > 0 && server.clients > 0 ? server.load / server.clients : average;
  return server.load + (server.grants + 1) * each;
}
