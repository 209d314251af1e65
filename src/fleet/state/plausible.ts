import { ClientCost, WorkFit } from "../learning/mod.ts";
import type { Server } from "./server.ts";

/** Counts of one thing that are not taken at one moment differ: this many times as many, and some more, pass. */
const PASSES = { factor: 2, more: 100 };

/** The most that a count can be, in clients, if another one says this of the same moment or of the report beside it. */
export function plausibleBeside(clients: number): number {
  return PASSES.factor * clients + PASSES.more;
}

/**
 * A further report of the server shows so many clients. What its first one showed, with nothing to compare it with, and is out
 * of all proportion to this, has taught nothing.
 */
export function forgetNonsense(server: Server, clients: number): void {
  if (server.cost.reports !== 1 || server.clients <= plausibleBeside(clients)) return;
  server.cost = new ClientCost();
  server.workFit = new WorkFit();
  for (const i of server.workCosts.keys()) server.workCosts[i] = new ClientCost();
}
