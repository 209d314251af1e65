import { type FleetSettings, strategyOf } from "../fleet/mod.ts";
import { configuredPools, type Settings } from "./schema.ts";

/** What the fleet needs of a configuration, in milliseconds. */
export function fleetSettings(settings: Settings): FleetSettings {
  const { sfuConfig, loginToken, placement, limits, tasks } = settings;
  const { rebalance } = placement;
  const pools = configuredPools(settings);
  return {
    placement: {
      ...placement,
      choose: strategyOf(placement.strategy, placement.target),
      growthWindow: placement.growthWindow * 1000,
      rebalance: rebalance && {
        above: rebalance.above,
        interval: rebalance.interval * 1000,
        rest: rebalance.rest * 1000,
      },
      spill: new Map([[pools.default, []], ...pools.spill]), // each pool has its place, also where there is but one
    },
    updateInterval: sfuConfig.updateInterval * 1000,
    disableTimeout: sfuConfig.disableTimeout * 1000,
    removeTimeout: sfuConfig.removeTimeout * 1000,
    tokenLifetime: loginToken.lifetime * 1000,
    grantTimeout: limits.grantTimeout * 1000,
    taskLifetime: tasks.lifetime * 1000,
    limits,
  };
}
