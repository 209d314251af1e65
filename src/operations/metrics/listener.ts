import { Gauge, type Registry } from "prom-client";
import { PREFIX } from "./prefix.ts";

const DAY = 86_400;

/**
 * What the main listener has.
 *
 * @returns takes over its connections, and the days that its certificate has left
 */
export function listenerMetrics(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `${PREFIX}${name}`, help, registers: [registry] });
  const open = gauge("connections", "Connections of the main listener that are open.");
  const limit = gauge("connections_limit", "Connections that it may have at a time.");
  const certificate = gauge(
    "certificate_remaining_seconds",
    "Time until the certificate ends, below 0 once it has; absent without TLS.",
  );
  return (
    connections: { readonly open: number; readonly limit: number } | undefined,
    certificateDaysLeft: number | undefined,
  ): void => {
    open.set(connections?.open ?? 0);
    limit.set(connections?.limit ?? 0);
    if (certificateDaysLeft === undefined) certificate.remove();
    else certificate.set(certificateDaysLeft * DAY);
  };
}
