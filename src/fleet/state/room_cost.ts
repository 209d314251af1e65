import { bestExponent, EXPONENTS, type Works } from "../learning/mod.ts";
import type { Model } from "./model.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** The exponent is looked at again so often. */
const EVERY: Milliseconds = 60_000;

/** How the load of rooms grows with their clients: one exponent for all servers, which run the same program. */
export class RoomCost {
  /** Place of the exponent in `EXPONENTS`; the first says that each client costs the same. */
  which = 0;
  /** When it was last looked at. */
  lookedAt: Milliseconds = -Infinity;
}

/** A server has reported: what its rooms come to, and what that costs it. */
export function learnRoomCost(
  model: Model,
  server: Server,
  works: Works,
  now: Milliseconds,
): void {
  server.works = works;
  if (!server.teaches || works[0] === 0) return;
  const { load, clients, workFit, workCosts } = server;
  workFit.learn(works, load);
  const ofClient = model.servers.typicalLoadPerClient(server.pool, now);
  const others = (work: number) => ofClient * clients / work;
  for (const [i, work] of works.entries()) workCosts[i]!.learn(work, load, others(work));
  const { which } = model.roomCost;
  if (which === 0) return;
  const [cost, work] = [workCosts[which]!, works[which]!];
  server.loadPerWork = cost.perClient(others(work));
  server.steadyLoad = cost.steadyLoad(work, load, others(work));
}

/** Looks at the exponent again. O(servers), and O(young groups) where it has become another. */
export function followRoomCost(model: Model, now: Milliseconds): void {
  const { roomCost } = model;
  if (now - roomCost.lookedAt < EVERY) return;
  roomCost.lookedAt = now;
  const best = bestExponent(Array.from(model.servers, ({ workFit }) => workFit));
  if (best === roomCost.which) return;
  roomCost.which = best;
  for (const server of model.servers) {
    server.loadPerWork = 0; // until its next report
    server.growthWork = 0;
    for (const { young } of server.young) {
      if (young !== undefined) server.growthWork += young.growthWork = workToCome(roomCost, young);
    }
  }
}

/** The work of a group that has grown, taken as one room, less that of the group as it is. */
export function workToCome(
  { which }: RoomCost,
  { expected, growth }: { readonly expected: number; readonly growth: number },
): number {
  if (which === 0 || growth === 0) return 0;
  const exponent = EXPONENTS[which]!;
  return expected ** exponent - (expected - growth) ** exponent;
}
