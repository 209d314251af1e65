import type { SQLInputValue } from "node:sqlite";
import { parseAddress, type StoredServer } from "../../fleet/mod.ts";
import { name, number, text } from "./column.ts";
import { toColumn } from "./text.ts";

/** How a field of a server is kept: its columns, what is written to them, and what is read from them. */
interface Field<Value> {
  readonly columns: readonly string[];
  /** @param toUnixTime makes unix time of a time in the model */
  write(value: Value, toUnixTime: (time: number) => number): readonly SQLInputValue[];
  /** @throws {Error} where the columns hold no such value */
  read(columns: readonly unknown[], fromUnixTime: (time: number) => number): Value;
}

const inOne = <Value>(column: string, field: {
  write(value: Value, toUnixTime: (time: number) => number): SQLInputValue;
  read(column: unknown, fromUnixTime: (time: number) => number): Value;
}): Field<Value> => ({
  columns: [column],
  write: (value, toUnixTime) => [field.write(value, toUnixTime)],
  read: ([value], fromUnixTime) => field.read(value, fromUnixTime),
});

const nameIn = (column: string) => inOne<string>(column, { write: toColumn, read: name });
const numberIn = (column: string) => inOne<number>(column, { write: (value) => value, read: number });
const listIn = <Value extends readonly unknown[]>(column: string) =>
  inOne<Value>(column, {
    write: (list) => JSON.stringify(list),
    read(value) {
      const list = JSON.parse(text(value));
      if (!Array.isArray(list)) throw new Error(`${column} must be an array`);
      return list as unknown as Value;
    },
  });

/** The stored fields of a server: all that the store's statements, writing and reading know of them. */
export const SERVER_FIELDS: { readonly [Name in keyof StoredServer]-?: Field<StoredServer[Name]> } = {
  address: inOne("address", {
    write: (address) => address,
    read(value) {
      const address = parseAddress(text(value));
      if (address === undefined) throw new Error(`${JSON.stringify(value)} is no address`);
      return address;
    },
  }),
  pool: nameIn("pool"),
  version: nameIn("version"),
  enabled: inOne("enabled", { write: (enabled) => enabled ? 1 : 0, read: (value) => value === 1 }),
  load: numberIn("load"),
  clients: numberIn("clients"),
  usage: listIn("usage"),
  firstSeen: inOne("first_seen", {
    write: (time, toUnixTime) => toUnixTime(time),
    read: (value, fromUnixTime) => fromUnixTime(number(value)),
  }),
  cost: listIn("cost"),
  weight: numberIn("weight"),
  draining: {
    columns: ["draining", "deadline"],
    write: (draining, toUnixTime) => [
      draining === undefined ? 0 : 1,
      draining?.deadline === undefined ? null : toUnixTime(draining.deadline),
    ],
    read: ([draining, deadline], fromUnixTime) =>
      draining === 1
        ? { deadline: deadline === null ? undefined : fromUnixTime(number(deadline)) }
        : undefined,
  },
};

export type ServerField = keyof StoredServer;

/** Every field. */
export const ALL = Object.keys(SERVER_FIELDS) as readonly ServerField[];

/** The fields that a report brings. */
export const REPORTED = ["enabled", "pool", "version", "load", "clients", "usage", "cost"] as const;

/** The fields that operators decide. */
export const PLANNED = ["weight", "draining"] as const;

/** The columns of these fields, in order. */
export function columnsOf(fields: readonly ServerField[]): string[] {
  return fields.flatMap((field) => SERVER_FIELDS[field].columns);
}

/** What is written to the columns of these fields, in order. */
export function valuesOf<Name extends ServerField>(
  fields: readonly Name[],
  server: Pick<StoredServer, Name>,
  toUnixTime: (time: number) => number,
): SQLInputValue[] {
  const write = <Each extends Name>(name: Each) =>
    (SERVER_FIELDS[name] as Field<StoredServer[Each]>).write(server[name], toUnixTime);
  return fields.flatMap((name) => write(name));
}

/** A server from the columns of all its fields. @throws {Error} where one of them cannot be read */
export function serverFrom(
  row: readonly unknown[],
  fromUnixTime: (time: number) => number,
): StoredServer {
  let next = 0;
  const fields = ALL.map((name) => {
    const { columns, read } = SERVER_FIELDS[name];
    return [name, read(row.slice(next, next += columns.length), fromUnixTime)];
  });
  return Object.fromEntries(fields);
}
