import type { Settings } from "../config/schema.ts";
import type { Address } from "../fleet/mod.ts";
import { SETTINGS } from "../fleet/testing.ts";
import { Gateway } from "../gateway/gateway.ts";
import { Complaints } from "../ops/complaints.ts";
import { Stats } from "../ops/stats.ts";
import { NO_STORE } from "../store/no_store.ts";
import { createKeyRing, ServerKeys } from "../tokens/mod.ts";
import { Gate } from "./gate.ts";
import { createHandler, type EdgeContext } from "./handler.ts";
import { ClientAddresses } from "./http/client_address.ts";
import type { Handler } from "./http/message.ts";
import { Rates } from "./limits/rates.ts";
import { operatorMethods } from "./methods/internal_methods.ts";

/** The handler of a gateway with one server and one customer. */
export async function createGatewayHandler(
  ...gateway: Parameters<typeof createEdgeContext>
): Promise<Handler> {
  return createHandler(await createEdgeContext(...gateway));
}

/**
 * What the edge of a gateway with one server and one customer works with.
 *
 * @param info what its fleet is shown by; if absent, its own
 */
export async function createEdgeContext(
  entry: Parameters<typeof createKeyRing>[0][number],
  settings: Settings,
  { gate = new Gate(), info }: { readonly gate?: Gate; readonly info?: Gateway["info"] } = {},
): Promise<EdgeContext> {
  const serverKeys = new ServerKeys(Buffer.from("a master key of a test"));
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
  });
  if (info !== undefined) gateway.info = info;
  await gateway.report({
    address: "sfu:4433" as Address,
    pool: "default",
    version: "1",
    load: 0,
    clients: 0,
    rooms: [],
  }, true);
  const admin = {
    gateway,
    serverKeys,
    stats: new Stats(),
    admin: {
      customers: { byId: new Map(), ring: new Map() },
      shownConfig: () => ({}),
      version: "1",
      startedAt: 0,
      certificateDaysLeft: () => undefined,
      customersNotRefreshed: () => undefined,
      ceiling: () => 0.8,
    },
    reloading: {
      config: () => Promise.reject(new Error("nothing to reload")),
      customers: () => Promise.reject(new Error("nothing to reload")),
    },
    ready: () => true,
    catchUp: () => undefined,
    serves: () => true,
    maxBanTime: 1000,
  };
  return {
    ...admin,
    operators: operatorMethods(admin),
    callObservers: [],
    clients: new ClientAddresses([]),
    rates: new Rates(settings.rates, settings.limits.batch),
    shedding: { shed: "nothing" },
    complaints: new Complaints(),
    refused: () => {},
    limits: settings.limits,
    internal: { users: [], onLoopback: true },
    compatibility: settings.compatibility,
    roomIdPrefix: false,
    pools: { names: [], default: "default" },
    recommended: {},
    gate,
    tokenLifetime: 300,
    trust: {
      customers: (await createKeyRing([{ ...entry, maxPeers: Infinity, maxRooms: Infinity }])).ring,
      servers: serverKeys,
      unknownCustomers: undefined,
      leeway: 300,
    },
  };
}
