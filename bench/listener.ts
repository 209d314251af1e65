/**
 * A gateway in memory behind our own listener (`own`) or the runtime's (`runtime`), as a process of its own. Prints its URL,
 * and for each line that comes in the seconds of processor time that it has used so far.
 *
 * @module
 */
import { readConfig } from "../src/config/load.ts";
import { Connection } from "../src/edge/http/connection.ts";
import type { Handler, HttpRequest } from "../src/edge/http/message.ts";
import { listen } from "../src/edge/http/listener.ts";
import { COMMON_HEADERS } from "../src/edge/http/answer.ts";
import { createGatewayHandler } from "../src/edge/testing.ts";

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
const handler = await createGatewayHandler(JSON.parse(entry!), settings);
console.log(which === "own" ? (await listen(settings, handler)).url : listenByRuntime(handler));
for await (const _line of Deno.stdin.readable) { // ends with its input
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);
}
Deno.exit();
