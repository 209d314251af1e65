import { fleetSettings } from "../config/fleet_settings.ts";
import { maskedConfig } from "../config/masked.ts";
import type { Settings } from "../config/schema.ts";
import { Customers } from "../customers/customers.ts";
import { dashboardRoutes } from "../dashboard/routes.ts";
import { RpcError } from "../edge/errors.ts";
import { Gate } from "../edge/gate.ts";
import { listen, type Listener } from "../edge/http/listener.ts";
import type { Handler } from "../edge/http/message.ts";
import { Gateway } from "../gateway/gateway.ts";
import type { Observer } from "../gateway/observers.ts";
import { listenForOperators } from "../operations/listener.ts";
import { exportMetrics } from "../operations/metrics/export.ts";
import { metricsRoute, type Moment } from "../operations/metrics/metrics.ts";
import { isReady, type ReadinessChecks } from "../operations/readiness.ts";
import { Complaints } from "../ops/complaints.ts";
import { Stats } from "../ops/stats.ts";
import type { TraceRecorder } from "../ops/trace.ts";
import { NO_OUTBOX } from "../store/outbox.ts";
import type { OpenStore } from "../store/port.ts";
import { ServerKeys } from "../tokens/mod.ts";
import { catchingUp } from "./catching_up.ts";
import { CustomerLog } from "./customer_log.ts";
import type { SharedContext } from "./edge_context.ts";
import { handlersFor, movableHandlers } from "./handlers.ts";
import { HandOver } from "./hand_over.ts";
import { checkMasterKey, customerMemory, restoreMasterKey } from "./kept_texts.ts";
import { Reload } from "./reload.ts";
import { InForce, reloadable } from "./reloadable.ts";
import { NO_OPERATOR, type Operator, type RunningGateway } from "./running.ts";
import { watchClock } from "./clock_watch.ts";
import { createShedding } from "./shedding.ts";
import { warnAboutAccess } from "./warnings.ts";
import { createWatchers, type Watchers } from "./watchers.ts";
import { RunningWebhooks } from "./webhooks.ts";

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
  await using parts = new AsyncDisposableStack(); // stopped from the last to the first, also where a later one fails
  const inForce = new InForce(settings);
  const watched = { gateway: () => gateway, edge: () => inForce.handlers.edge };
  const watchers = await createWatchers(settings, version, recorder, watched, parts);
  const { dashboard, audit, tracing, metrics, observers, refused } = watchers;
  const listeners: { main?: Listener; operations?: Listener | undefined } = {};
  const certificateDaysLeft = () => listeners.main?.certificateDaysLeft();
  const gateway = await Gateway.open(fleetSettings(settings), {
    openStore: watchers.watchedStore(openStore),
    observers,
    waitForReports: settings.startup.waitForReports,
    expectedServers: settings.startup.expectedServers,
    hears: () => listeners.main?.hears() ?? true,
    syncPlaces: settings.durability.places === "power-loss",
  });
  const openOutbox = operator.openOutbox ?? (() => NO_OUTBOX);
  const webhooks = new RunningWebhooks(settings, gateway, openOutbox, certificateDaysLeft);
  const gate = new Gate();
  /** What is in the data folder is the other process's once that has taken over. */
  const deferUnlessMoved = (stop: () => Promise<void> | void) =>
    parts.defer(async () => {
      if (!gate.hasMoved) await stop();
    });
  deferUnlessMoved(() => webhooks.stop()); // what ends with the gateway is still kept for them
  deferUnlessMoved(() => gateway.stop());
  await operator.folder?.takeOver(); // only now that all is loaded: callers wait from here on
  webhooks.open();
  observers.add(webhooks);
  const serverKeys = new ServerKeys(Buffer.from(masterKey, "base64"));
  observers.add(keepingKeys(serverKeys, gateway));
  const customerLog = new CustomerLog();
  const customers = new Customers(settings, customerLog, customerMemory(gateway));
  /** The store may have lost what was kept there. */
  const restoreTexts = () => {
    void customers.take();
    void restoreMasterKey(gateway.store, masterKey);
  };
  observers.add({
    followed(change) {
      if (change.type === "customers-listed") void customers.take();
    },
    caughtUp: () => void customers.take(),
    storeRecovered: restoreTexts,
    storeLost: restoreTexts,
  });
  await customers.load();
  warnAboutAccess(settings);
  await checkMasterKey(gateway.store, masterKey);

  const checks: ReadinessChecks = {
    listening: () => listeners.main?.hears() ?? false,
    customers: () => inForce.handlers.edge.ready(),
    store: () => gateway.condition.storable,
    startup: () => !gateway.condition.waiting,
    servers: () => gateway.condition.servers > 0,
  };
  const moment = async (): Promise<Moment> => ({
    figures: await gateway.figures(settings.metrics.customers),
    forecasts: await gateway.view.forecast(),
    checks,
    connections: listeners.main?.connections(),
    certificateDaysLeft: certificateDaysLeft(),
    webhooks: webhooks.figures,
  });
  if (metrics !== undefined && tracing !== undefined) {
    exportMetrics(metrics.registry, async () => metrics.refresh(await moment()));
  }
  const shedding = createShedding(settings);
  const routes = [
    ...(metrics === undefined ? [] : [metricsRoute(metrics, moment)]),
    ...(dashboard === undefined ? [] : [dashboardRoutes(dashboard)]),
  ];
  const handlersBy = (settings: Settings) =>
    handlersFor(settings, operator.usersOf(settings), { shared, watchers, checks, routes });
  const reloadParts = reloadable(inForce, {
    ...{ gateway, customers, customerLog, shedding, dashboard },
    listeners: () => [listeners.main, listeners.operations],
    handlersFor: handlersBy,
  });
  const reloading = new Reload(operator.reread, gate, reloadParts);
  const shared: SharedContext = {
    ...{ serverKeys, customers, refused, shedding, reloading, gate, webhooks },
    catchUp: catchingUp(gateway, customers),
    gateway: tracing?.gateway(gateway) ?? gateway,
    stats: new Stats(),
    complaints: new Complaints(),
    serves: () => isReady(checks),
    callObservers: watchers.callObservers,
    aroundCalls: tracing?.around,
    admin: {
      ...{ customers, version, certificateDaysLeft },
      shownConfig: () => maskedConfig(inForce.settings),
      startedAt: Date.now(),
      customersNotRefreshed: () => customerLog.notRefreshed,
      ceiling: () => inForce.settings.placement.ceiling,
    },
  };
  inForce.handlers = handlersBy(settings);

  const { folder } = operator;
  const main: Handler = (request) => inForce.handlers.main(request);
  const operations: Handler = (request) => inForce.handlers.operations(request);
  const answers = folder === undefined
    ? { main, operations }
    : movableHandlers(gate, { main, operations }, folder);
  const handOver = folder && new HandOver(folder, {
    ...{ gateway, observers, customers, webhooks, gate, handlers: answers },
    main: () => listeners.main!,
    operations: () => listeners.operations,
    endStreams: () => dashboard?.stop(),
    idleTimeout: () => inForce.settings.connections.idleTimeout * 1000,
  });
  await handOver?.listen();
  deferUnlessMoved(() => handOver?.stop());
  listeners.operations = await listenForOperators(settings, answers.operations, folder?.ports()?.operations);
  parts.defer(() => listeners.operations?.stop(OPERATIONS_STOP_WITHIN_MS));
  parts.defer(() => dashboard?.stop()); // before its listener, which would wait for the pages that are told
  listeners.main = await listen(settings, answers.main, folder?.ports()?.main, watchers.unread);
  parts.defer(() => listeners.main?.stop(STOP_WITHIN_MS));
  parts.defer(watchClock(gateway.store));
  gateway.start();
  dashboard?.start();
  customers.start();
  parts.defer(() => customers.stop());
  shedding.start();
  parts.defer(() => shedding.stop());
  webhooks.start();
  deferUnlessMoved(() => handOver?.end()); // first of all: nobody takes over a gateway that stops
  const running = parts.move();
  return {
    url: listeners.main.url,
    operationsUrl: listeners.operations?.url,
    reloading,
    reloadFor: (signal) => reloadFor(signal, reloading, audit),
    settings: () => inForce.settings,
    certificateDaysLeft: () => listeners.main!.certificateDaysLeft(),
    stop: () => running.disposeAsync(),
  };
}

/** Keeps the keys of the servers that are known, whichever gateway has heard of them. */
function keepingKeys(keys: ServerKeys, gateway: Gateway): Observer {
  const caughtUp = () => keys.keep(gateway.servers);
  const changed: Observer["changed"] = (change) => {
    if (change.type === "server-appeared") keys.add(change.server);
    if (change.type === "server-removed") keys.remove(change.server);
  };
  caughtUp();
  return { changed, followed: changed, caughtUp };
}

async function reloadFor(signal: Deno.Signal, reloading: Reload, audit: Watchers["audit"]): Promise<void> {
  const error = await reloading.config().then(() => undefined, (error: unknown) => error);
  const caller = { address: "this machine", internal: true, by: signal, role: "host", customer: undefined };
  const outcome = error === undefined ? "success" : error instanceof RpcError ? "rejected" : "failure";
  audit({ method: "config.Reload", params: {}, caller, outcome, error });
}
