import type { ServerJwk } from "../../tokens/mod.ts";
import { RpcError } from "../errors.ts";
import { isWiderThanAny } from "./network.ts";
import { BadToml, isTable, readToml, type Table, writeToml } from "./toml.ts";

/**
 * A server's own configuration, filled up with the recommended settings and the server's key (`docs/protocol.md` §7).
 * The server's own values win; arrays get the recommended items appended. Integers stay integers, floats floats.
 *
 * @param toml the server's configuration; may be empty
 * @param recommended plain data; whole numbers become integers
 * @param warn told of recommended settings that are left out
 * @throws {RpcError} `invalidParams`, with line and column, where the TOML is bad
 */
export function completeServerConfig(
  toml: string,
  recommended: Table,
  key: ServerJwk,
  warn: (warning: string) => void = () => {},
): string {
  const config = refusing(() => readToml(toml));
  const ours = asToml(recommended);
  if (isTable(ours)) fill(config, withoutWider(config, ours, warn));
  const authorization = config.authorization ??= {};
  if (!isTable(authorization)) throw badConfig("authorization must be a table");
  const keys = authorization.keys ??= [];
  if (!Array.isArray(keys)) throw badConfig("authorization.keys must be an array");
  authorization.keys = [...keys.filter((its) => its?.kid !== key.kid), { ...key }];
  return refusing(() => writeToml(config));
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof BadToml)) throw error;
    const { message, reason, line, column } = error;
    const place = line === undefined || column === undefined ? {} : { line, column };
    throw new RpcError("invalidParams", `config: ${message}`, [{ member: "config", reason, ...place }], {
      cause: error,
    });
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

/**
 * Without the recommended networks that would open the server's metrics to more than the operator has allowed: appending
 * is no way to overrule what somebody has set.
 */
function withoutWider(own: Table, recommended: Table, warn: (warning: string) => void): Table {
  const [its, ours] = [own.metrics, recommended.metrics];
  if (!isTable(its) || !isTable(ours) || !Array.isArray(its.allowed) || !Array.isArray(ours.allowed)) {
    return recommended;
  }
  const known: readonly unknown[] = its.allowed;
  const allowed = ours.allowed.filter((network) => {
    if (known.includes(network) || !isWiderThanAny(network, known)) return true;
    warn(`its metrics.allowed is narrower than the recommended ${network}, which is not appended`);
    return false;
  });
  return { ...recommended, metrics: { ...ours, allowed } };
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

function badConfig(reason: string): RpcError {
  return new RpcError("invalidParams", `config: ${reason}`, [{ member: "config", reason }]);
}
