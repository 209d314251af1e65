import type { ServerLoad } from "../facts.ts";

/** The size of a new group, in clients, at least 1. */
export interface NewSize {
  /** What groups of its kind come to, as a mean. */
  readonly expected: number;
  /** What hardly any of them exceeds; at least the same. */
  readonly large: number;
}

/**
 * Chooses a server for a new group.
 *
 * @param candidates servers that may take it: alive, open to new groups, in a pool that the call may use, and below the
 *   ceiling while any of them is; at least one
 * @param random uniform in [0, 1)
 */
export type Strategy = <Candidate extends ServerLoad>(
  candidates: readonly Candidate[],
  size: NewSize,
  random: () => number,
) => Candidate;

/** The candidate with the lowest cost, ties broken at random. */
export function cheapest<Candidate extends ServerLoad>(
  candidates: readonly Candidate[],
  cost: (server: Candidate) => number,
  random: () => number,
): Candidate {
  let best = candidates[0]!;
  let lowest = Infinity;
  let ties = 0;
  for (const server of candidates) {
    const load = cost(server);
    if (load > lowest) continue;
    ties = load < lowest ? 1 : ties + 1;
    lowest = load;
    if (ties === 1 || random() * ties < 1) best = server;
  }
  return best;
}
