/**
 * What a server's own configuration is filled up with unless the operator says otherwise (`docs/protocol.md` §7).
 * Whole numbers become TOML integers; durations are in milliseconds.
 *
 * @param updateInterval seconds between two reports
 * @param metricsServer CIDR of the machine that may read a server's metrics
 */
export function recommendedServerConfig(updateInterval: number, metricsServer: string) {
  return {
    supervisor: { report_interval: Math.round(updateInterval * 1000) },
    quic: { keep_alive_interval: 5000, idle_timeout: 30000, pre_send_timeout: 500, migration: true },
    http: { timeout: 10000, ping_interval: 5000 },
    metrics: {
      binding: "0.0.0.0:9000",
      idle_timeout: 3600000,
      global_labels: { deployment: "public" },
      allowed: [metricsServer, "127.0.0.1/8", "::1/128"],
    },
    limit: { peer: { incoming_messages: { rate: 10, capacity: 50, overflow: 20 } } },
  };
}
