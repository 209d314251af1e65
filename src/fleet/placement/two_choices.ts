import { loadWithGrants } from "./least_load.ts";
import type { Strategy } from "./strategy.ts";

/**
 * The less loaded of two servers taken at random, grants counted (Mitzenmacher, "The Power of Two Choices in Randomized
 * Load Balancing", 2001). Its cost does not grow with the fleet, and many gateways with old reports do not herd.
 */
export const twoChoices: Strategy = (candidates, _size, random) => {
  const first = Math.floor(random() * candidates.length);
  const step = 1 + Math.floor(random() * (candidates.length - 1));
  const one = candidates[first]!;
  const other = candidates[(first + step) % candidates.length]!;
  return loadWithGrants(other) < loadWithGrants(one) ? other : one;
};
