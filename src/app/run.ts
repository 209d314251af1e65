import { createHmac } from "node:crypto";
import { Customers, unknownCustomers } from "../customers/customers.ts";
import { fleetSettings } from "../config/fleet_settings.ts";
import { isLoopback } from "../config/loopback.ts";
import { parseNetwork } from "../config/network.ts";
import { configuredPools, serverRecommendation, type Settings } from "../config/schema.ts";
import { createHandler, type EdgeContext } from "../edge/handler.ts";
import type { InternalUser } from "../edge/auth/internal_access.ts";
import { ClientAddresses } from "../edge/http/client_address.ts";
import { listen, type Listener } from "../edge/http/listener.ts";
import type { Handler } from "../edge/http/message.ts";
import { createOperatorRoute } from "../edge/operator_route.ts";
import { Rates } from "../edge/limits/rates.ts";
import type { Shedding } from "../edge/limits/shedding.ts";
import { Gateway } from "../gateway/gateway.ts";
import { Observers } from "../gateway/observers.ts";
import { log, logsDebug } from "../ops/log.ts";
import { logObserver } from "../ops/log_observer.ts";
import { Complaints } from "../ops/complaints.ts";
import { listenForOperators } from "../operations/listener.ts";
import { createMetrics, type Metrics, metricsRoute } from "../operations/metrics/metrics.ts";
import { isReady, type ReadinessChecks } from "../operations/readiness.ts";
import { createOperationsHandler } from "../operations/routes.ts";
import { Refusals, REFUSALS_SUMMED_EVERY } from "../ops/refusals.ts";
import { Stats } from "../ops/stats.ts";
import { createShedding } from "./shedding.ts";
import type { TraceRecorder } from "../ops/trace.ts";
import { type Store, StoreError, type StoreOptions } from "../store/port.ts";
import { ServerKeys } from "../tokens/mod.ts";

/** A gateway that runs and listens. */
export interface RunningGateway {
  readonly url: string;
  /** Where operators are listened for, if anywhere. */
  readonly operationsUrl: string | undefined;
  /** Finishes the requests under way, within 4 s, and stops. */
  stop(): Promise<void>;
}

/** Name of the fingerprint of the master key in the store. */
const MASTER_KEY = "master-key";

/** Name of the last good list of customers in the store. */
const CUSTOMERS = "customers";

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
  openStore: (options: StoreOptions) => Promise<Store>,
  recorder?: TraceRecorder,
  users: readonly InternalUser[] = settings.internal.users,
  version = "",
): Promise<RunningGateway> {
  let listener: Listener | undefined;
  const observers = new Observers((error) => log.error("an observer of changes failed: {error}", { error }));
  observers.add(logObserver);
  if (recorder !== undefined) observers.add(recorder);
  const metrics = settings.operations.enabled
    ? createMetrics(version, settings.metrics.customers)
    : undefined;
  for (const observer of metrics?.observers ?? []) observers.add(observer);
  const open = metrics?.store.measured(openStore) ?? openStore;
  const gateway = await Gateway.open(fleetSettings(settings), {
    openStore: (options) =>
      open({ ...options, damaged: (what) => log.error("the data folder is damaged: {what}", { what }) }),
    observers,
    waitForReports: settings.startup.waitForReports,
    expectedServers: settings.startup.expectedServers,
    hears: () => listener?.hears() ?? true,
    syncPlaces: settings.durability.places === "power-loss",
  });
  const serverKeys = new ServerKeys(Buffer.from(masterKey, "base64"));
  for (const server of gateway.servers) serverKeys.add(server);
  observers.add({
    changed(change) {
      if (change.type === "server-appeared") serverKeys.add(change.server);
      if (change.type === "server-removed") serverKeys.remove(change.server);
    },
  });

  const customers = new Customers(settings, {
    loaded: (count, keys) => log.debug("{count} customers with {keys} keys", { count, keys }),
    kept: (reason) => log.warning("the customers stay as they are: {reason}", { reason }),
    broken: ({ entry, reason }) => log.warning("{entry} is skipped: {reason}", { entry, reason }),
  }, {
    recall: () => gateway.store.value(CUSTOMERS),
    remember: (list) => keepText(gateway.store, CUSTOMERS, list, "the list of customers"),
  });
  await customers.load();
  warnAboutCustomers(settings);
  await checkMasterKey(gateway.store, masterKey);

  const refusals = new Refusals();
  const summing = setInterval(() => refusals.sumUp(), REFUSALS_SUMMED_EVERY);
  const shedding = createShedding(settings);
  const checks: ReadinessChecks = {
    listening: () => listener?.hears() ?? false,
    customers: () => context.ready(),
    store: () => gateway.condition.storable,
    startup: () => !gateway.condition.waiting,
    servers: () => gateway.condition.servers > 0,
  };
  const context = edgeContext(settings, gateway, serverKeys, customers, refusals, shedding, users, {
    serves: () => isReady(checks),
    callObservers: metrics === undefined ? [] : [metrics.callObserver],
  });
  let operations: Listener | undefined;
  try {
    operations = await listenForOperators(settings, operationsHandler(settings, context, checks, metrics));
    const handler = createHandler(context);
    listener = await listen(settings, metrics?.counted(handler) ?? handler);
  } catch (error) {
    clearInterval(summing);
    metrics?.stop();
    await operations?.stop(0);
    await gateway.stop();
    throw error;
  }
  gateway.start();
  customers.start();
  shedding.start();
  return {
    url: listener.url,
    operationsUrl: operations?.url,
    async stop() {
      customers.stop();
      shedding.stop();
      await listener?.stop(STOP_WITHIN_MS);
      await operations?.stop(OPERATIONS_STOP_WITHIN_MS);
      clearInterval(summing);
      metrics?.stop();
      refusals.sumUp();
      await gateway.stop();
      recorder?.close();
    },
  };
}

/** Servers' keys hang on the master key: with another one, every server needs its configuration anew. */
async function checkMasterKey(store: Store, masterKey: string): Promise<void> {
  const fingerprint = createHmac("sha256", Buffer.from(masterKey, "base64")).update("master key").digest(
    "hex",
  );
  const before = await store.value(MASTER_KEY);
  if (before === fingerprint) return;
  if (before !== undefined) {
    log.warning(
      "THE MASTER KEY IS ANOTHER than before on this data folder: tokens that this gateway gives out are refused by every " +
        "server until it has been restarted and so got its configuration anew",
    );
  }
  await keepText(store, MASTER_KEY, fingerprint, "the fingerprint of the master key");
}

/** @returns whether it is kept; if not, the log says so */
async function keepText(store: Store, name: string, text: string, what: string): Promise<boolean> {
  try {
    await store.setValue(name, text);
    return true;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error("{what} cannot be kept: {message}", { what, message: error.message });
    return false;
  }
}

function edgeContext(
  settings: Settings,
  gateway: Gateway,
  serverKeys: ServerKeys,
  customers: Customers,
  refusals: Refusals,
  shedding: Shedding,
  users: readonly InternalUser[],
  { serves, callObservers }: Pick<EdgeContext, "serves" | "callObservers">,
): EdgeContext {
  const unknown = unknownCustomers(settings);
  return {
    gateway,
    serverKeys,
    stats: new Stats(),
    complaints: new Complaints(),
    refusals,
    limits: settings.limits,
    internal: {
      users,
      withoutUsers: settings.internal.withoutUsers,
      onLoopback: isLoopback(settings.useSsl ? settings.https.hostname : settings.http.hostname),
    },
    compatibility: settings.compatibility,
    roomIdPrefix: settings.compatibility.roomIdPrefix,
    pools: configuredPools(settings),
    recommended: serverRecommendation(settings),
    tokenLifetime: settings.loginToken.lifetime,
    maxBanTime: settings.bans.maxTime,
    trust: {
      get customers() {
        return customers.ring;
      },
      servers: serverKeys,
      poolsOf: (customer) => customers.pools.get(customer),
      unknownCustomers: unknown,
      leeway: settings.loginToken.leeway,
    },
    callObservers,
    rates: new Rates(settings.rates, settings.limits.batch),
    shedding,
    clients: new ClientAddresses(
      settings.trustedProxies.flatMap((text) => parseNetwork(text) ?? []),
      (proxy) =>
        log.info(
          "{proxy} passes requests on and is not in trustedProxies: the log and the limits see it instead of the clients",
          { proxy },
        ),
    ),
    serves,
    ready: () => customers.loaded && (customers.ring.size > 0 || unknown !== undefined),
    granted: logsDebug(settings)
      ? ({ token, caller }, server) => {
        const { customer, namespace, rooms, user } = token;
        log.debug("granted {user} at {caller} rooms {rooms} of {namespace} ({customer}) on {server}", {
          user,
          caller: caller(),
          rooms,
          namespace,
          customer,
          server,
        });
      }
      : undefined,
  };
}

function operationsHandler(
  settings: Settings,
  context: EdgeContext,
  checks: ReadinessChecks,
  metrics: Metrics | undefined,
): Handler {
  const { users, hostname } = settings.operations;
  const more = metrics === undefined ? [] : [metricsRoute(metrics, () => context.gateway.figures(), checks)];
  return createOperationsHandler({
    users,
    onLoopback: isLoopback(hostname),
    refusals: context.refusals,
    longestUrl: settings.limits.url,
    checks,
    rpc: createOperatorRoute(context),
  }, ...more);
}

function warnAboutCustomers(settings: Settings): void {
  if (settings.unknownCustomers !== "forbidden") {
    log.warning(
      "UNKNOWN CUSTOMERS ARE LET IN: tokens of keys that are not in the list are accepted WITHOUT A CHECK of their " +
        "signature (unknownCustomers). Anybody can join any demo room.",
    );
  } else if (settings.customerApi === undefined && (settings.customers ?? []).length === 0) {
    log.warning("there are no customers: configure customers or customerApi, else nobody can connect");
  }
  if (settings.internal.users.length === 0) {
    if (settings.internal.withoutUsers === "anyone") {
      log.warning(
        "/internal IS OPEN TO ANYBODY (internal.withoutUsers): whoever reaches it gets servers' private keys",
      );
    } else if (settings.internal.withoutUsers === "loopback") {
      log.warning(
        "/internal IS OPEN TO EVERY PROGRAM ON THIS MACHINE (internal.withoutUsers), and to whoever such a program, a " +
          "proxy perhaps, passes on without a sign of it: they get servers' private keys",
      );
    } else if (isLoopback(settings.useSsl ? settings.https.hostname : settings.http.hostname)) {
      log.info("internal.users is empty: /internal is open to callers on this machine only");
    }
  }
}
