import { Gauge, type Registry } from "prom-client";
import type { PoolForecast } from "../../fleet/mod.ts";
import { PREFIX } from "./prefix.ts";

/**
 * What pools will need, as `fleet.Forecast` tells it.
 *
 * @returns takes the forecasts of the moment over into the metrics
 */
export function forecastMetrics(registry: Registry): (forecasts: readonly PoolForecast[]) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
  const needed = gauge(
    "servers_needed",
    "Servers that a pool needs now (0) and in so many minutes, at `placement.target`.",
    "pool",
    "minutes",
  );
  const drainable = gauge("servers_drainable", "Servers that may be drained.", "pool");
  return (forecasts) => {
    needed.reset();
    drainable.reset();
    for (const { pool, ahead, drainable: its } of forecasts) {
      for (const { after, servers } of ahead) needed.set({ pool, minutes: after / 60_000 }, servers);
      drainable.set({ pool }, its.length);
    }
  };
}
