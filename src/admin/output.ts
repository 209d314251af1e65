import { printable } from "../printable.ts";
import type { Context } from "./context.ts";
import type { ListPage } from "./connection.ts";
import { type Column, type Layout, layOut, line, titles } from "./table.ts";
import { Failure } from "./failure.ts";
import { coloured, OutputFailed, type Terminal } from "./terminal.ts";
import { cut, pad, shown } from "./width.ts";

/** A value as JSON on several lines; nothing in it steers a terminal. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(printable).join("\n");
}

/** A value as JSON on one line, of many that come one after the other. */
export function jsonLine(value: unknown): string {
  return printable(JSON.stringify(value));
}

/** What was done: for people, or the answer as it came. */
export function say({ json: asJson, terminal }: Context, answer: object, ...lines: readonly string[]): void {
  try {
    for (const line of asJson ? [json(answer)] : lines.map(shown)) terminal.print(line);
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    throw new Failure(error.exitCode, `${error.message}; what was asked for is done`, { cause: error });
  }
}

/**
 * Shows a list: as a table while its pages come, or as a JSON array when all of it is there, so that no program takes a
 * part for the whole. The first page that is not empty decides the widths.
 *
 * @param nothing what is said of an empty list
 */
export async function showList<Row>(
  { terminal, json }: Context,
  pages: AsyncIterable<ListPage<Row>>,
  columns: readonly Column<Row>[],
  nothing: string,
): Promise<void> {
  const show = json ? new JsonArray<Row>(terminal) : new Table(terminal, columns, nothing);
  let count = 0;
  let more = false;
  for await (const page of pages) {
    more = page.more;
    count += page.entries.length;
    if (page.entries.length > 0) show.add(page.entries);
  }
  show.end();
  if (more) terminal.note(`these are the first ${count}; --limit <n> or --all shows more`);
}

/** A list as JSON, an entry a line, written once it is whole. */
class JsonArray<Row> {
  readonly #lines: string[] = [];

  constructor(readonly terminal: Terminal) {}

  add(entries: readonly Row[]): void {
    for (const entry of entries) this.#lines.push(jsonLine(entry));
  }

  end(): void {
    this.terminal.print(this.#lines.length === 0 ? "[]" : "[");
    this.#lines.forEach((line, i) => this.terminal.print(i < this.#lines.length - 1 ? `${line},` : line));
    if (this.#lines.length > 0) this.terminal.print("]");
  }
}

/** A list as a table, written as it comes. */
class Table<Row> {
  #layout: Layout<Row> | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly columns: readonly Column<Row>[],
    readonly nothing: string,
  ) {}

  add(entries: readonly Row[]): void {
    if (this.#layout === undefined) {
      this.#layout = layOut(this.columns, entries, this.terminal.columns);
      this.terminal.print(coloured(this.terminal, "bold", titles(this.#layout)));
    }
    for (const entry of entries) this.terminal.print(line(this.#layout, entry));
  }

  end(): void {
    if (this.#layout === undefined) this.terminal.note(this.nothing);
  }
}

/** Shows rows that are all there as a table. */
export function showTable<Row>(
  { terminal }: Pick<Context, "terminal">,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): void {
  const layout = layOut(columns, rows, terminal.columns);
  terminal.print(coloured(terminal, "bold", titles(layout)));
  for (const row of rows) terminal.print(line(layout, row));
}

/** Shows what belongs to one thing, a line each: its name, and its value if there is one. */
export function showFacts(
  { terminal }: Pick<Context, "terminal">,
  facts: readonly (readonly [name: string, value: string | undefined])[],
): void {
  const known = facts.filter(([, value]) => value !== undefined);
  const columns = Math.max(...known.map(([name]) => name.length)) + 2;
  for (const [name, value] of known) {
    terminal.print(
      coloured(terminal, "grey", pad(name, columns, "left")) +
        cut(shown(value ?? ""), Math.max(1, terminal.columns - columns)),
    );
  }
}
