import { generateAccessKey, TokenGenerator } from "@4players/odin-tokens";
import { Command, InvalidArgumentError } from "commander";
import { Crowd } from "../../sim/crowd.ts";
import { SimulatedServer } from "../../sim/server.ts";
import { readConfig } from "../config/load.ts";
import { openDataFolder, storedMasterKey } from "../config/master_key.ts";
import { startLog, stopLog } from "../ops/log.ts";
import { runGateway } from "../app/run.ts";
import type { RunningGateway } from "../app/running.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import { parseCommand } from "../command_line/command.ts";
import { publicKey } from "../../sim/access_key.ts";
import { Scenes } from "./demo_scenes.ts";
import { VERSION } from "./version.ts";

const SERVERS = 3;

/**
 * A gateway, three simulated servers and a stream of clients, on this machine, for a newcomer to try things with.
 * Ends with a non-zero exit code if anything went wrong.
 */
export async function demo(args: readonly string[]): Promise<void> {
  const duration = parseArguments(args);
  if (duration === undefined) return;
  openDataFolder("data");
  const data = Deno.makeTempDirSync({ dir: "data", prefix: "demo-" });
  let errors = 0;
  try {
    errors = await run(data, duration);
  } finally {
    Deno.removeSync(data, { recursive: true });
    await stopLog();
  }
  if (errors > 0) Deno.exit(1);
}

/** @returns how long to run in milliseconds; undefined where help was asked for */
function parseArguments(args: readonly string[]): number | undefined {
  const command = new Command("deno task demo")
    .description("A gateway with three simulated servers and a stream of clients, on this machine.")
    .option("--duration <seconds>", "end after so long; without, at Ctrl-C", (text) => {
      if (!(Number(text) > 0)) throw new InvalidArgumentError("expected seconds, more than 0.");
      return Number(text);
    }, Infinity);
  const print = parseCommand(command, args);
  if (print !== undefined) {
    console.log(print);
    return undefined;
  }
  return command.opts<{ duration: number }>().duration * 1000;
}

/** @returns how many things went wrong */
async function run(data: string, duration: number): Promise<number> {
  const accessKey = generateAccessKey();
  const { kid, x } = publicKey(accessKey);
  const { settings } = readConfig({
    logLevel: "WARNING",
    http: { hostname: "127.0.0.1", port: 0 },
    customers: [{
      id: "demo",
      maxPeers: Infinity,
      maxRooms: Infinity,
      accessKeys: [{ publicKey: { kid, kty: "OKP", crv: "Ed25519", x } }],
    }],
    sfuConfig: { updateInterval: 1, disableTimeout: 2.5 },
    startup: { waitForReports: false },
  });
  startLog(settings);
  const gateway = await runGateway(
    settings,
    storedMasterKey(data).key,
    (options) => SqliteStore.open(data, options),
    undefined,
    undefined,
    VERSION,
  );
  const failures: Error[] = [];
  const failed = (error: Error) => failures.push(error);
  const servers = await Promise.all(Array.from({ length: SERVERS }, (_, i) =>
    SimulatedServer.start({
      gateway: `${gateway.url}/internal`,
      address: `sfu${i}.demo:4433`,
      capacity: 300,
      failed,
    })));
  const crowd = new Crowd({
    gateway: gateway.url,
    accessKey,
    servers,
    arrivals: 50,
    stay: 8,
    roomSize: 12,
    failed,
  });
  introduce(gateway, accessKey);
  crowd.start();
  const scenes = new Scenes({ gateway: gateway.url, accessKey, server: servers[0]!.address, crowd, failed });
  scenes.start();
  await showStatus(servers, crowd, failures, duration);
  await scenes.stop();
  await crowd.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await gateway.stop();
  summarize(servers, crowd, failures);
  return crowd.connects === 0 ? failures.length + 1 : failures.length;
}

function introduce({ url, operationsUrl }: RunningGateway, accessKey: string): void {
  const token = new TokenGenerator(accessKey).createToken("my-room", "me", { lifetime: 86400 });
  const dashboard = operationsUrl === undefined
    ? "There is no dashboard: this machine's port for it cannot be used."
    : `The dashboard, to look at it in a browser:\n\n  ${operationsUrl}/`;
  console.log(`${dashboard}

A gateway with ${SERVERS} simulated servers runs at ${url}

A token for room "my-room", made from a customer's access key, valid for a day:

  ${token}

Ask which server hosts the room (in another terminal):

  curl -s ${url}/ -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"Connect","params":{}}'

See the servers and rooms:

  curl -s ${url}/internal -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"Info","params":{}}'

See whether it is well (its metrics are at /metrics):

  curl -s ${operationsUrl ?? url}/readyz

Clients come and go now. A user is banned, a burst of clients comes, and after half a minute a server is drained for a while.
Ctrl-C ends the demo.
`);
}

/** One line that is kept up to date, until the time is over or Ctrl-C. */
async function showStatus(
  servers: readonly SimulatedServer[],
  crowd: Crowd,
  failures: readonly Error[],
  duration: number,
): Promise<void> {
  const terminal = Deno.stdout.isTerminal();
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  const interrupted = Promise.withResolvers<void>();
  const interrupt = () => interrupted.resolve();
  // They stay until the end: a signal that comes twice must not break the stop off.
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupt);
  const end = performance.now() + duration;
  let before = { connects: 0, at: performance.now() };
  let stopped = false;
  interrupted.promise.then(() => stopped = true);
  while (!stopped && end - performance.now() > 100) { // a rate over less would say nothing
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = Math.min(1000, end - performance.now());
    await Promise.race([interrupted.promise, new Promise((resolve) => timer = setTimeout(resolve, wait))]);
    clearTimeout(timer);
    const now = performance.now();
    const rate = (crowd.connects - before.connects) / ((now - before.at) / 1000);
    before = { connects: crowd.connects, at: now };
    const rooms = servers.reduce((sum, { hosting }) => sum + hosting.rooms.size, 0);
    const peers = servers.reduce((sum, { hosting }) => sum + hosting.clients, 0);
    const line =
      `servers ${servers.length} | rooms ${rooms} | peers ${peers} | Connects/s ${rate.toFixed(0)} | ` +
      `errors ${failures.length}`;
    write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
  }
  if (terminal) write("\n");
}

function summarize(servers: readonly SimulatedServer[], crowd: Crowd, failures: readonly Error[]): void {
  console.log(`\n${crowd.connects} clients were connected, ${failures.length} errors.`);
  for (const { address, hosting } of servers) {
    console.log(`  ${address}: ${hosting.rooms.size} rooms, ${hosting.clients} peers`);
  }
  for (const error of failures.slice(0, 5)) console.error(`  error: ${error.message}`);
}
