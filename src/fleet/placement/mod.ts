/**
 * Placement: which server takes a new group. One file a strategy, each a pure function over plain data;
 * imports nothing but the types of `facts.ts`.
 *
 * @module
 */
import { expected } from "./expected.ts";
import { fillTo } from "./fill.ts";
import { leastLoad } from "./least_load.ts";
import { leastRooms } from "./least_rooms.ts";
import type { Strategy } from "./strategy.ts";
import { twoChoices } from "./two_choices.ts";
import { weighted } from "./weighted.ts";

/** Load up to which `fill` fills servers, if nothing is said. */
export const DEFAULT_TARGET = 0.75;

/** Every strategy by its name in the configuration (`placement.strategy`). */
export const strategies = {
  expected,
  fill: fillTo(DEFAULT_TARGET),
  "least-load": leastLoad,
  "least-rooms": leastRooms,
  "two-choices": twoChoices,
  weighted,
} as const satisfies Record<string, Strategy>;

export type StrategyName = keyof typeof strategies;

/** The strategy of a name, with its setting. */
export function strategyOf(name: StrategyName, target: number): Strategy {
  return name === "fill" ? fillTo(target) : strategies[name];
}
