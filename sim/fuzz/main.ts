/**
 * `deno task fuzz`: a running gateway gets millions of calls that are wrong in some way, and must refuse each in good order.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../../src/command_line/command.ts";
import { endForMistake } from "../../src/command_line/failure.ts";
import { TemporaryFolder } from "../program.ts";
import { Fuzzer } from "./fuzzer.ts";

interface Options {
  readonly seconds: number;
  readonly seed: number;
}

function parseArguments(): Options | undefined {
  const wholeNumber = (text: string) => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new InvalidArgumentError("expected a whole number of at least 1");
  };
  const command = new Command("deno task fuzz")
    .description(
      "Sends a gateway calls, tokens, configurations and bytes that are wrong, and looks at its answers.",
    )
    .option("--seconds <number>", "how long", wholeNumber, 60)
    .option("--seed <number>", "decides what is sent", wholeNumber, Math.ceil(Math.random() * 1e9));
  const print = parseCommand(command, Deno.args);
  if (print === undefined) return command.opts<Options>();
  console.log(print);
  return undefined;
}

let options: Options | undefined;
try {
  options = parseArguments();
} catch (error) {
  endForMistake(error);
}
if (options !== undefined) {
  const { seconds, seed } = options;
  using folder = new TemporaryFolder();
  const { calls, requests, codes, faults } = await new Fuzzer(folder.path, seed).run(seconds);
  for (const fault of faults) console.log(`✗ ${fault}`);
  const told = [...codes].sort(([a], [b]) => b - a).map(([code, count]) =>
    `${code === 0 ? "results" : code} ${count}`
  );
  console.log(
    `seed ${seed}, ${seconds} s: ${calls} calls in ${requests} requests (${
      told.join(", ")
    }): ${faults.length} faults`,
  );
  if (faults.length > 0) Deno.exitCode = 1;
}
