import { type Command, InvalidArgumentError } from "commander";
import type { EntryOf, ListName } from "./connection.ts";
import type { Choose, Context } from "./context.ts";
import { showList } from "./output.ts";
import type { Column } from "./table.ts";

/** How many entries of a list are shown, if nothing is said. */
const USUAL = 100;

/** What a command says on the command line. */
type Options = Readonly<Record<string, unknown>>;

/** How a list is shown. */
interface Shown<Name extends ListName> {
  readonly columns: (context: Context) => readonly Column<EntryOf<Name>>[];
  /** What is said of an empty list. */
  readonly nothing: string;
  /** The params for what the filters say; if absent, filters are named as their params are. */
  readonly params?: (filters: Options) => Options;
}

/** Makes a command with filters show the list that a method answers. */
export function listCommand<Name extends ListName>(
  command: Command,
  choose: Choose,
  method: Name,
  { columns, nothing, params = (filters) => filters }: Shown<Name>,
): void {
  command
    .option("--limit <n>", "show so many at most", parseCount, USUAL)
    .option("--all", "show all there are")
    .action(({ limit, all, ...filters }: Options & { readonly limit: number; readonly all?: true }) =>
      choose((context) => {
        const pages = context.connection.list(method, params(filters), all === true ? Infinity : limit);
        return showList(context, pages, columns(context), nothing);
      })
    );
}

/** A number, at least 1. @throws {InvalidArgumentError} where it is none */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a number, at least 1.");
  return Number(text);
}
