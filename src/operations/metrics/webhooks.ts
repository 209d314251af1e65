import { Counter, Gauge, type Registry } from "prom-client";
import { PREFIX } from "./prefix.ts";

/** How it goes with one webhook, since the start; times are unix time in milliseconds. */
export interface WebhookMoment {
  readonly webhook: string;
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly waiting: number;
  readonly oldest: number | undefined;
}

/** Reads how it goes with webhooks when somebody asks; there are at most 32 of them. */
export function webhookMetrics(registry: Registry): (webhooks: readonly WebhookMoment[]) => void {
  const registers = [registry];
  const events = new Counter({
    name: `${PREFIX}webhook_events_total`,
    help: "Events that a webhook took, or that were dropped for it.",
    labelNames: ["webhook", "outcome"],
    registers,
  });
  const failures = new Counter({
    name: `${PREFIX}webhook_failed_attempts_total`,
    help: "Attempts to deliver that a webhook did not answer with 2xx in time.",
    labelNames: ["webhook"],
    registers,
  });
  const waiting = new Gauge({
    name: `${PREFIX}webhook_events_waiting`,
    help: "Events that wait for a webhook, or are on their way to it.",
    labelNames: ["webhook"],
    registers,
  });
  const oldest = new Gauge({
    name: `${PREFIX}webhook_oldest_event_timestamp_seconds`,
    help: "When the oldest event that waits for a webhook happened, unix time; absent where none waits.",
    labelNames: ["webhook"],
    registers,
  });
  return (webhooks) => {
    for (const metric of [events, failures, waiting, oldest]) metric.reset();
    for (const { webhook, delivered, failed, dropped, waiting: count, oldest: since } of webhooks) {
      const all = Object.values(dropped).reduce((sum, each) => sum + each, 0);
      events.inc({ webhook, outcome: "delivered" }, delivered);
      events.inc({ webhook, outcome: "dropped" }, all);
      failures.inc({ webhook }, failed);
      waiting.set({ webhook }, count);
      if (since !== undefined) oldest.set({ webhook }, since / 1000);
    }
  };
}
