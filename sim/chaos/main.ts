/**
 * `deno task chaos`: a gateway is killed again and again under load, and held to what it has promised.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../../src/command_line/command.ts";
import { endForMistake } from "../../src/command_line/failure.ts";
import { TemporaryFolder } from "../program.ts";
import { Storm } from "./storm.ts";

function parseArguments(): number | undefined {
  const command = new Command("deno task chaos")
    .description(
      "Kills a gateway under load, again and again, and checks that it loses nothing and splits no room.",
    )
    .option("--cycles <number>", "how many kills", (text) => {
      if (!/^[1-9]\d{0,5}$/.test(text)) {
        throw new InvalidArgumentError("expected a whole number from 1 to 999999");
      }
      return Number(text);
    }, 300);
  const print = parseCommand(command, Deno.args);
  if (print === undefined) return command.opts<{ cycles: number }>().cycles;
  console.log(print);
  return undefined;
}

let cycles: number | undefined;
try {
  cycles = parseArguments();
} catch (error) {
  endForMistake(error);
}
if (cycles !== undefined) {
  using folder = new TemporaryFolder();
  await using storm = new Storm(folder.path, { suspendEvery: 20, told: console.log });
  const { faults, counts } = await storm.run(cycles);
  for (const fault of faults.slice(0, 20)) console.log(`✗ ${fault}`);
  const { connects, acknowledged, bans, reads, again } = counts;
  console.log(
    `${cycles} kills, ${connects} Connects, ${acknowledged} acknowledged calls (${bans} bans), ` +
      `${reads} tasks read (${again} again): ${faults.length} faults`,
  );
  if (faults.length > 0) Deno.exitCode = 1;
}
