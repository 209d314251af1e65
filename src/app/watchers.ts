import { Dashboard } from "../dashboard/dashboard.ts";
import type { Settings } from "../config/schema.ts";
import type { EdgeContext } from "../edge/handler.ts";
import { refusal } from "../edge/http/answer.ts";
import type { UnreadObserver } from "../edge/http/unparsed.ts";
import { problemsOf } from "../edge/methods/admin/status.ts";
import { auditedParams } from "../edge/methods/audited_params.ts";
import { Refusal, refusedRequest } from "../edge/refusal.ts";
import type { RefusalObserver } from "../edge/refusal_observer.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { Observers } from "../gateway/observers.ts";
import { createMetrics } from "../operations/metrics/metrics.ts";
import { createTracing } from "../operations/tracing/tracing.ts";
import { createAudit } from "../ops/audit.ts";
import type { AuditedParams } from "../ops/audit_params.ts";
import { log } from "../ops/log.ts";
import { logObserver } from "../ops/log_observer.ts";
import { Refusals, REFUSALS_SUMMED_EVERY } from "../ops/refusals.ts";
import type { TraceRecorder } from "../ops/trace.ts";
import type { OpenStore } from "../store/port.ts";
import { openAuditFile } from "./audit.ts";

/** What watchers look at, once it is there. */
interface Watched {
  gateway(): Gateway;
  edge(): EdgeContext;
}

/** Who is told what happens: the log, metrics, traces, the audit and the dashboard. */
export type Watchers = Awaited<ReturnType<typeof createWatchers>>;

/**
 * @param version of the program, for the metrics
 * @param parts what is to be stopped in the end
 */
export async function createWatchers(
  settings: Settings,
  version: string,
  recorder: TraceRecorder | undefined,
  watched: Watched,
  parts: AsyncDisposableStack,
) {
  parts.defer(() => recorder?.close());
  const auditFile = await openAuditFile(settings);
  parts.defer(() => auditFile?.close());
  let showing: ReadonlySet<string> | undefined;
  const shows = (method: string) => (showing ??= namesOfShowing(watched.edge())).has(method);
  const dashboard = settings.operations.enabled
    ? new Dashboard({
      gateway: { figures: (customers) => watched.gateway().figures(customers) },
      problems: (fleet) => problemsOf(watched.edge(), fleet),
      shows,
      version,
    })
    : undefined;
  let audited: ReadonlyMap<string, AuditedParams> | undefined;
  const audit = createAudit({
    log: settings.audit.log,
    shows,
    shown: (method) => (audited ??= auditedParams(watched.edge().operators)).get(method),
    write(record) {
      auditFile?.write(record);
      dashboard?.audited(record);
    },
  });
  const tracing = createTracing();
  const metrics = settings.operations.enabled || tracing !== undefined
    ? createMetrics(version, settings.metrics.customers)
    : undefined;
  const observers = new Observers((error) => log.error("an observer of changes failed: {error}", { error }));
  observers.add(logObserver);
  if (recorder !== undefined) observers.add(recorder);
  for (const observer of metrics?.observers ?? []) observers.add(observer);
  for (const observer of dashboard?.observers ?? []) observers.add(observer);

  const refusals = new Refusals();
  const summing = setInterval(() => refusals.sumUp(), REFUSALS_SUMMED_EVERY);
  parts.defer(() => {
    clearInterval(summing);
    refusals.sumUp();
    metrics?.stop();
  });
  const refused: RefusalObserver = (its) => {
    refusals.tell(its);
    metrics?.refused(its);
    dashboard?.refused(its);
  };
  const unread: UnreadObserver = (error, address) => {
    metrics?.answers.unread(error);
    refused(refusedRequest(new Refusal(refusal(error), error), address));
  };
  return {
    ...{ dashboard, audit, tracing, metrics, observers, refused, unread },
    /** Who is told of calls that have ended. */
    callObservers: [audit, metrics?.callObserver, dashboard?.callObserver, tracing?.callObserver]
      .filter((each) => each !== undefined),
    /** A store that is measured and traced, and whose damages are told. */
    watchedStore(open: OpenStore): OpenStore {
      const measured = metrics?.store.measured(open) ?? open;
      const traced = tracing?.store(measured) ?? measured;
      const store = settings.store.redis === undefined ? "the data folder" : "the store in Redis";
      const damaged = (what: string) => log.error("{store} is damaged: {what}", { store, what });
      const told = new Set<string>();
      const unknown = (change: string) => {
        if (told.has(change)) return;
        told.add(change);
        log.warn("a gateway of a later version makes changes ({change}) that this one passes over", {
          change,
        });
      };
      return (options) => traced({ ...options, damaged, unknown });
    },
  };
}

function namesOfShowing({ operators: { list } }: EdgeContext): ReadonlySet<string> {
  return new Set(list.filter(({ does }) => does === "shows").map(({ name }) => name));
}
