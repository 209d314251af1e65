import { StartError } from "../start_error.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { importFresh } from "./fresh_import.ts";
import { explainImport } from "./import_error.ts";
import { describeIssues } from "./hints.ts";
import { notPermitted } from "./permission.ts";
import { describeUnknown, unknownMembers } from "./unknown_members.ts";
import { credentialsIn } from "./redis_members.ts";
import { ConfigSchema, type Settings } from "./schema.ts";

/** Mistakes that are shown at once, at most. */
const SHOWN = 20;

/** What the command line and the environment say; each overrides the configuration. */
export interface Overrides {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly ssl?: boolean | undefined;
  readonly certificate?: string | undefined;
  readonly privatekey?: string | undefined;
  readonly masterkey?: string | undefined;
  /** Where to listen for operators, or not at all. */
  readonly operations?:
    | { readonly enabled: boolean; readonly hostname?: string; readonly port?: number }
    | undefined;
  /** `user:password`, for the internal methods. */
  readonly internalUser?: string | undefined;
  /** URL of the Redis that several gateways share. */
  readonly store?: string | undefined;
  /** Its password, where it is used at all. */
  readonly redisPassword?: string | undefined;
  /** That of its sentinels, where they are used. */
  readonly sentinelPassword?: string | undefined;
}

/** A configuration that was read and checked. */
export interface LoadedConfig {
  readonly settings: Settings;
  /** What is worth a warning. */
  readonly warnings: string[];
}

/**
 * Loads a `config.ts` as it is on disk now: the object that it exports by default, checked, with the defaults filled in.
 *
 * @returns the settings, and what is worth a warning
 * @throws {StartError} naming each member that is wrong, and what was expected
 */
export async function loadConfig(
  file: string,
  overrides: Overrides = {},
): Promise<LoadedConfig> {
  const path = resolve(file);
  let module: { default?: unknown };
  try {
    module = await importFresh(pathToFileURL(path).href);
  } catch (error) {
    throw new StartError(explainImport(path, error));
  }
  const config = module.default;
  if (!isObject(config)) {
    throw new StartError(
      `${path}: expected an object as default export ("export default { … }"), not ${nameOf(config)}`,
    );
  }
  try {
    return readConfig(config, overrides, path);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(explainImport(path, error), { cause: error }); // a getter of the operator's, that throws
  }
}

/** Whether the value has members as a configuration has: those of a list or a promise would be none, and so all left out. */
function isObject(value: unknown): value is object {
  return ["[object Object]", "[object Module]"].includes(Object.prototype.toString.call(value));
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return 'a promise: write "export default await …"';
  if (value === undefined) return "nothing";
  return value === null
    ? "null"
    : typeof value === "object"
    ? `a ${value.constructor.name}`
    : `a ${typeof value}`;
}

/** Checks a configuration, as {@link loadConfig} does, that is already there. */
export function readConfig(
  config: object,
  overrides: Overrides = {},
  source = "configuration",
): LoadedConfig {
  const merged = override(config as Record<string, unknown>, overrides);
  const unknown = unknownMembers(ConfigSchema, merged);
  const typos = unknown.filter(({ meant }) => meant !== undefined);
  const result = ConfigSchema.safeParse(merged);
  const mistakes = [
    ...typos.map((each) => `${each.path}: ${describeUnknown(each)}`),
    ...(result.success ? [] : describeIssues(result.error, merged)),
  ];
  if (!result.success || mistakes.length > 0) {
    const more = mistakes.length > SHOWN ? [`and ${mistakes.length - SHOWN} more`] : [];
    const lines = [...mistakes.slice(0, SHOWN), ...more];
    throw new StartError(`${source} is not a valid configuration\n  ${lines.join("\n  ")}`);
  }
  // The keys of customers are read one by one later, and what is odd in them told of then.
  const warnings = unknown.filter(({ path }) => !path.includes(".accessKeys[")).map(({ path, times }) =>
    `${source}: ${path} is not a member that this gateway knows; ignored${
      times > 1 ? ` (${times} times)` : ""
    }`
  );
  const { masterKey } = result.data;
  if (masterKey !== undefined && Buffer.from(masterKey, "base64").length < 16) {
    warnings.push(
      `${source}: masterKey is shorter than 16 bytes; whoever guesses it can make tokens for every server`,
    );
  }
  for (const [member, who] of [["internal", "servers"], ["operations", "users"]] as const) {
    if (result.data[member].users.every(({ password }) => password.length >= UNGUESSABLE)) continue;
    warnings.push(
      `${source}: ${member}.users: a password is shorter than ${UNGUESSABLE} characters: amid guesses from their address, ` +
        `${who} that have not called before are kept waiting`,
    );
  }
  return { settings: result.data, warnings };
}

/** Characters of a password that nobody finds by guessing, however fast: 16 of letters and digits are 95 bits. */
export const UNGUESSABLE = 16;

function override(config: Record<string, unknown>, overrides: Overrides): Record<string, unknown> {
  const { host, port, ssl, certificate, privatekey, masterkey, operations, internalUser } = overrides;
  const address = {
    ...(host === undefined ? {} : { hostname: host }),
    ...(port === undefined ? {} : { port }),
  };
  const files = {
    ...(certificate === undefined ? {} : { certFile: certificate }),
    ...(privatekey === undefined ? {} : { keyFile: privatekey }),
  };
  const colon = internalUser?.indexOf(":") ?? -1;
  const users = internalUser === undefined
    ? {}
    : { users: [{ name: internalUser.slice(0, colon), password: internalUser.slice(colon + 1) }] };
  if (internalUser !== undefined && colon < 1) {
    throw new StartError("ODIN_GATEWAY_INTERNAL_USER: expected user:password");
  }
  return {
    ...config,
    ...(ssl === undefined ? {} : { useSsl: ssl }),
    ...(masterkey === undefined ? {} : { masterKey: masterkey }),
    ...member(config, "http", address),
    ...member(config, "https", { ...address, ...files }),
    ...member(config, "operations", operations ?? {}),
    ...member(config, "internal", users),
    ...storeMember(config, overrides),
  };
}

/** What the URL on the command line says goes before the environment, and that before the configuration. */
function storeMember(
  config: Record<string, unknown>,
  { store: url, redisPassword, sentinelPassword }: Overrides,
) {
  const { redis } = Object(config.store);
  const { sentinels } = Object(redis);
  const asks = url === undefined && sentinels !== undefined && sentinelPassword !== undefined;
  if (url === undefined && !asks && (redis === undefined || redisPassword === undefined)) return {};
  const parsed = url === undefined ? null : URL.parse(url);
  return member(config, "store", {
    redis: {
      ...redis,
      ...(redisPassword === undefined ? {} : { password: redisPassword }),
      ...(asks ? { sentinels: { ...sentinels, password: sentinelPassword } } : {}),
      ...(url === undefined ? {} : { url, sentinels: undefined }),
      ...(parsed === null ? {} : credentialsIn(parsed)),
    },
  });
}

/** The member with some of its own members replaced; left alone where there is nothing to replace. */
function member(config: Record<string, unknown>, key: string, replaced: object): Record<string, unknown> {
  if (Object.keys(replaced).length === 0) return {};
  const value = config[key];
  return { [key]: typeof value === "object" ? { ...value, ...replaced } : value ?? replaced };
}

/** @throws where a file to write to is a pipe: opening it would wait for a reader, and so would every line */
export function refusePipe(path: string): void {
  let isPipe: boolean | null = false;
  try {
    isPipe = Deno.statSync(path).isFifo;
  } catch {
    // What is not there, or may not be looked at, is found when it is opened.
  }
  if (isPipe === true) throw new Error("it is a pipe; expected a file");
}

/** A file that an option names cannot be written. */
export function unwritable(option: string, file: string, error: unknown): StartError {
  const reason = error instanceof Deno.errors.NotCapable
    ? notPermitted(`--allow-write=${file}`)
    : error instanceof Error
    ? error.message
    : String(error);
  return new StartError(`${option}: ${file} cannot be written: ${reason}`, { cause: error });
}
