import { Customers, unknownCustomers } from "./config/customers.ts";
import { fleetSettings } from "./config/fleet_settings.ts";
import { configuredPools, serverRecommendation, type Settings } from "./config/schema.ts";
import { createHandler, type EdgeContext } from "./edge/handler.ts";
import { listen } from "./edge/listener.ts";
import { Gateway } from "./gateway.ts";
import { log, logChange, logsDebug } from "./ops/log.ts";
import { Stats } from "./ops/stats.ts";
import type { TraceRecorder } from "./ops/trace.ts";
import { type Store, StoreError, type StoreOptions } from "./store/store.ts";
import { ServerKeys } from "./tokens/mod.ts";

/** A gateway that runs and listens. */
export interface RunningGateway {
  readonly url: string;
  /** Finishes the requests under way, within 4 s, and stops. */
  stop(): Promise<void>;
}

/** Name of the last good list of customers in the store. */
const CUSTOMERS = "customers";

/** Requests under way get so long to finish when the gateway stops. */
const STOP_WITHIN_MS = 4000;

/**
 * Puts the parts together and starts them.
 *
 * @param masterKey in base64
 * @throws {ConfigError} where it cannot listen
 * @throws {StoreError} where the store cannot be opened
 */
export function runGateway(
  settings: Settings,
  masterKey: string,
  openStore: (options: StoreOptions) => Store,
  recorder?: TraceRecorder,
): RunningGateway {
  const gateway = new Gateway(fleetSettings(settings), {
    openStore,
    recorder,
    waitForReports: settings.startup.waitForReports,
    storeFailed: ({ message }) =>
      log.error("the data folder cannot be written: {message}. Known rooms are served, all else is refused", {
        message,
      }),
    storeRecovered: () => log.warning("the data folder can be written again, and has everything"),
  });
  const serverKeys = new ServerKeys(Buffer.from(masterKey, "base64"));
  for (const server of gateway.servers) serverKeys.add(server);
  gateway.onChange(logChange);
  gateway.onChange((change) => {
    if (change.type === "server-appeared") serverKeys.add(change.server);
    if (change.type === "server-removed") serverKeys.remove(change.server);
  });

  const customers = new Customers(settings, {
    loaded: (count, keys) => log.debug("{count} customers with {keys} keys", { count, keys }),
    kept: (reason) => log.warning("the customers stay as they are: {reason}", { reason }),
    broken: ({ entry, reason }) => log.warning("{entry} is skipped: {reason}", { entry, reason }),
  }, {
    recall: () => gateway.store.value(CUSTOMERS),
    remember(list) {
      try {
        gateway.store.setValue(CUSTOMERS, list);
        return true;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.error("the list of customers cannot be kept: {message}", { message: error.message });
        return false;
      }
    },
  });
  warnAboutCustomers(settings);

  const listener = listen(settings, createHandler(edgeContext(settings, gateway, serverKeys, customers)));
  gateway.start();
  customers.start();
  return {
    url: listener.url,
    async stop() {
      customers.stop();
      await listener.stop(STOP_WITHIN_MS);
      await gateway.stop();
      recorder?.close();
    },
  };
}

function edgeContext(
  settings: Settings,
  gateway: Gateway,
  serverKeys: ServerKeys,
  customers: Customers,
): EdgeContext {
  const unknown = unknownCustomers(settings);
  return {
    gateway,
    serverKeys,
    stats: new Stats(),
    limits: settings.limits,
    internal: settings.internal,
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
    } else {
      log.info("internal.users is empty: /internal is open to callers on this machine only");
    }
  }
}
