/**
 * A gateway in memory behind our own listener (`own`) or the runtime's (`runtime`), as a process of its own. Prints its URL,
 * and for each line that comes in the seconds of processor time that it has used so far.
 *
 * @module
 */
import { Gate } from "../src/edge/gate.ts";
import { readConfig } from "../src/config/load.ts";
import { Connection } from "../src/edge/http/connection.ts";
import { createHandler } from "../src/edge/handler.ts";
import { ClientAddresses } from "../src/edge/http/client_address.ts";
import type { Handler, HttpRequest } from "../src/edge/http/message.ts";
import { listen } from "../src/edge/http/listener.ts";
import { Rates } from "../src/edge/limits/rates.ts";
import { COMMON_HEADERS } from "../src/edge/http/answer.ts";
import type { Address } from "../src/fleet/mod.ts";
import { SETTINGS } from "../src/fleet/testing.ts";
import { Gateway } from "../src/gateway/gateway.ts";
import { Complaints } from "../src/ops/complaints.ts";
import { Refusals } from "../src/ops/refusals.ts";
import { Stats } from "../src/ops/stats.ts";
import { NO_STORE } from "../src/store/no_store.ts";
import { createKeyRing, ServerKeys } from "../src/tokens/mod.ts";

/** The handler of a gateway with one server and one customer. */
async function createGatewayHandler(entry: Parameters<typeof createKeyRing>[0][number]): Promise<Handler> {
  const serverKeys = new ServerKeys(Buffer.from("a master key of a bench"));
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
  });
  await gateway.report({
    address: "sfu:4433" as Address,
    pool: "default",
    version: "1",
    load: 0,
    clients: 0,
    rooms: [],
  }, true);
  return createHandler({
    gateway,
    serverKeys,
    stats: new Stats(),
    callObservers: [],
    admin: {
      customers: { byId: new Map(), ring: new Map() },
      shownConfig: () => ({}),
      version: "1",
      startedAt: 0,
      certificateDaysLeft: () => undefined,
      customersNotRefreshed: () => undefined,
      ceiling: () => 0.8,
    },
    clients: new ClientAddresses([]),
    rates: new Rates(settings.rates, settings.limits.batch),
    shedding: { shed: "nothing" },
    complaints: new Complaints(),
    refusals: new Refusals(),
    limits: settings.limits,
    internal: { users: [], onLoopback: true },
    compatibility: settings.compatibility,
    roomIdPrefix: false,
    pools: { names: [], default: "default" },
    recommended: {},
    gate: new Gate(),
    reloading: {
      config: () => Promise.reject(new Error("nothing to reload")),
      customers: () => Promise.reject(new Error("nothing to reload")),
    },
    tokenLifetime: 300,
    maxBanTime: 1000,
    trust: {
      customers: (await createKeyRing([{ ...entry, maxPeers: Infinity, maxRooms: Infinity }])).ring,
      servers: serverKeys,
      unknownCustomers: undefined,
      leeway: 300,
    },
    ready: () => true,
    serves: () => true,
  });
}

/** Serves by the listener that comes with Deno: fast, but without time-outs and limits of connections. */
function listenByRuntime(handler: Handler): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request, info) => {
    const connection = new Connection();
    const incoming: HttpRequest = {
      method: request.method,
      target: new URL(request.url).pathname,
      version: "1.1",
      hosts: [request.headers.get("host")!],
      header: (name) => request.headers.get(name) ?? undefined,
      headerNames: () => [...request.headers.keys()],
      get caller() {
        return info.remoteAddr.hostname;
      },
      connection,
      sent: () => false,
      get body() {
        return one(request.bytes());
      },
    };
    const { status, body, headers } = await handler(incoming);
    const all = [...COMMON_HEADERS, ["Content-Type", "application/json"]] as [string, string][];
    return new Response(body, {
      status,
      headers: headers === undefined ? all : [...all, ...Object.entries(headers)],
    });
  });
  return `http://127.0.0.1:${server.addr.port}`;
}

async function* one(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}

const [which, entry] = Deno.args;
const { settings } = readConfig({
  http: { hostname: "127.0.0.1", port: 0 },
  rates: { perKey: 1_000_000, perCustomer: 1_000_000 }, // counted as ever, and never reached
});
const handler = await createGatewayHandler(JSON.parse(entry!));
console.log(which === "own" ? (await listen(settings, handler)).url : listenByRuntime(handler));
for await (const _line of Deno.stdin.readable) { // ends with its input
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);
}
Deno.exit();
