/**
 * Groups that have moved because of load, each by its name: it may come back to the server that it has left, or end and be
 * placed anew meanwhile.
 *
 * @module
 */
import { SATURATED } from "../learning/mod.ts";
import { loadOf } from "../placement/expected_load.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Milliseconds } from "../time.ts";
import type { Model } from "./model.ts";
import type { Group } from "./room.ts";
import type { Relief, Server } from "./server.ts";

/**
 * The group moves from one server to another because of load. O(1)
 *
 * @param clients that it had on the one that it leaves
 */
export function markRebalanced(
  model: Model,
  group: Group,
  from: Server,
  to: Server,
  clients: number,
  now: Milliseconds,
): void {
  from.rebalanced = to.rebalanced = { group, at: now };
  const before = from.relief ?? reliefOf(from);
  from.relief = { ...before, moved: before.moved + loadOf(from, clients), last: group };
  const rest = model.settings.placement.rebalance?.rest ?? 0;
  for (const [key, at] of model.rebalanced) {
    if (now - at < rest) break;
    model.rebalanced.delete(key);
  }
  forgetRebalanced(model, group); // re-inserted: the map stays ordered by time
  model.rebalanced.set(keyOf(group), now);
}

function reliefOf({ load, counted, steadyLoad, loadOfRooms }: Server): Omit<Relief, "last"> {
  return {
    full: load >= SATURATED,
    ofClient: loadOfRooms / Math.max(1, counted),
    beside: steadyLoad - loadOfRooms,
    moved: 0,
  };
}

/** It did not move after all. */
export function forgetRebalanced(model: Model, group: Group): void {
  model.rebalanced.delete(keyOf(group));
}

/** When the group last moved because of load. */
export function lastRebalanced(model: Model, group: Group): Milliseconds {
  return model.rebalanced.get(keyOf(group)) ?? -Infinity;
}

function keyOf({ namespace, name }: Group): string {
  return scopedKey([namespace.name, name]);
}
