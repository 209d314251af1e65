import { configuredPools, mainAddress, serverRecommendation, type Settings } from "../config/schema.ts";
import { isLoopback } from "../config/loopback.ts";
import { parseNetwork } from "../config/network.ts";
import { type Customers, unknownCustomers } from "../customers/customers.ts";
import type { InternalUser } from "../edge/auth/internal_access.ts";
import type { EdgeContext } from "../edge/handler.ts";
import { ClientAddresses } from "../edge/http/client_address.ts";
import { Rates } from "../edge/limits/rates.ts";
import { operatorMethods } from "../edge/methods/internal_methods.ts";
import type { PublicCall } from "../edge/methods/public_methods.ts";
import { log, logsDebug } from "../ops/log.ts";

/** What the edge works with that outlives a reload of the configuration. */
export interface SharedContext extends
  Pick<
    EdgeContext,
    | "gateway"
    | "serverKeys"
    | "stats"
    | "complaints"
    | "refused"
    | "serves"
    | "callObservers"
    | "aroundCalls"
    | "shedding"
    | "gate"
    | "reloading"
    | "catchUp"
    | "admin"
    | "webhooks"
  > {
  readonly customers: Customers;
}

/** What the edge works with by these settings; made anew with each reload. */
export function edgeContext(
  settings: Settings,
  { customers, ...shared }: SharedContext,
  users: readonly InternalUser[],
): EdgeContext {
  const unknown = unknownCustomers(settings);
  const admin = {
    ...shared,
    ready: () => customers.loaded && (customers.ring.size > 0 || unknown !== undefined),
    maxBanTime: settings.bans.maxTime,
  };
  return {
    ...admin,
    operators: operatorMethods(admin),
    limits: settings.limits,
    internal: {
      users,
      withoutUsers: settings.internal.withoutUsers,
      onLoopback: isLoopback(mainAddress(settings).hostname),
    },
    compatibility: settings.compatibility,
    roomIdPrefix: settings.compatibility.roomIdPrefix,
    pools: configuredPools(settings),
    recommended: serverRecommendation(settings),
    tokenLifetime: settings.loginToken.lifetime,
    trust: {
      get customers() {
        return customers.ring;
      },
      servers: shared.serverKeys,
      poolsOf: (customer) => customers.pools.get(customer),
      unknownCustomers: unknown,
      leeway: settings.loginToken.leeway,
    },
    rates: new Rates(settings.rates, settings.limits.batch),
    clients: new ClientAddresses(
      settings.trustedProxies.flatMap((text) => parseNetwork(text) ?? []),
      (proxy) =>
        log.info(
          "{proxy} passes requests on and is not in trustedProxies: the log and the limits see it instead of the clients",
          { proxy },
        ),
    ),
    get granted() {
      return logsDebug() ? logGrant : undefined;
    },
  };
}

function logGrant({ token, client }: PublicCall, server: string): void {
  const { customer, namespace, rooms, user } = token;
  log.debug("granted {user} at {caller} rooms {rooms} of {namespace} ({customer}) on {server}", {
    user,
    caller: client,
    rooms,
    namespace,
    customer,
    server,
  });
}
