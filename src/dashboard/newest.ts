import type { Happening } from "./activity.ts";

/** Happenings that are kept of each sort. */
const KEPT = 200;

/** The most that {@link newest} keeps. */
export const MOST = 3 * KEPT;

/** The newest of each sort, so that none pushes out another: a customer calls more in a minute than operators in a month. */
export function newest(happenings: readonly Happening[]): Happening[] {
  const room = { operators: KEPT, customers: KEPT, fleet: KEPT };
  return happenings.toReversed().filter(({ sort }) => room[sort]-- > 0).reverse();
}
