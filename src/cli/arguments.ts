import { Command, InvalidArgumentError } from "commander";
import type { Overrides } from "../config/load.ts";
import { redisUrl } from "../config/redis_members.ts";
import { parseCommand } from "../command_line/command.ts";
import { StartError } from "../start_error.ts";
import { VERSION } from "./version.ts";

/** What the gateway is started with. */
export interface StartArguments {
  /** The configuration file. */
  readonly config: string;
  /** The data folder. */
  readonly data: string;
  /** File to record grants and reports to, for the placement simulation. */
  readonly record: string | undefined;
  /** Only say whether it would start. */
  readonly check: boolean;
  /** Replace the process that has the data folder. */
  readonly takeOver: boolean;
  readonly overrides: Overrides;
}

/** Environment variables for secrets, which do not belong on a command line that everybody on a machine can see. */
export const ENVIRONMENT = {
  masterkey: "ODIN_GATEWAY_MASTER_KEY",
  internalUser: "ODIN_GATEWAY_INTERNAL_USER",
  redisPassword: "ODIN_GATEWAY_REDIS_PASSWORD",
  sentinelPassword: "ODIN_GATEWAY_SENTINEL_PASSWORD",
} as const;

interface StartOptions {
  config: string;
  data: string;
  record?: string;
  check?: true;
  takeOver?: true;
  host?: string;
  port?: number;
  ssl?: true;
  certificate?: string;
  privatekey?: string;
  masterkey?: string;
  store?: string;
  operations?: NonNullable<Overrides["operations"]>;
}

const NOTES = `
Environment:
  ${ENVIRONMENT.masterkey}     the master key in base64, like --masterkey
  ${ENVIRONMENT.internalUser}  user:password for the internal methods, like internal.users
  ${ENVIRONMENT.redisPassword} the password of Redis, like store.redis.password
  ${ENVIRONMENT.sentinelPassword}  and of its sentinels

An option overrides the environment, and that the configuration.`;

/**
 * Reads the arguments of `start`.
 *
 * @returns the arguments, or what to print instead for `--help` and `--version`
 * @throws {StartError} naming the option that is wrong
 */
export function parseStartArguments(
  args: readonly string[],
  environment: (name: string) => string | undefined,
): StartArguments | { readonly print: string } {
  const command = new Command("deno task start")
    .description("ODIN Gateway: finds the ODIN server for every client. Runs until SIGTERM or SIGINT.")
    .version(VERSION)
    .option("--config <file>", "the configuration", "./config.ts")
    .option(
      "--data <folder>",
      "where the gateway keeps what must survive it; :memory: keeps nothing",
      "./data",
    )
    .helpOption("--help", "print this, and exit")
    .option("-h, --host <address>", "address to listen on")
    .option("-p, --port <port>", "port to listen on; 0 takes a free one", parsePort)
    .option("-s, --ssl", "listen for TLS")
    .option("-c, --certificate <file>", "certificate chain, PEM")
    .option("-k, --privatekey <file>", "private key of the certificate, PEM")
    .option("-m, --masterkey <base64>", "key that the servers' keys are derived from")
    .option(
      "--store <url>",
      "a Redis that several gateways share, redis://host:6379, instead of the data folder",
      parseStore,
    )
    .option(
      "--operations <host:port|off>",
      "where to listen for operators: health, metrics and admin calls",
      parseOperations,
    )
    .option(
      "--record <file>",
      "write grants and reports to a file, names hashed, for deno task simulate --trace",
    )
    .option("--check", "say whether it would start, touch nothing, and exit: 0 if it would, 2 if not")
    .option("--take-over", "take the place of the gateway that runs on the data folder; no call fails")
    .addHelpText("after", NOTES);
  const print = parseCommand(command, args);
  if (print !== undefined) return { print };
  const { config, data, record, check = false, takeOver = false, ...options } = command.opts<StartOptions>();
  const secrets = secretsFrom(environment);
  const overrides = { ...options, ...secrets, masterkey: options.masterkey ?? secrets.masterkey };
  return { config, data, record, check, takeOver, overrides };
}

/**
 * The secrets in the environment, each undefined where there is none.
 *
 * @throws {StartError} where one is empty: that is no secret, and nobody would mean it
 */
export function secretsFrom(environment: (name: string) => string | undefined) {
  const read = (name: string) => {
    const text = environment(name);
    if (text === "") throw new StartError(`${name} is empty: give it a value, or leave it out`);
    return text;
  };
  return {
    masterkey: read(ENVIRONMENT.masterkey),
    internalUser: read(ENVIRONMENT.internalUser),
    redisPassword: read(ENVIRONMENT.redisPassword),
    sentinelPassword: read(ENVIRONMENT.sentinelPassword),
  };
}

/** @throws {StartError} where it is no URL of a Redis; the message has no password, as the argument may */
export function parseStore(text: string): string {
  const { error } = redisUrl.safeParse(text);
  if (error !== undefined) throw new StartError(`--store: ${error.issues[0]!.message}`);
  return text;
}

/** @throws {InvalidArgumentError} where it is neither `host:port` nor `off` */
function parseOperations(text: string): NonNullable<Overrides["operations"]> {
  if (text === "off") return { enabled: false };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined || port === undefined) {
    throw new InvalidArgumentError("expected host:port, such as 127.0.0.1:7001, or off.");
  }
  return { enabled: true, hostname, port: parsePort(port) };
}

/** @throws {InvalidArgumentError} where it is no port */
function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError("expected a port, 0 to 65535.");
  return port;
}
