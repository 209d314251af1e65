import * as fleet from "../fleet/mod.ts";
import type { Model } from "../fleet/mod.ts";
import type { Store } from "../store/port.ts";
import { orNothing, succeeds } from "./store_error.ts";
import { type Clocks, toUnixTime } from "./timers.ts";

/** Name of what was counted of each pool's clients. */
const DEMAND = "demand";

/** Name of how the load of rooms grows with their clients, which stays right in another store. */
export const ROOM_COST = "room-cost";

/**
 * What is known of the fleet as a whole is known to whoever starts next: how demand has changed, and how rooms are counted.
 * What cannot be stored holds all the same.
 */
export async function keepEstimates(model: Model, store: Store, clocks: Clocks): Promise<void> {
  const cost = fleet.roomCostText(model);
  await succeeds(store.setValue(DEMAND, fleet.demandText(model, (time) => toUnixTime(clocks, time))));
  if (cost !== undefined) await succeeds(store.setValue(ROOM_COST, cost));
}

/** Goes on with what was known before the start. */
export async function restoreEstimates(model: Model, store: Store, clocks: Clocks): Promise<void> {
  const demand = await orNothing(store.value(DEMAND));
  if (demand !== undefined) {
    fleet.restoreDemand(model, demand, clocks.now(), (time) => toUnixTime(clocks, time));
  }
  const cost = await orNothing(store.value(ROOM_COST));
  if (cost !== undefined) fleet.restoreRoomCost(model, cost, clocks.now());
}
