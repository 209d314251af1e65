import { parse, stringify, TomlDate, TomlError } from "smol-toml";
import type { ServerJwk } from "../tokens/mod.ts";
import { RpcError } from "./errors.ts";

type Table = Record<string, unknown>;

/**
 * A server's own configuration, filled up with the recommended settings and the server's key (`PROTOCOL.md` §7).
 * The server's own values win; arrays get the recommended items appended. Integers stay integers, floats floats.
 *
 * @param toml the server's configuration; may be empty
 * @param recommended plain data; whole numbers become integers
 * @throws {RpcError} `invalidParams`, with line and column, where the TOML is bad
 */
export function completeServerConfig(toml: string, recommended: Table, key: ServerJwk): string {
  const config = parseToml(toml);
  fill(config, asToml(recommended) as Table);
  const authorization = config.authorization ??= {};
  if (!isTable(authorization)) throw badConfig("authorization must be a table");
  const keys = authorization.keys ??= [];
  if (!Array.isArray(keys)) throw badConfig("authorization.keys must be an array");
  authorization.keys = [...keys.filter((its) => its?.kid !== key.kid), { ...key }];
  return stringify(config, { numbersAsFloat: true });
}

function parseToml(toml: string): Table {
  try {
    return parse(toml, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new RpcError("invalidParams", `config: line ${line}, column ${column}: ${reason}`, [
      { member: "config", reason, line, column },
    ]);
  }
}

function fill(own: Table, recommended: Table): void {
  for (const [key, value] of Object.entries(recommended)) {
    const its = Object.hasOwn(own, key) ? own[key] : undefined;
    if (its === undefined) own[key] = value;
    else if (isTable(its) && isTable(value)) fill(its, value);
    else if (Array.isArray(its) && Array.isArray(value)) {
      own[key] = [...its, ...value.filter((item) => !its.includes(item))];
    }
  }
}

/** Plain data as the TOML library wants it: whole numbers as bigint, so that they are written as integers. */
function asToml(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(asToml);
  if (isTable(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, its]) => [key, asToml(its)]));
  }
  return value;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof TomlDate);
}

function badConfig(reason: string): RpcError {
  return new RpcError("invalidParams", `config: ${reason}`, [{ member: "config", reason }]);
}
