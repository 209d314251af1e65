import { type Attributes, metrics, type Observable } from "@opentelemetry/api";
import type { MetricObjectWithValues, MetricValue, MetricValueWithName, Registry } from "prom-client";

/** What tells the metrics, as collectors show it. */
const SCOPE = "odin-gateway";

/** Units by the end of a name, as OpenTelemetry spells them. */
const UNITS = [[/_seconds(_total)?$/, "s"], [/_bytes$/, "By"], [/_ratio$/, "1"]] as const;

/**
 * Tells the metrics by OpenTelemetry, under the same names, whenever the runtime exports. Of a histogram its `_sum` and
 * `_count` are told, as counters: those that are counted already cannot be told anew with their buckets.
 *
 * @param refresh takes the figures of the moment over into the registry
 */
export function exportMetrics(registry: Registry, refresh: () => Promise<void>): void {
  const meter = metrics.getMeter(SCOPE);
  const instruments = new Map<string, Observable>();
  for (
    const { name, help, type } of registry.getMetricsAsArray() as unknown as MetricObjectWithValues<
      MetricValue<string>
    >[]
  ) {
    const unit = UNITS.find(([end]) => end.test(name))?.[1] ?? "";
    const options = { description: help, unit };
    const kind = String(type);
    if (kind === "histogram") {
      instruments.set(`${name}_sum`, meter.createObservableCounter(`${name}_sum`, options));
      instruments.set(`${name}_count`, meter.createObservableCounter(`${name}_count`, { description: help }));
    } else if (kind === "counter") instruments.set(name, meter.createObservableCounter(name, options));
    else instruments.set(name, meter.createObservableGauge(name, options));
  }
  meter.addBatchObservableCallback(async (result) => {
    await refresh();
    for (const { name, values } of await registry.getMetricsAsJSON()) {
      for (const value of values) {
        const { metricName = name } = value as MetricValueWithName<string>;
        const instrument = instruments.get(metricName);
        if (instrument !== undefined) result.observe(instrument, value.value, value.labels as Attributes);
      }
    }
  }, [...instruments.values()]);
}
