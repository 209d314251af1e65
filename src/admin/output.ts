import { printable } from "../printable.ts";
import type { Context } from "./context.ts";
import type { ListPage } from "./connection.ts";
import { type Column, type Layout, layOut, line, titles } from "./table.ts";
import { coloured } from "./terminal.ts";
import { cut, pad, shown } from "./width.ts";

/** A value as JSON on several lines; nothing in it steers a terminal. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(printable).join("\n");
}

/** What was done: for people, or the answer as it came. */
export function say({ json: asJson, terminal }: Context, answer: object, text: string): void {
  terminal.print(asJson ? json(answer) : shown(text));
}

/**
 * Shows a list as a table, or as a JSON array, while its pages come. The first page that is not empty decides the widths.
 *
 * @param nothing what is said of an empty list
 */
export async function showList<Row>(
  { terminal, json }: Context,
  pages: AsyncIterable<ListPage<Row>>,
  columns: readonly Column<Row>[],
  nothing: string,
): Promise<void> {
  let layout: Layout<Row> | undefined;
  let count = 0;
  let more = false;
  if (json) terminal.write("[");
  for await (const page of pages) {
    more = page.more;
    if (!json && layout === undefined && page.entries.length > 0) {
      layout = layOut(columns, page.entries, terminal.columns);
      terminal.print(coloured(terminal, "bold", titles(layout)));
    }
    for (const row of page.entries) {
      if (layout !== undefined) terminal.print(line(layout, row));
      else terminal.write(`${count === 0 ? "\n" : ",\n"}${printable(JSON.stringify(row))}`);
      count++;
    }
  }
  if (json) terminal.write(count === 0 ? "]\n" : "\n]\n");
  else if (count === 0) terminal.note(nothing);
  if (more) terminal.note(`these are the first ${count}; --limit <n> or --all shows more`);
}

/** Shows rows that are all there as a table. */
export function showTable<Row>(
  { terminal }: Pick<Context, "terminal">,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
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
