import { notPermitted } from "../config/permission.ts";
import { collide } from "../config/listening_address.ts";
import { mainAddress, OPERATIONS_PORT, type Settings } from "../config/schema.ts";
import { isLoopback } from "../config/loopback.ts";
import type { Handler } from "../edge/http/message.ts";
import { listen, type Listener, type ListenerSettings, PortInUse } from "../edge/http/listener.ts";
import { log } from "../ops/log.ts";
import { StartError } from "../start_error.ts";

/** Connections of operators, dashboards, probes and Prometheus at a time. */
const CONNECTIONS = 64;

/**
 * Listens for operators. On the edge's own listener rather than `Deno.serve`: that one has no time-outs and no limit of
 * connections, and ends the process when file descriptors run out (`docs/decisions/2026-11-25-listener.md`).
 *
 * @param shared port that the process has which this one replaces
 * @returns nothing where it is switched off, or where Deno may not listen there and nobody asked for it
 * @throws {StartError} where the address cannot be used
 */
export async function listenForOperators(
  settings: Settings,
  handler: Handler,
  shared?: number,
): Promise<Listener | undefined> {
  const { enabled, hostname, port } = settings.operations;
  if (!enabled) return undefined;
  const local = isLoopback(hostname);
  // The main listener comes later, and would find its own port taken by this one.
  const isOfMain = (port: number) => collide(mainAddress(settings), { hostname, port });
  const byDefault = local && isOfMain(OPERATIONS_PORT) ? 0 : OPERATIONS_PORT;
  const kept = shared !== undefined && isOfMain(shared) ? undefined : shared;
  const at = async (port: number): Promise<Listener> => {
    const http = { hostname, port };
    const ofOperators = (its: ListenerSettings): ListenerSettings => ({
      useSsl: its.useSsl && !local,
      http,
      https: { ...its.https, ...http },
      connections: { ...its.connections, limit: CONNECTIONS },
      limits: its.limits,
    });
    const listener = await listen(ofOperators(settings), handler, kept);
    return { ...listener, prepare: (next) => listener.prepare(ofOperators(next)) };
  };
  const option = `--allow-net=${hostname.includes(":") ? `[${hostname}]` : hostname}`;
  if (!mayListen(hostname, port ?? byDefault)) {
    const reason = notPermitted(`${option}:${port ?? byDefault}`);
    if (port !== undefined || !local) throw cannotListen(hostname, port ?? byDefault, reason);
    log.warning("no operations listener, and so neither metrics nor admin calls: {reason}", { reason });
    return undefined;
  }
  try {
    const listener = await at(port ?? kept ?? byDefault);
    log.info("operations: health, metrics and admin calls are at {url}", { url: listener.url });
    return listener;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    if (!(error instanceof PortInUse) || port !== undefined || !local || !mayListen(hostname, 0)) {
      throw new StartError(
        `operations: ${error.message} (see operations.port, or start with --operations off)`,
        { cause: error },
      );
    }
  }
  const listener = await at(0);
  log.info("operations: port {taken} is taken, by a second gateway perhaps: they are at {url} in its place", {
    taken: OPERATIONS_PORT,
    url: listener.url,
  });
  return listener;
}

function cannotListen(hostname: string, port: number, reason: string): StartError {
  return new StartError(`operations: cannot listen on ${hostname} port ${port}: ${reason}`);
}

/** Asked before, because the listener throws where nothing can catch it (`node:net` on Deno 2.9.6). */
function mayListen(hostname: string, port: number): boolean {
  const host = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  return Deno.permissions.requestSync({ name: "net", host }).state === "granted";
}
