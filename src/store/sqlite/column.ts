import { fromColumn } from "./text.ts";

/** A column that is to hold a name. @throws {Error} where it does not */
export function name(column: unknown): string {
  return fromColumn(text(column));
}

/** A column that is to hold a text. @throws {Error} where it does not */
export function text(column: unknown): string {
  if (typeof column !== "string") throw new Error("a text is expected");
  return column;
}

/** A column that is to hold a number. @throws {Error} where it does not */
export function number(column: unknown): number {
  if (typeof column !== "number") throw new Error("a number is expected");
  return column;
}
