import type { ClientCost, WorkFit } from "../learning/mod.ts";
import type { Server } from "./server.ts";
import type { Milliseconds } from "../time.ts";

/** Counts of one thing that are not taken at one moment differ: this many times as many, and some more, pass. */
const PASSES = { factor: 2, more: 100 };

/** What leaps up out of all proportion, and falls back as suddenly within so long, was nonsense. */
const LEAP: Milliseconds = 60_000;

/** The most that a count can be, in clients, if another one says this of the same moment or of the report beside it. */
export function plausibleBeside(clients: number): number {
  return PASSES.factor * clients + PASSES.more;
}

/** A count that has become more, from one report to the next, than is plausible. */
export class Leap {
  /**
   * @param from the count before
   * @param at when the first report showed it
   */
  constructor(readonly from: number, readonly at: Milliseconds) {}

  /**
   * Whether it was nonsense, by what a further report shows.
   *
   * @param before the count of the report before that
   */
  wasNonsense(before: number, count: number, now: Milliseconds): boolean {
    return !this.isOver(now) && before > plausibleBeside(count);
  }

  /** Whether it has lasted for so long that it is true. */
  isOver(now: Milliseconds): boolean {
    return now - this.at > LEAP;
  }
}

/** What was known of what a server's clients cost before its number of them leapt. */
export interface CostBefore {
  readonly leap: Leap;
  readonly cost: ClientCost;
  readonly workFit: WorkFit;
  readonly workCosts: readonly ClientCost[];
}

/**
 * A further report of the server shows so many clients, and nothing has been learned from it. Where these are so many more than
 * before as cannot be, as in a first report, what is known of what they cost is remembered; where it shows within a minute that
 * they were nonsense, all that was learned since is forgotten.
 */
export function followLeap(server: Server, clients: number, now: Milliseconds): void {
  const { costBefore, clients: before } = server;
  if (costBefore?.leap.wasNonsense(before, clients, now)) {
    server.cost = costBefore.cost;
    server.workFit = costBefore.workFit;
    for (const [i, cost] of costBefore.workCosts.entries()) server.workCosts[i] = cost;
    server.costBefore = undefined;
  } else if (costBefore?.leap.isOver(now)) server.costBefore = undefined;
  if (server.costBefore !== undefined || clients <= plausibleBeside(before)) return;
  server.costBefore = {
    leap: new Leap(before, now),
    cost: server.cost.copy(),
    workFit: server.workFit.copy(),
    workCosts: server.workCosts.map((cost) => cost.copy()),
  };
}
