import { type Command, CommanderError } from "commander";
import { ConfigError } from "../config/load.ts";

/**
 * Parses arguments by a command and its sub-commands.
 *
 * @returns what to print where help or the version was asked for; else undefined
 * @throws {ConfigError} naming the option that is wrong
 */
export function parseCommand(command: Command, args: readonly string[]): string | undefined {
  let print = "";
  for (const each of [command, ...command.commands]) {
    each.allowExcessArguments(false).exitOverride().configureOutput({
      writeOut: (text) => print += text,
      writeErr: () => {},
      getOutHasColors: () => false, // asking would need the environment
    });
  }
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return print.trimEnd();
    throw new ConfigError(`${error.message.replace(/^error: /, "")} (--help shows the options)`);
  }
  return undefined;
}
