import { Gauge, Registry } from "prom-client";
import type { CallObserver } from "../../edge/call_observer.ts";
import type { RefusalObserver } from "../../edge/refusal_observer.ts";
import type { FleetFigures, PoolForecast } from "../../fleet/mod.ts";
import type { Observer } from "../../gateway/observers.ts";
import type { ReadinessChecks } from "../readiness.ts";
import type { AddRoutes } from "../routes.ts";
import { type AnswerMetrics, answerMetrics, callMetrics, refusalMetrics } from "./calls.ts";
import { changeMetrics } from "./changes.ts";
import { fleetMetrics } from "./fleet.ts";
import { forecastMetrics } from "./forecast.ts";
import { listenerMetrics } from "./listener.ts";
import { NamedCustomers } from "./named_customers.ts";
import { PREFIX } from "./prefix.ts";
import { processMetrics } from "./process.ts";
import { type StoreMetrics, storeMetrics } from "./store.ts";
import { webhookMetrics, type WebhookMoment } from "./webhooks.ts";

/** What is read at the moment that somebody asks. */
export interface Moment {
  readonly figures: FleetFigures;
  readonly forecasts: readonly PoolForecast[];
  readonly checks: ReadinessChecks;
  /** Connections of the main listener; nothing before it listens. */
  readonly connections: { readonly open: number; readonly limit: number } | undefined;
  /** Days until its certificate ends; nothing without TLS. */
  readonly certificateDaysLeft: number | undefined;
  readonly webhooks: readonly WebhookMoment[];
}

/** Where metrics are told what happens, and where they are read. */
export interface Metrics {
  readonly registry: Registry;
  readonly observers: readonly Observer[];
  readonly callObserver: CallObserver;
  readonly store: StoreMetrics;
  readonly refused: RefusalObserver;
  readonly answers: AnswerMetrics;
  /** Takes over what is read rather than counted. */
  refresh(moment: Moment): void;
  stop(): void;
}

/**
 * All metrics of a gateway, in a registry of their own.
 *
 * @param customers customers whose refusals are counted one by one, at most
 */
export function createMetrics(version: string, customers: number): Metrics {
  const registry = new Registry();
  const callObserver = callMetrics(registry);
  const refused = refusalMetrics(registry, new NamedCustomers(customers));
  const answers = answerMetrics(registry);
  const changes = changeMetrics(registry);
  const takeFigures = fleetMetrics(registry);
  const takeForecasts = forecastMetrics(registry);
  const takeListener = listenerMetrics(registry);
  const store = storeMetrics(registry);
  const stop = processMetrics(registry, version);
  const takeWebhooks = webhookMetrics(registry);
  const ready = new Gauge({
    name: `${PREFIX}ready`,
    help: "1 for each check of /readyz that is passed, else 0.",
    labelNames: ["check"],
    registers: [registry],
  });
  return {
    registry,
    callObserver,
    refused,
    answers,
    store,
    observers: [changes, store.observer],
    refresh({ figures, forecasts, checks, connections, certificateDaysLeft, webhooks }) {
      takeFigures(figures);
      takeForecasts(forecasts);
      takeListener(connections, certificateDaysLeft);
      takeWebhooks(webhooks);
      for (const [check, passes] of Object.entries(checks)) ready.set({ check }, passes() ? 1 : 0);
    },
    stop,
  };
}

/** The route that Prometheus reads. @param read what is to be read at that moment */
export function metricsRoute({ registry, refresh }: Metrics, read: () => Promise<Moment>): AddRoutes {
  return (app) => {
    app.get("/metrics", async () => {
      refresh(await read());
      return new Response(await registry.metrics(), { headers: { "Content-Type": registry.contentType } });
    });
  };
}
