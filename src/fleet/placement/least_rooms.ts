import { cheapest, type Strategy } from "./strategy.ts";

/** The fewest groups, granted ones included; for fleets of equal servers and equal rooms. */
export const leastRooms: Strategy = (candidates, _size, random) =>
  cheapest(candidates, ({ groups, weight }) => (groups + 1) / weight, random);
