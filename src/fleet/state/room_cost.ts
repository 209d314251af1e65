import { bestExponent, EXPONENTS, isEnough, type Works } from "../learning/mod.ts";
import type { Model } from "./model.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** The exponent is looked at again so often. */
const EVERY: Milliseconds = 60_000;

/** It changes once another one is the better one so many times in a row. */
const LOOKS = 10;

/** How the load of rooms grows with their clients: one exponent for all servers, which run the same program. */
export class RoomCost {
  /** Place of the exponent in `EXPONENTS`; the first says that each client costs the same. */
  which = 0;
  /** Clients ÷ work of all servers, by that exponent. */
  clientsPerWork = 1;
  /** When it was last looked at. */
  lookedAt: Milliseconds = -Infinity;
  /** The one that was better then, and how many times in a row. */
  better = { which: 0, looks: 0 };
}

/** A server has reported: what its rooms come to, and what that costs it. */
export function learnRoomCost(model: Model, server: Server, works: Works, now: Milliseconds): void {
  server.works = works;
  if (!server.teaches) return;
  const { load, clients, workFit, workCosts } = server;
  if (works[0]! > 0) {
    workFit.learn(works, load);
    const ofClient = model.servers.typicalLoadPerClient(server.pool, now);
    for (const [i, work] of works.entries()) workCosts[i]!.learn(work, load, ofClient * clients / work);
  }
  if (model.roomCost.which !== 0) reckon(model, server, now);
}

/** What the rooms of a server cost it, by the exponent that holds now. */
function reckon(model: Model, server: Server, now: Milliseconds): void {
  const { which, clientsPerWork } = model.roomCost;
  const { load, clients, works, workCosts, cost } = server;
  const ofClient = model.servers.typicalLoadPerClient(server.pool, now);
  if (which === 0) {
    server.loadPerWork = 0;
    server.steadyLoad = cost.steadyLoad(clients, load, ofClient);
    return;
  }
  const [its, work] = [workCosts[which]!, works[which]!];
  const others = ofClient * (work > 0 ? clients / work : clientsPerWork);
  server.loadPerWork = its.perClient(others);
  if (work > 0) server.steadyLoad = its.steadyLoad(work, load, others);
}

/** Looks at the exponent again. O(servers), and O(young groups) where it has become another. */
export function followRoomCost(model: Model, now: Milliseconds): void {
  const { roomCost } = model;
  if (now - roomCost.lookedAt < EVERY) return;
  roomCost.lookedAt = now;
  const servers = Array.from(model.servers);
  const best = bestExponent(servers.map(({ workFit }) => workFit), roomCost.which);
  const { which, looks } = roomCost.better;
  roomCost.better = { which: best, looks: best === which ? looks + 1 : 1 };
  const changes = best !== roomCost.which && roomCost.better.looks >= LOOKS;
  setExponent(model, changes ? best : roomCost.which, now);
}

/**
 * Another gateway counts by this exponent. One that has heard too little to tell goes by it: else it would count by another
 * one than the others, for as long as the loads leave that open.
 */
export function followExponent(model: Model, which: number, now: Milliseconds): void {
  if (which === model.roomCost.which || !(which in EXPONENTS)) return;
  if (!isEnough(Array.from(model.servers, ({ workFit }) => workFit))) setExponent(model, which, now);
}

/** How rooms are counted, as a text for whoever starts next; nothing while that is not known. */
export function roomCostText(model: Model): string | undefined {
  const { which, clientsPerWork } = model.roomCost;
  if (which === 0 && !isEnough(Array.from(model.servers, ({ workFit }) => workFit))) return undefined;
  return JSON.stringify({ exponent: EXPONENTS[which], clientsPerWork });
}

/** Counts rooms as before the start, until reports tell otherwise; by no such text, or one of another version, each client counts. */
export function restoreRoomCost(model: Model, text: string, now: Milliseconds): void {
  const { exponent, clientsPerWork } = parsed(text);
  const which = EXPONENTS.findIndex((each) => each === exponent);
  if (which > 0 && clientsPerWork > 0 && clientsPerWork <= 1) setExponent(model, which, now, clientsPerWork);
}

function parsed(text: string): { readonly exponent: unknown; readonly clientsPerWork: number } {
  try {
    const { exponent, clientsPerWork } = JSON.parse(text);
    return { exponent, clientsPerWork: Number(clientsPerWork) };
  } catch {
    return { exponent: undefined, clientsPerWork: NaN }; // no JSON, or another shape: as if there were none
  }
}

/** @param clientsPerWork where no room tells it */
function setExponent(model: Model, which: number, now: Milliseconds, clientsPerWork = 1): void {
  const { roomCost } = model;
  const servers = Array.from(model.servers);
  const changes = which !== roomCost.which;
  roomCost.which = which;
  const sum = (which: number) => servers.reduce((total, { works }) => total + works[which]!, 0);
  if (sum(0) > 0) roomCost.clientsPerWork = sum(0) / sum(which);
  else if (changes) roomCost.clientsPerWork = clientsPerWork;
  if (!changes) return;
  for (const server of servers) {
    reckon(model, server, now); // all at once, so that none is compared by another formula
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
