import { fleetSettings } from "../config/fleet_settings.ts";
import type { LoadedConfig } from "../config/load.ts";
import { isLoopback } from "../config/loopback.ts";
import { maskedConfig } from "../config/masked.ts";
import type { Settings } from "../config/schema.ts";
import { Customers } from "../customers/customers.ts";
import type { InternalUser } from "../edge/auth/internal_access.ts";
import { RpcError } from "../edge/errors.ts";
import { Gate } from "../edge/gate.ts";
import { createHandler, type EdgeContext } from "../edge/handler.ts";
import { listen, type Listener } from "../edge/http/listener.ts";
import type { Handler } from "../edge/http/message.ts";
import { refusal } from "../edge/http/answer.ts";
import type { UnreadObserver } from "../edge/http/unparsed.ts";
import { Refusal, refusedRequest } from "../edge/refusal.ts";
import type { RefusalObserver } from "../edge/refusal_observer.ts";
import { ASSETS } from "../dashboard/assets.ts";
import { Dashboard } from "../dashboard/dashboard.ts";
import { dashboardRoutes } from "../dashboard/routes.ts";
import { openRpcDocument } from "../edge/methods/admin/openrpc.ts";
import type { OperatorMethods } from "../edge/methods/internal_methods.ts";
import { auditedParams } from "../edge/methods/audited_params.ts";
import { problemsOf } from "../edge/methods/admin/status.ts";
import type { Reloading } from "../edge/methods/admin/reload_methods.ts";
import { createOperatorRoute } from "../edge/operator_route.ts";
import { Gateway } from "../gateway/gateway.ts";
import { Observers } from "../gateway/observers.ts";
import { exportMetrics } from "../operations/metrics/export.ts";
import { movable } from "../hand_over/moving.ts";
import type { Place } from "../hand_over/passed.ts";
import { passTo } from "../hand_over/passing.ts";
import { listenForOperators } from "../operations/listener.ts";
import { createMetrics, metricsRoute, type Moment } from "../operations/metrics/metrics.ts";
import { isReady, type ReadinessChecks } from "../operations/readiness.ts";
import { type AddRoutes, createOperationsHandler } from "../operations/routes.ts";
import { createTracing } from "../operations/tracing/tracing.ts";
import { openRpcRoute } from "../operations/openrpc_route.ts";
import { createAudit } from "../ops/audit.ts";
import type { AuditedParams } from "../ops/audit_params.ts";
import { Complaints } from "../ops/complaints.ts";
import { log, startLog } from "../ops/log.ts";
import { logObserver } from "../ops/log_observer.ts";
import { Refusals, REFUSALS_SUMMED_EVERY } from "../ops/refusals.ts";
import { Stats } from "../ops/stats.ts";
import type { TraceRecorder } from "../ops/trace.ts";
import { NO_OUTBOX } from "../store/outbox.ts";
import type { OpenStore } from "../store/port.ts";
import { ServerKeys } from "../tokens/mod.ts";
import { openAuditFile } from "./audit.ts";
import { CustomerLog } from "./customer_log.ts";
import { edgeContext, type SharedContext } from "./edge_context.ts";
import { checkMasterKey, customerMemory } from "./kept_texts.ts";
import { HandOver, type SharedFolder } from "./hand_over.ts";
import { Reload } from "./reload.ts";
import { createShedding, shedsAbove } from "./shedding.ts";
import { warnAboutAccess } from "./warnings.ts";
import { type OpenOutbox, RunningWebhooks } from "./webhooks.ts";

/** A gateway that runs and listens. */
export interface RunningGateway {
  readonly url: string;
  /** Where operators are listened for, if anywhere. */
  readonly operationsUrl: string | undefined;
  readonly reloading: Reloading;
  /** Reads configuration, customers and certificate again, because of this signal; the log and the audit say how that went. */
  reloadFor(signal: Deno.Signal): Promise<void>;
  /** The settings in force. */
  settings(): Settings;
  /** Days until the certificate ends, below 0 once it has; nothing without TLS. */
  certificateDaysLeft(): number | undefined;
  /** Finishes the requests under way, within 4 s, and stops. */
  stop(): Promise<void>;
}

/** What answers by some settings, on either listener. */
interface Handlers {
  readonly edge: EdgeContext;
  readonly main: Handler;
  readonly operations: Handler;
}

/** What the gateway asks its operator's start for. */
export interface Operator {
  /**
   * Who may call the internal methods by these settings.
   *
   * @throws {StartError} where nobody could
   */
  usersOf(settings: Settings): readonly InternalUser[];
  /** Reads the configuration again; absent where it came from no file. */
  readonly reread?: () => Promise<LoadedConfig>;
  /** The data folder, where another process can take it over; absent where nothing is kept. */
  readonly folder?: SharedFolder | undefined;
  /** Opens what keeps events for webhooks until they are delivered; without it they end with the process. */
  readonly openOutbox?: OpenOutbox;
}

const NO_OPERATOR: Operator = { usersOf: ({ internal }) => internal.users };

/** Requests under way get so long to finish when the gateway stops. */
const STOP_WITHIN_MS = 4000;

/** Operators' requests get that time; it is short, since a probe or a page may ask again and again. */
const OPERATIONS_STOP_WITHIN_MS = 500;

/**
 * Puts the parts together and starts them.
 *
 * @param masterKey in base64
 * @param version of the program, for the metrics
 * @throws {StartError} where it cannot listen
 * @throws {StoreError} where the store cannot be opened
 */
export async function runGateway(
  settings: Settings,
  masterKey: string,
  openStore: OpenStore,
  recorder?: TraceRecorder,
  operator: Operator = NO_OPERATOR,
  version = "",
): Promise<RunningGateway> {
  let inForce = settings;
  await using parts = new AsyncDisposableStack(); // stopped from the last to the first, also where a later one fails
  parts.defer(() => recorder?.close());
  const auditFile = await openAuditFile(settings);
  parts.defer(() => auditFile?.close());
  let showing: ReadonlySet<string> | undefined;
  const shows = (method: string) => (showing ??= namesOfShowing(handlers.edge.operators)).has(method);
  const dashboard: Dashboard | undefined = settings.operations.enabled
    ? new Dashboard({
      gateway: { figures: (customers) => gateway.figures(customers) },
      problems: (fleet) => problemsOf(handlers.edge, fleet),
      shows,
      version,
    })
    : undefined;
  let audited: ReadonlyMap<string, AuditedParams> | undefined;
  const audit = createAudit({
    log: settings.audit.log,
    shows,
    shown: (method) => (audited ??= auditedParams(handlers.edge.operators)).get(method),
    write(record) {
      auditFile?.write(record);
      dashboard?.audited(record);
    },
  });
  const listeners: { main?: Listener; operations?: Listener | undefined } = {};
  const observers = new Observers((error) => log.error("an observer of changes failed: {error}", { error }));
  observers.add(logObserver);
  if (recorder !== undefined) observers.add(recorder);
  const tracing = createTracing();
  const metrics = settings.operations.enabled || tracing !== undefined
    ? createMetrics(version, settings.metrics.customers)
    : undefined;
  for (const observer of metrics?.observers ?? []) observers.add(observer);
  for (const observer of dashboard?.observers ?? []) observers.add(observer);
  const measured = metrics?.store.measured(openStore) ?? openStore;
  const open = tracing?.store(measured) ?? measured;
  const gateway = await Gateway.open(fleetSettings(settings), {
    openStore: (options) =>
      open({ ...options, damaged: (what) => log.error("the data folder is damaged: {what}", { what }) }),
    observers,
    waitForReports: settings.startup.waitForReports,
    expectedServers: settings.startup.expectedServers,
    hears: () => listeners.main?.hears() ?? true,
    syncPlaces: settings.durability.places === "power-loss",
  });
  const webhooks = new RunningWebhooks(
    settings,
    gateway,
    operator.openOutbox ?? (() => NO_OUTBOX),
    () => listeners.main?.certificateDaysLeft(),
  );
  const gate = new Gate();
  /** What is in the data folder is the other process's once that has taken over. */
  const deferUnlessMoved = (stop: () => Promise<void> | void) =>
    parts.defer(async () => {
      if (!gate.hasMoved) await stop();
    });
  deferUnlessMoved(() => webhooks.stop()); // what ends with the gateway is still kept for them
  deferUnlessMoved(() => gateway.stop());
  webhooks.open();
  observers.add(webhooks);
  const serverKeys = new ServerKeys(Buffer.from(masterKey, "base64"));
  for (const server of gateway.servers) serverKeys.add(server);
  observers.add({
    changed(change) {
      if (change.type === "server-appeared") serverKeys.add(change.server);
      if (change.type === "server-removed") serverKeys.remove(change.server);
    },
  });

  const customerLog = new CustomerLog();
  const customers = new Customers(settings, customerLog, customerMemory(() => gateway.store));
  await customers.load();
  warnAboutAccess(settings);
  await checkMasterKey(gateway.store, masterKey);

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
  const shedding = createShedding(settings);
  const checks: ReadinessChecks = {
    listening: () => listeners.main?.hears() ?? false,
    customers: () => handlers.edge.ready(),
    store: () => gateway.condition.storable,
    startup: () => !gateway.condition.waiting,
    servers: () => gateway.condition.servers > 0,
  };
  const moment = async (): Promise<Moment> => ({
    figures: await gateway.figures(settings.metrics.customers),
    checks,
    connections: listeners.main?.connections(),
    certificateDaysLeft: listeners.main?.certificateDaysLeft(),
    webhooks: webhooks.figures,
  });
  if (metrics !== undefined && tracing !== undefined) {
    exportMetrics(metrics.registry, async () => metrics.refresh(await moment()));
  }
  const routes = [
    ...(metrics === undefined ? [] : [metricsRoute(metrics, moment)]),
    ...(dashboard === undefined ? [] : [dashboardRoutes(dashboard)]),
  ];
  const reloading = new Reload(operator.reread, gate, {
    settings: () => inForce,
    async prepare(next) {
      const listenAnew = [listeners.main!.prepare(next), listeners.operations?.prepare(next)];
      const takeCustomers = await customers.prepare(next);
      const nextHandlers = handlersFor(next);
      return () => {
        startLog(next);
        gateway.configure(fleetSettings(next), next.durability.places === "power-loss");
        shedding.limit = shedsAbove(next);
        for (const anew of listenAnew) anew?.();
        handlers = nextHandlers;
        dashboard?.live.stop(); // whoever may still look comes back
        const odd = customerLog.atOnce(() => void takeCustomers());
        inForce = next;
        warnAboutAccess(next);
        return odd;
      };
    },
    async prepareCustomers(next) {
      const take = await customers.prepare(next);
      return async () => {
        inForce = next;
        const warnings = await customerLog.during(take);
        return { customers: customers.count, keys: customers.ring.size, warnings };
      };
    },
  });
  const shared: SharedContext = {
    ...{ serverKeys, customers, refused, shedding, reloading, gate },
    gateway: tracing?.gateway(gateway) ?? gateway,
    webhooks,
    stats: new Stats(),
    complaints: new Complaints(),
    serves: () => isReady(checks),
    callObservers: [audit, metrics?.callObserver, dashboard?.callObserver, tracing?.callObserver]
      .filter((each) => each !== undefined),
    aroundCalls: tracing?.around,
    admin: {
      customers,
      shownConfig: () => maskedConfig(inForce),
      version,
      startedAt: Date.now(),
      certificateDaysLeft: () => listeners.main?.certificateDaysLeft(),
      customersNotRefreshed: () => customerLog.notRefreshed,
      ceiling: () => inForce.placement.ceiling,
    },
  };
  /** What answers by these settings. */
  const handlersFor = (settings: Settings): Handlers => {
    const edge = edgeContext(settings, shared, operator.usersOf(settings));
    const handler = createHandler(edge);
    const counted = metrics?.answers.counted(handler) ?? handler;
    return {
      edge,
      main: tracing?.handler(counted) ?? counted,
      operations: operationsHandler(settings, edge, checks, routes),
    };
  };
  let handlers = handlersFor(settings);
  const { folder } = operator;
  const answer: Handler = (request) => handlers.main(request);
  const answerOperators: Handler = (request) => handlers.operations(request);
  const answers = folder === undefined
    ? { main: answer, operations: answerOperators }
    : movableHandlers(gate, { main: answer, operations: answerOperators }, folder);
  const handOver = folder && new HandOver(folder, {
    ...{ gateway, observers, customers, webhooks, gate, handlers: answers },
    main: () => listeners.main!,
    operations: () => listeners.operations,
    endStreams: () => dashboard?.stop(),
    idleTimeout: () => inForce.connections.idleTimeout * 1000,
  });
  await handOver?.listen();
  deferUnlessMoved(() => handOver?.stop());
  listeners.operations = await listenForOperators(settings, answers.operations, folder?.ports()?.operations);
  parts.defer(() => listeners.operations?.stop(OPERATIONS_STOP_WITHIN_MS));
  parts.defer(() => dashboard?.stop()); // before its listener, which would wait for the pages that are told
  listeners.main = await listen(settings, answers.main, folder?.ports()?.main, unread);
  parts.defer(() => listeners.main?.stop(STOP_WITHIN_MS));
  gateway.start();
  dashboard?.start();
  customers.start();
  parts.defer(() => customers.stop());
  shedding.start();
  parts.defer(() => shedding.stop());
  webhooks.start();
  deferUnlessMoved(() => handOver?.stop()); // first of all: nobody takes over a gateway that stops
  const running = parts.move();
  return {
    url: listeners.main.url,
    operationsUrl: listeners.operations?.url,
    reloading,
    async reloadFor(signal) {
      const error = await reloading.config().then(() => undefined, (error: unknown) => error);
      const caller = {
        address: "this machine",
        internal: true,
        by: signal,
        role: "host",
        customer: undefined,
      };
      const outcome = error === undefined ? "success" : error instanceof RpcError ? "rejected" : "failure";
      audit({ method: "config.Reload", params: {}, caller, outcome, error });
    },
    settings: () => inForce,
    certificateDaysLeft: () => listeners.main!.certificateDaysLeft(),
    stop: () => running.disposeAsync(),
  };
}

/** What answers while this process may hand over. Health and metrics are told at once, as long as this process is there. */
function movableHandlers(
  gate: Gate,
  { main, operations }: Readonly<Record<Place, Handler>>,
  { sockets: { requests } }: SharedFolder,
): Record<Place, Handler> {
  return {
    main: movable(gate, main, passTo(requests, "main")),
    operations: movable(gate, operations, passTo(requests, "operations"), () => false),
  };
}

function operationsHandler(
  settings: Settings,
  context: EdgeContext,
  checks: ReadinessChecks,
  routes: readonly AddRoutes[],
): Handler {
  const { users, hostname } = settings.operations;
  return createOperationsHandler(
    {
      users,
      onLoopback: isLoopback(hostname),
      refused: context.refused,
      pages: { hostname, isPage: (path) => ASSETS.includes(path) },
      longestUrl: settings.limits.url,
      checks,
      rpc: createOperatorRoute(context),
    },
    openRpcRoute(() => openRpcDocument(context.operators.list, context.admin.version)),
    ...routes,
  );
}

function namesOfShowing({ list }: OperatorMethods): ReadonlySet<string> {
  return new Set(list.filter(({ does }) => does === "shows").map(({ name }) => name));
}
