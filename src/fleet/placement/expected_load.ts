import type { ServerLoad } from "../facts.ts";
import type { NewSize } from "./strategy.ts";

/** That a new group may become a large one counts for at most so much load. */
const TAIL = 0.1;

/** What of a server its expected load depends on. */
export type WhatLoads = Pick<ServerLoad, "steadyLoad" | "grants" | "growth" | "loadPerClient" | "weight">;

/**
 * Load that a server will come to once everybody has arrived who is on the way, its young groups have grown, and a new
 * group has reached its size. A server of weight ½ counts as having half of what it has.
 *
 * @param size clients that the new group is expected to come to, at least 1
 * @returns 0 (idle) to 1 (full); above 1 where the group would not fit
 */
export function expectedLoad(server: WhatLoads, size: number): number {
  const coming = server.grants + server.growth + size;
  return (server.steadyLoad + coming * server.loadPerClient) / server.weight;
}

/**
 * The same, and that the group may become a large one: large ones are rare and matter most, but a server that could take
 * one has not got it yet.
 */
export function loadWithTail(server: WhatLoads, { expected, large }: NewSize): number {
  const tail = Math.min(TAIL, (large - expected) * server.loadPerClient);
  return expectedLoad(server, expected) + tail / server.weight;
}
