import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Ledger } from "../ledger.ts";
import type { Chance } from "../placement/chance.ts";
import type { Clock } from "./clock.ts";
import type { Host } from "./host.ts";
import type { FaultyServer } from "./server.ts";

/** What those who live in a simulated world have to do with it. */
export interface Surroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where promises, and those that were broken, are written down. */
  readonly ledger: Ledger;
  readonly servers: readonly FaultyServer[];
  /** How long it may take until every gateway knows what one has answered. */
  readonly untilAllKnow: Milliseconds;
  /** For how long all gateways have been running, and in touch with what they share; less than 0 where one is not. */
  settledFor(): Milliseconds;
  /** Does it again and again until all is quiet, with a mean time in between. */
  repeat(mean: Milliseconds, act: () => void): void;
  /**
   * A call to a gateway, and its answer, if both arrive.
   *
   * @returns to be asked whether it is over: answered, lost, or with a gateway that has died
   */
  call<Result>(ask: (host: Host) => Promise<Result>, answered: (result: Result) => void): () => boolean;
}

/** One of several, by chance. */
export function pick<Item>(chance: Chance, items: readonly Item[]): Item {
  return items[chance.integer(0, items.length - 1)]!;
}
