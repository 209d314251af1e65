import { generateAccessKey, TokenGenerator } from "@4players/odin-tokens";
import { Command, InvalidArgumentError } from "commander";
import { Crowd } from "../../sim/crowd.ts";
import { call, callingAgain } from "../../sim/rpc_client.ts";
import { SimulatedServer } from "../../sim/server.ts";
import { openDataFolder } from "../config/master_key.ts";
import { stopLog } from "../ops/log.ts";
import { parseCommand } from "../command_line/command.ts";
import { publicKey } from "../../sim/access_key.ts";
import { type DemoGateways, oneGateway, severalGateways } from "./demo_gateways.ts";
import { Scenes } from "./demo_scenes.ts";

const SERVERS = 3;

/** What the demo is asked for. */
interface DemoOptions {
  /** Seconds. */
  readonly duration: number;
  readonly gateways: number;
  /** Seconds from one kill of a gateway to the next, where there are several. */
  readonly killEvery: number;
}

/**
 * A gateway, or several, three simulated servers and a stream of clients, on this machine, for a newcomer to try things
 * with. Ends with a non-zero exit code if anything went wrong.
 *
 * @throws {StartError} where several gateways are asked for, and Redis is not installed
 */
export async function demo(args: readonly string[]): Promise<void> {
  const options = parseArguments(args);
  if (options === undefined) return;
  openDataFolder("data");
  const data = Deno.realPathSync(Deno.makeTempDirSync({ dir: "data", prefix: "demo-" }));
  let errors = 0;
  try {
    errors = await run(data, options);
  } finally {
    Deno.removeSync(data, { recursive: true });
    await stopLog();
  }
  if (errors > 0) Deno.exit(1);
}

/** @returns undefined where help was asked for */
function parseArguments(args: readonly string[]): DemoOptions | undefined {
  const seconds = (text: string) => {
    if (!(Number(text) > 0)) throw new InvalidArgumentError("expected seconds, more than 0.");
    return Number(text);
  };
  const command = new Command("deno task demo")
    .description("A gateway with three simulated servers and a stream of clients, on this machine.")
    .option("--duration <seconds>", "end after so long; without, at Ctrl-C", seconds, Infinity)
    .option(
      "--gateways <number>",
      "so many of them, on one Redis, and one is killed now and then",
      (text) => {
        if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError("expected a number from 1 to 9.");
        return Number(text);
      },
      1,
    )
    .option("--kill-every <seconds>", "how often one of several gateways is killed", seconds, 20);
  const print = parseCommand(command, args);
  if (print === undefined) return command.opts<DemoOptions>();
  console.log(print);
  return undefined;
}

/** @returns how many things went wrong */
async function run(data: string, { duration, gateways, killEvery }: DemoOptions): Promise<number> {
  const accessKey = generateAccessKey();
  const { kid, x } = publicKey(accessKey);
  const config = {
    customers: [{
      id: "demo",
      maxPeers: Infinity,
      maxRooms: Infinity,
      accessKeys: [{ publicKey: { kid, kty: "OKP", crv: "Ed25519", x } }],
    }],
    sfuConfig: { updateInterval: 1, disableTimeout: 2.5 },
    startup: { waitForReports: false },
  };
  const failures: Error[] = [];
  let ending = false;
  // At Ctrl-C the other processes of a terminal end at once: what fails from then on says nothing.
  const failed = (error: Error) => void (ending || failures.push(error));
  let lost = 0;
  const ask = gateways > 1 ? callingAgain(() => lost++) : call;
  const told = (what: string) => console.log(`${Deno.stdout.isTerminal() ? "\r\x1b[K" : ""}${what}`);
  const gateway = gateways > 1
    ? await severalGateways(data, config, gateways, { every: killEvery * 1000, told, failed })
    : await oneGateway(data, config);
  const servers = await Promise.all(Array.from({ length: SERVERS }, (_, i) =>
    SimulatedServer.start({
      gateway: `${gateway.url}/internal`,
      address: `sfu${i}.demo:4433`,
      capacity: 300,
      call: ask,
      failed,
    })));
  const crowd = new Crowd({
    gateway: gateway.url,
    accessKey,
    servers,
    arrivals: 50,
    stay: 8,
    roomSize: 12,
    call: ask,
    failed,
  });
  introduce(gateway, accessKey, gateways);
  crowd.start();
  const [server] = servers;
  const scenes = new Scenes({
    gateway: gateway.url,
    accessKey,
    server: server!.address,
    crowd,
    call: ask,
    failed,
  });
  scenes.start();
  await showStatus(servers, crowd, failures, duration * 1000);
  ending = gateways > 1;
  await scenes.stop();
  await crowd.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await gateway.stop();
  summarize(servers, crowd, failures);
  if (gateways > 1) console.log(`${lost} answers were lost with a gateway, and asked for again.`);
  return crowd.connects === 0 ? failures.length + 1 : failures.length;
}

function introduce({ url, operations }: DemoGateways, accessKey: string, gateways: number): void {
  const token = new TokenGenerator(accessKey).createToken("my-room", "me", { lifetime: 86400 });
  const dashboard = operations.length === 0
    ? "There is no dashboard: this machine's port for it cannot be used."
    : `The dashboard, to look at it in a browser${gateways > 1 ? ", of each gateway" : ""}:\n\n${
      operations.map((url) => `  ${url}/`).join("\n")
    }`;
  const what = gateways > 1
    ? `${gateways} gateways on one Redis, behind a balancer, with ${SERVERS} simulated servers run at ${url}`
    : `A gateway with ${SERVERS} simulated servers runs at ${url}`;
  console.log(`${dashboard}

${what}

A token for room "my-room", made from a customer's access key, valid for a day:

  ${token}

Ask which server hosts the room (in another terminal):

  curl -s ${url}/ -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"Connect","params":{}}'

See the servers and rooms:

  curl -s ${url}/internal -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"Info","params":{}}'

See whether it is well (its metrics are at /metrics):

  curl -s ${operations[0] ?? url}/readyz

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
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, interrupt);
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
