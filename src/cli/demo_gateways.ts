import { randomBytes } from "node:crypto";
import { Cluster, operationsOf } from "../../sim/cluster.ts";
import { configSource } from "../../sim/program.ts";
import { RedisProcess } from "../../sim/redis_process.ts";
import { inTurn, Relay } from "../../sim/relay.ts";
import { runGateway } from "../app/run.ts";
import { readConfig } from "../config/load.ts";
import { keepMasterKey, storedMasterKey } from "../config/master_key.ts";
import { startLog } from "../ops/log.ts";
import { StartError } from "../start_error.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import { VERSION } from "./version.ts";

/** What answers in the demo. */
export interface DemoGateways {
  readonly url: string;
  /** Where operators find each of them; less where a port cannot be used. */
  readonly operations: readonly string[];
  stop(): Promise<void>;
}

/** The gateway, in this process. */
export async function oneGateway(data: string, config: object): Promise<DemoGateways> {
  const { settings } = readConfig({
    ...config,
    logLevel: "WARNING",
    http: { hostname: "127.0.0.1", port: 0 },
  });
  startLog(settings);
  const masterKey = storedMasterKey(data);
  keepMasterKey(masterKey);
  const gateway = await runGateway(
    settings,
    masterKey.key,
    (options) => SqliteStore.open(data, options),
    undefined,
    undefined,
    VERSION,
  );
  const { url, operationsUrl } = gateway;
  return {
    url,
    operations: operationsUrl === undefined ? [] : [operationsUrl],
    stop: () => gateway.stop(),
  };
}

/** How one of several gateways is killed now and then. */
export interface Kills {
  /** Milliseconds from one to the next. */
  readonly every: number;
  readonly told: (what: string) => void;
  readonly failed: (error: Error) => void;
}

/** Milliseconds for which a gateway that was killed is away, of the time from one kill to the next at most half. */
const AWAY = 4000;

/**
 * Several gateways, each in a process of its own, with a Redis and a balancer before them; one after the other is killed.
 *
 * @throws {StartError} where Redis is not installed
 */
export async function severalGateways(
  data: string,
  config: object,
  gateways: number,
  { every, told, failed }: Kills,
): Promise<DemoGateways> {
  await using parts = new AsyncDisposableStack();
  const redis = await RedisProcess.start(data);
  if (redis === undefined) {
    throw new StartError(
      "redis-server is not installed, and several gateways need it: apt-get install redis-server, or as your system has it",
    );
  }
  parts.use(redis);
  const cluster = parts.use(
    await Cluster.start({
      gateways,
      config: configSource({
        ...config,
        masterKey: randomBytes(32).toString("base64"),
        operations: { hostname: "127.0.0.1", port: 0 },
      }),
      folder: data,
      redis: () => redis.url,
    }),
  );
  let turn = 0;
  const balancer = parts.use(new Relay(() => inTurn(cluster.ports, turn++)));
  const operations = Array.from({ length: gateways }, (_, i) => {
    const program = cluster.at(i);
    const url = program && operationsOf(program);
    return url === undefined ? [] : [url];
  }).flat();
  const stopped = Promise.withResolvers<void>();
  const killing = killInTurn(cluster, { every, told, failed }, stopped.promise);
  parts.defer(async () => {
    stopped.resolve();
    await killing;
  });
  const running = parts.move();
  return {
    url: `http://127.0.0.1:${balancer.port}`,
    operations,
    stop: () => running.disposeAsync(),
  };
}

async function killInTurn(
  cluster: Cluster,
  { every, told, failed }: Kills,
  stop: Promise<void>,
): Promise<void> {
  const away = Math.min(AWAY, every / 2);
  const { gateways } = cluster.options;
  try {
    for (let i = 0; await passes(every - away, stop); i++) {
      const gateway = i % gateways;
      told(`gateway ${gateway + 1} of ${gateways} is killed (SIGKILL); the others go on`);
      await cluster.kill(gateway);
      if (!await passes(away, stop)) return;
      await cluster.start(gateway);
      told(`gateway ${gateway + 1} is back`);
    }
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error), { cause: error }));
  }
}

/** Waits. @returns whether the time has passed, rather than the demo ended */
async function passes(milliseconds: number, stop: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(true), milliseconds));
  const result = await Promise.race([passed, stop.then(() => false)]);
  clearTimeout(timer);
  return result;
}
