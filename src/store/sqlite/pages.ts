import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { messageOf } from "../../error_message.ts";
import { StoreError } from "../port.ts";

type Row = readonly SQLInputValue[];

/** Rows of a page: to read and to restore them takes a few milliseconds. */
const ROWS = 2000;

/** A table, read row by row or page by page, in an order in which no two rows are equal. Each page is a read of its own. */
export class Pages {
  readonly #first: StatementSync;
  readonly #next: StatementSync;
  readonly #row: StatementSync;
  readonly #width: number;

  /**
   * @param key columns that name a row
   * @param before columns by which rows are ordered first
   */
  constructor(
    database: DatabaseSync,
    readonly table: string,
    key: readonly string[],
    others: readonly string[],
    before: readonly string[] = [],
  ) {
    const order = [...before, ...key];
    const rows = (how: string): StatementSync => {
      const statement = database.prepare(
        `SELECT ${[...order, ...others].join(", ")} FROM ${table} ${how}`,
      ) as StatementSync & { setReturnArrays(arrays: boolean): void }; // missing in Deno's types
      statement.setReturnArrays(true); // objects take three times as long
      return statement;
    };
    const tuple = (columns: readonly string[]) => `(${columns.join(", ")})`;
    const values = (columns: readonly string[]) => tuple(columns.map(() => "?"));
    const page = `ORDER BY ${order.join(", ")} LIMIT ${ROWS}`;
    this.#first = rows(page);
    this.#next = rows(`WHERE ${tuple(order)} > ${values(order)} ${page}`);
    this.#row = rows(`WHERE ${tuple(key)} = ${values(key)}`);
    this.#width = order.length;
  }

  /** All rows, in pages of at most 2,000. */
  *[Symbol.iterator](): Generator<readonly Row[]> {
    let rows = read(this.#first, []);
    while (rows.length > 0) {
      yield rows;
      rows = read(this.#next, rows.at(-1)!.slice(0, this.#width));
    }
  }

  /** The row of this key, if there is one. */
  row(key: Row): Row | undefined {
    return read(this.#row, key)[0];
  }
}

/** @throws {StoreError} */
function read(statement: StatementSync, values: Row): readonly Row[] {
  try {
    return statement.all(...values) as unknown as readonly SQLInputValue[][]; // as arrays they are
  } catch (error) {
    throw new StoreError(messageOf(error), { cause: error });
  }
}
