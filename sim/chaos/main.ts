/**
 * `deno task chaos`: a gateway, or several with their Redis, are killed again and again under load, and held to what
 * they have promised.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../../src/command_line/command.ts";
import { endForMistake } from "../../src/command_line/failure.ts";
import { TemporaryFolder } from "../program.ts";
import { StartError } from "../../src/start_error.ts";
import { RedisProcess } from "../redis_process.ts";
import { SeveralStorm } from "./several.ts";
import { Storm } from "./storm.ts";

interface ChaosOptions {
  readonly cycles: number;
  readonly gateways: number;
  readonly minutes?: number;
  readonly only?: string;
}

function parseArguments(): ChaosOptions | undefined {
  const whole = (most: number) => (text: string) => {
    if (!/^[1-9]\d{0,5}$/.test(text) || Number(text) > most) {
      throw new InvalidArgumentError(`expected a whole number from 1 to ${most}`);
    }
    return Number(text);
  };
  const command = new Command("deno task chaos")
    .description(
      "Kills a gateway under load, again and again, and checks that it loses nothing and splits no room; or several " +
        "gateways, and their Redis.",
    )
    .option("--cycles <number>", "how many kills of one gateway", whole(999999), 300)
    .option("--gateways <number>", "so many on one Redis, with faults of many kinds", whole(9), 1)
    .option("--minutes <number>", "for how long, with several gateways; 5 if absent", whole(9999))
    .option("--only <text>", "with several gateways, faults with this in their name");
  const print = parseCommand(command, Deno.args);
  if (print === undefined) {
    const options = command.opts<ChaosOptions>();
    if (options.gateways === 1 && (options.minutes ?? options.only) !== undefined) {
      throw new StartError("--minutes and --only are for several gateways: say --gateways 3, or --cycles");
    }
    return options;
  }
  console.log(print);
  return undefined;
}

let options: ChaosOptions | undefined;
try {
  options = parseArguments();
} catch (error) {
  endForMistake(error);
}
if (options !== undefined) {
  using folder = new TemporaryFolder();
  const faults = options.gateways > 1
    ? await several(folder.path, options)
    : await alone(folder.path, options.cycles);
  if (faults > 0) Deno.exitCode = 1;
}

async function alone(folder: string, cycles: number): Promise<number> {
  await using storm = new Storm(folder, { suspendEvery: 20, told: console.log });
  const { faults, counts } = await storm.run(cycles);
  for (const fault of faults.slice(0, 20)) console.log(`✗ ${fault}`);
  const { connects, acknowledged, bans, reads, again } = counts;
  console.log(
    `${cycles} kills, ${connects} Connects, ${acknowledged} acknowledged calls (${bans} bans), ` +
      `${reads} tasks read (${again} again): ${faults.length} faults`,
  );
  return faults.length;
}

async function several(folder: string, { gateways, minutes = 5, only }: ChaosOptions): Promise<number> {
  await using redis = await RedisProcess.start(folder);
  if (redis === undefined) endForMistake(new StartError("redis-server is not installed"));
  await using storm = new SeveralStorm(folder, redis, {
    gateways,
    duration: minutes * 60_000,
    only,
    told: console.log,
  });
  const { done, ownFailures, faults, counts } = await storm.run();
  console.log("\nDone:");
  for (const [kind, times] of Object.entries(done)) console.log(`  ${times} × ${kind}`);
  const { connects, acknowledged, bans, bansTried, reads, again, limited, unavailable, unanswered } = counts;
  console.log(`
Checked, of ${gateways} gateways:
  one server a group: ${connects} Connects
  the licence: ${limited} Connects refused by it, no client too many
  acknowledged tasks come, in order, to one at a time: ${acknowledged} calls, ${reads} tasks read (${again} again)
  bans hold everywhere: ${bans} bans, ${bansTried} times tried
  calls that could not be answered, or were not: ${unavailable} and ${unanswered}
  gateways that could not answer, without a fault of their own or of Redis: ${ownFailures} times
${faults.length} faults`);
  return faults.length;
}
