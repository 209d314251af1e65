import { concernAboutClock } from "../clock_difference.ts";
import { Connection } from "./connection.ts";
import { Fault, faultOf } from "./fault.ts";
import { LIBRARY } from "./library.ts";
import { FORMAT } from "./lua/ground.ts";
import { textOf, textsOf, timeOf } from "./replies.ts";
import { differsIn } from "./session.ts";
import type { RedisSettings } from "./settings.ts";

/** Least version that has the functions the store is made of. */
const VERSION = 7;

/** What was found in a Redis. */
export interface Inspection {
  /** What would keep a gateway from it, whoever runs. */
  readonly concern?: string;
  /** Whether that may pass by itself. */
  readonly passes?: boolean;
  /** What keeps no gateway from it, and may cost data. */
  readonly warnings?: readonly string[];
  /** What would keep a gateway from it beside those that run. */
  readonly differs?: string;
  /** Gateways that run. */
  readonly gateways: number;
}

/**
 * Looks whether a gateway could use this Redis, by commands that change nothing there.
 *
 * @param agreed settings that all gateways must have in common, each by its name
 * @param unixTime by this machine's clock, in milliseconds
 */
export async function inspect(
  settings: RedisSettings,
  agreed: Readonly<Record<string, string>>,
  unixTime: () => number = Date.now,
): Promise<Inspection> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(settings);
    const info = String(await connection.call(["INFO", "server"]));
    const [, version] = /^redis_version:(\d+)/m.exec(info) ?? [];
    if (version !== undefined && Number(version) < VERSION) {
      return { concern: `Redis at ${connection.address} is too old; ${VERSION}.0 is needed`, gateways: 0 };
    }
    for (const command of harmless(settings)) await mustBeAllowed(connection, command);
    const format = await connection.call(["HGET", `${settings.prefix}meta`, "format"]);
    if (format !== null && textOf(format) !== FORMAT) {
      throw faultOf(connection.address, new Error(`FORMAT ${textOf(format)}`));
    }
    const clock = concernAboutClock(await clockDifference(connection, unixTime));
    const warnings = [...await dangersOf(connection), ...(clock === undefined ? [] : [clock])];
    return { ...await differenceFromOthers(connection, settings.prefix, agreed), warnings };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { concern: error.message, passes: error.passes, gateways: 0 };
  } finally {
    connection?.close();
  }
}

/** What of its settings may cost data; nothing where it does not say. */
export async function dangers(settings: RedisSettings): Promise<readonly string[]> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(settings);
    return await dangersOf(connection);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return []; // whoever uses it will say so
  } finally {
    connection?.close();
  }
}

async function dangersOf(connection: Connection): Promise<readonly string[]> {
  const info = String(await connection.call(["INFO"]));
  const [, policy = "noeviction"] = /^maxmemory_policy:(\S+)/m.exec(info) ?? [];
  const dangers: string[] = [];
  if (policy !== "noeviction") {
    dangers.push(
      `Redis at ${connection.address} throws away data when its memory is full (maxmemory-policy ${policy}): say noeviction`,
    );
  }
  if (/^aof_enabled:0/m.test(info)) {
    dangers.push(
      `Redis at ${connection.address} has no append-only file: what the gateways share ends with its process; ` +
        "say appendonly yes",
    );
  }
  return dangers;
}

/** How far this machine's clock is ahead of Redis's, in milliseconds, at least; 0 where they may be the same. */
async function clockDifference(connection: Connection, unixTime: () => number): Promise<number> {
  const sent = unixTime();
  const [seconds, microseconds] = timeOf(await connection.call(["TIME"]));
  const time = seconds * 1000 + microseconds / 1000;
  if (time < sent) return sent - time;
  return Math.min(0, unixTime() - time);
}

/** One command of each kind that a gateway or its functions need, on a key that is not there. */
function harmless({ prefix, replicas }: RedisSettings): (readonly string[])[] {
  const nothing = `${prefix}inspected`;
  return [
    ["FCALL", `${LIBRARY}_inspected`, "1", nothing],
    ["FUNCTION", "LOAD", ""],
    ["TIME"],
    ["GET", nothing],
    ["HGETALL", nothing],
    ["HSCAN", nothing, "0"],
    ["XRANGE", nothing, "-", "+", "COUNT", "1"],
    ["SET", nothing, "", "XX"],
    ["DEL", nothing],
    ["HDEL", nothing, ""],
    ["ZREM", nothing, ""],
    ["XADD", nothing, "NOMKSTREAM", "*", "", ""],
    ["PEXPIRE", nothing, "1"],
    ...(replicas ? [["WAIT", "0", "0"]] : []),
  ];
}

/** @throws {Fault} where Redis does not let its user do that, or does not answer */
async function mustBeAllowed(connection: Connection, command: readonly string[]): Promise<void> {
  try {
    await connection.call(command);
  } catch (error) {
    const said = error instanceof Fault && error.cause instanceof Error ? error.cause.message : "";
    // That there is no such function, and no text of one, is the right answer.
    if (!said.startsWith("ERR ") || said.startsWith("ERR unknown command")) throw error;
  }
}

/** As `lua/members.ts` compares, without forgetting those that have died. */
async function differenceFromOthers(
  connection: Connection,
  prefix: string,
  agreed: Readonly<Record<string, string>>,
): Promise<Inspection> {
  const members = textsOf(await connection.call(["HGETALL", `${prefix}members`]));
  let gateways = 0;
  let differs: string | undefined;
  for (let i = 0; i < members.length; i += 2) {
    if (await connection.call(["EXISTS", `${prefix}gw:${members[i]}`]) !== 1) continue;
    gateways++;
    const [, , ...settings] = members[i + 1]!.split("\n"); // after version and place
    for (let j = 0; j < settings.length; j += 2) {
      const own = agreed[settings[j]!];
      if (own !== undefined && JSON.stringify(own) !== settings[j + 1]) differs ??= settings[j]!;
    }
  }
  return { gateways, ...(differs === undefined ? {} : { differs: differsIn(differs) }) };
}
