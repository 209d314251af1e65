/**
 * Placement: which server takes a new group. One file a strategy, each a pure function over plain data;
 * imports nothing but the types of `server.ts`.
 *
 * @module
 */
import { expected } from "./expected.ts";
import { leastLoad } from "./least_load.ts";
import { leastRooms } from "./least_rooms.ts";
import type { Strategy } from "./strategy.ts";
import { twoChoices } from "./two_choices.ts";
import { weighted } from "./weighted.ts";

/** Every strategy by its name in the configuration (`placement.strategy`). */
export const strategies = {
  expected,
  "least-load": leastLoad,
  "least-rooms": leastRooms,
  "two-choices": twoChoices,
  weighted,
} as const satisfies Record<string, Strategy>;

export type StrategyName = keyof typeof strategies;
