import { type Command, InvalidArgumentError } from "commander";

/** How many entries of a list are shown, if nothing is said. */
const USUAL = 100;

/** How much of a list is shown. */
export interface ListOptions {
  readonly limit: number;
  readonly all?: true;
}

/** Adds the options of a list. */
export function listOptions(command: Command): Command {
  return command
    .option("--limit <n>", "show so many at most", parseCount, USUAL)
    .option("--all", "show all there are");
}

/** Entries to be shown at most. */
export function limitOf({ limit, all }: ListOptions): number {
  return all === true ? Infinity : limit;
}

/** A number, at least 1. @throws {InvalidArgumentError} where it is none */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a number, at least 1.");
  return Number(text);
}
