import { type Command, CommanderError } from "commander";
import { StartError } from "../start_error.ts";

/**
 * Parses arguments by a command and its sub-commands.
 *
 * @returns what to print where help or the version was asked for; else undefined
 * @throws {StartError} naming the option that is wrong
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
    throw new StartError(`${withoutValues(error)} (--help shows the options)`);
  }
  return undefined;
}

/** What is wrong, without what was given for it, which may be a key beside a misspelt option. */
function withoutValues({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, "");
  if (code === "commander.excessArguments") return text.replace(/: [^]*$/, "");
  return text.replace(/^(unknown option '[^'=]*)=[^]*?'(?=\n|$)/, "$1=…'");
}
