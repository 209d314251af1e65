/*
 * SQLite's own functions, and the binding's way to read a column, end a text at U+0000. Names may hold one, so it is
 * written as `\0`, and the backslash as `\\`.
 */

/** A text as it is written to a column. */
export function toColumn(text: string): string {
  return text.includes("\0") || text.includes("\\")
    ? text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0")
    : text;
}

/** A text as it was before {@link toColumn}. */
export function fromColumn(column: string): string {
  return column.includes("\\")
    ? column.replace(/\\(.)/g, (_, escaped) => escaped === "0" ? "\0" : escaped)
    : column;
}
