import * as fleet from "../fleet/mod.ts";
import type { Model } from "../fleet/mod.ts";
import type { Store } from "../store/port.ts";
import { orNothing, succeeds } from "./store_error.ts";
import { type Clocks, toUnixTime } from "./timers.ts";

/** Name of what was counted of each pool's clients. */
const DEMAND = "demand";

/** How demand has changed is known to whoever starts next. What cannot be stored is counted on all the same. */
export async function keepDemand(model: Model, store: Store, clocks: Clocks): Promise<void> {
  await succeeds(store.setValue(DEMAND, fleet.demandText(model, (time) => toUnixTime(clocks, time))));
}

/** Goes on with what was counted before the start. */
export async function restoreDemand(model: Model, store: Store, clocks: Clocks): Promise<void> {
  const text = await orNothing(store.value(DEMAND));
  if (text !== undefined) {
    fleet.restoreDemand(model, text, clocks.now(), (time) => toUnixTime(clocks, time));
  }
}
