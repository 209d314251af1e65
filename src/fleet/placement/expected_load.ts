import type { ServerLoad } from "../facts.ts";
import type { NewSize } from "./strategy.ts";

/** That a new group may become a large one counts for at most so much load. */
const TAIL = 0.1;

/** What of a server its expected load depends on. */
export type WhatLoads = Pick<
  ServerLoad,
  "steadyLoad" | "grants" | "growth" | "loadPerClient" | "work" | "weight"
>;

/**
 * Load that a server will come to once everybody has arrived who is on the way, its young groups have grown, and a new
 * group has reached its size. A server of weight ½ counts as having half of what it has.
 *
 * @param size clients that the new group is expected to come to, at least 1
 * @param tail clients more that hardly any group of its kind has; large ones are rare and matter most, but a server that
 *   could take one has not got it yet, so that they count for a little
 * @returns 0 (idle) to 1 (full); above 1 where the group would not fit
 */
export function expectedLoad(server: WhatLoads, size: number, tail = 0): number {
  const { work, loadPerClient, steadyLoad, weight } = server;
  if (work === undefined) {
    const coming = server.grants + server.growth + size;
    return (steadyLoad + coming * loadPerClient + Math.min(TAIL, tail * loadPerClient)) / weight;
  }
  const its = size ** work.exponent;
  const more = tail === 0 ? 0 : Math.min(TAIL, ((size + tail) ** work.exponent - its) * work.load);
  return (steadyLoad + (work.coming + its) * work.load + more) / weight;
}

/**
 * The largest new group, in clients, with which the server stays at or below a load: {@link expectedLoad} the other way round.
 *
 * @returns below 1 where it takes none
 */
export function largestThatFits(
  { work, loadPerClient, steadyLoad, weight, grants, growth }: WhatLoads,
  load: number,
): number {
  const left = load * weight - steadyLoad;
  if (work === undefined) return left / loadPerClient - grants - growth;
  return Math.max(0, left / work.load - work.coming) ** (1 / work.exponent);
}

/** The expected load with a new group of which the large ones of its kind are known. */
export function loadWithTail(server: WhatLoads, { expected, large }: NewSize): number {
  return expectedLoad(server, expected, large - expected);
}

/** Load that a group of so many clients is to a server that has it. */
export function loadOf({ work, loadPerClient }: WhatLoads, clients: number): number {
  return work === undefined ? clients * loadPerClient : clients ** work.exponent * work.load;
}
