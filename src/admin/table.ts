import { cut, pad, shown, width } from "./width.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Numbers stand on the right; the default is left. */
  readonly side?: "left" | "right";
  /** Whether the column may be made narrower to fit: names. */
  readonly flexible?: boolean;
  /**
   * Columns with the highest number are left out first where there is no place, and any that is empty; those without a
   * number stay.
   */
  readonly leaveOut?: number | undefined;
  /** Colours a text that has its width already. */
  readonly colour?: (text: string, row: Row) => string;
}

/** A column of counts. */
export function count<Row>(title: string, of: (row: Row) => number, leaveOut?: number): Column<Row> {
  return { title, text: (row) => String(of(row)), side: "right", leaveOut };
}

/** A column of amounts to one place after the point; a dash where one is not known. */
export function amount<Row>(
  title: string,
  of: (row: Row) => number | null,
  leaveOut?: number,
): Column<Row> {
  return { title, text: (row) => of(row)?.toFixed(1) ?? "–", side: "right", leaveOut };
}

/** A flexible column is made so narrow before columns are left out, and so narrow after that. */
const READABLE = 24;
const NARROW = 10;

const GAP = "  ";

/** The columns that fit, with their widths. */
export interface Layout<Row> {
  readonly columns: readonly { readonly column: Column<Row>; readonly width: number }[];
  readonly total: number;
}

/** Chooses columns and widths for these rows, so that a line takes at most so many columns of the terminal. */
export function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  total: number,
): Layout<Row> {
  const isNeeded = ({ leaveOut, text }: Column<Row>) =>
    leaveOut === undefined || rows.some((row) => text(row) !== "");
  let chosen = columns.filter(isNeeded).map((column) => ({
    column,
    width: rows.reduce((most, row) => Math.max(most, width(shown(column.text(row)))), width(column.title)),
  }));
  const over = () => chosen.reduce((sum, { width }) => sum + width, (chosen.length - 1) * GAP.length) - total;
  while (over() > 0) {
    const narrower = narrow(chosen, over(), READABLE) ?? leaveOut(chosen) ?? narrow(chosen, over(), NARROW);
    if (narrower === undefined) break;
    chosen = narrower;
  }
  return { columns: chosen, total };
}

type Chosen<Row> = Layout<Row>["columns"][number][];

/** Without the column that can best be done without; nothing where each is needed. */
function leaveOut<Row>(columns: Chosen<Row>): Chosen<Row> | undefined {
  const last = columns.reduce((most, { column }) => Math.max(most, column.leaveOut ?? 0), 0);
  return last === 0 ? undefined : columns.filter(({ column }) => column.leaveOut !== last);
}

/** Takes from the widest of the flexible columns that are wider than `least`; nothing where there is none. */
function narrow<Row>(columns: Chosen<Row>, over: number, least: number): Chosen<Row> | undefined {
  const flexible = columns.filter(({ column, width }) => column.flexible === true && width > least);
  if (flexible.length === 0) return undefined;
  const widest = flexible.reduce((most, each) => each.width > most.width ? each : most);
  const second = Math.max(least, ...flexible.filter((each) => each !== widest).map(({ width }) => width));
  const taken = Math.max(1, Math.min(over, widest.width - second));
  return columns.map((each) => each === widest ? { ...each, width: each.width - taken } : each);
}

/** The line with the titles. */
export function titles<Row>({ columns, total }: Layout<Row>): string {
  return cut(
    columns.map(({ column, width }) => cell(column.title, width, column.side)).join(GAP).trimEnd(),
    total,
  );
}

/** A line for a row. */
export function line<Row>({ columns, total }: Layout<Row>, row: Row): string {
  const cells = columns.map(({ column, width }) => ({
    column,
    text: cell(shown(column.text(row)), width, column.side),
  }));
  const whole = cells.map(({ text }) => text).join(GAP);
  if (width(whole) > total) return cut(whole.trimEnd(), total);
  return cells.map(({ column, text }) => column.colour?.(text, row) ?? text).join(GAP).trimEnd();
}

function cell(text: string, columns: number, side: "left" | "right" = "left"): string {
  return pad(cut(text, columns), columns, side);
}
