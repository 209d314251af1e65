import { createHmac, createPrivateKey, X509Certificate } from "node:crypto";
import { agreedSettings } from "../config/agreed.ts";
import { parseEndpoint } from "../config/members.ts";
import { credentialsIn } from "../config/redis_members.ts";
import type { Settings } from "../config/schema.ts";
import { StartError } from "../start_error.ts";
import type { StoreOptions } from "../store/port.ts";
import { dangers, inspect, type Inspection } from "../store/redis/inspection.ts";
import type { Endpoint, RedisSettings, Tls } from "../store/redis/settings.ts";
import { RedisStore } from "../store/redis/store.ts";

/** What the configuration says of Redis. */
export type ConfiguredRedis = NonNullable<Settings["store"]["redis"]>;

/** What opens the store that several gateways share. */
export interface SharedStoreOptions {
  /** The settings in force. */
  readonly settings: () => Settings;
  /** In base64. */
  readonly masterKey: string;
  /** Of the program. */
  readonly version: string;
}

/**
 * Opens the store in Redis.
 *
 * @throws {StartError} where a file with certificates cannot be read
 * @throws {StoreError} where Redis cannot be used, or the gateways that share it have other settings
 */
export async function openSharedStore(
  redis: ConfiguredRedis,
  shared: SharedStoreOptions,
  options: StoreOptions,
): Promise<RedisStore> {
  return await RedisStore.open(redisSettings(redis), {
    ...options,
    version: shared.version,
    agreed: () => agreed(shared),
    reportInterval: () => shared.settings().sfuConfig.updateInterval * 1000,
  });
}

/**
 * What would keep a gateway from its store in Redis, found without changing anything there.
 *
 * @param masterKey in base64; absent where one would be made
 * @throws {StartError} where a file with certificates cannot be read
 */
export async function inspectSharedStore(
  redis: ConfiguredRedis,
  settings: Settings,
  masterKey: string | undefined,
): Promise<Inspection> {
  return await inspect(redisSettings(redis), {
    masterKey: masterKey === undefined ? "" : fingerprint(masterKey),
    ...agreedSettings(settings),
  });
}

/** What of the settings of Redis may cost data. @throws {StartError} where a file with certificates cannot be read */
export async function dangersOfSharedStore(redis: ConfiguredRedis): Promise<readonly string[]> {
  return await dangers(redisSettings(redis));
}

/** What the gateways of a fleet must have in common, the master key included, which may be in the data folder. */
function agreed({ settings, masterKey }: SharedStoreOptions): Readonly<Record<string, string>> {
  return { masterKey: fingerprint(masterKey), ...agreedSettings(settings()) };
}

/** Tells a master key from others, and nothing about it. */
function fingerprint(masterKey: string): string {
  return createHmac("sha256", Buffer.from(masterKey, "base64")).update("several gateways").digest("hex");
}

function redisSettings(redis: ConfiguredRedis): RedisSettings {
  const { url, sentinels, username, password, prefix, replicas } = redis;
  const its = { username, password, prefix, replicas, tls: tlsOf(redis) };
  if (sentinels !== undefined) {
    return { ...its, at: { ...sentinels, addresses: sentinels.addresses.map(endpointOf) } };
  }
  const parsed = URL.parse(url ?? "");
  if (parsed === null) throw new StartError("store.redis: expected either url or sentinels");
  const ofUrl = credentialsIn(parsed);
  return {
    ...its,
    at: {
      hostname: parsed.hostname.replace(/^\[|\]$/g, ""),
      port: parsed.port === "" ? 6379 : Number(parsed.port),
    },
    username: username ?? ofUrl?.username,
    password: password ?? ofUrl?.password,
    database: parsed.pathname.length > 1 ? Number(parsed.pathname.slice(1)) : undefined,
  };
}

const CERTIFICATE = { begins: /-----BEGIN (TRUSTED )?CERTIFICATE-----/, what: "certificate" };

/** What each file has to have. */
const PEM = {
  caFile: CERTIFICATE,
  certFile: CERTIFICATE,
  keyFile: { begins: /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/, what: "private key" },
};

/** @throws {StartError} where a file cannot be read, or is none of those */
function tlsOf({ tls, url }: ConfiguredRedis): Tls | undefined {
  if (tls === false && url?.startsWith("rediss:") !== true) return undefined;
  if (typeof tls === "boolean") return {};
  const read = (name: keyof typeof PEM) => {
    const file = tls[name];
    if (file === undefined) return undefined;
    let text: string;
    try {
      text = Deno.readTextFileSync(file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StartError(`store.redis.tls.${name}: ${file} cannot be read: ${reason}`, { cause: error });
    }
    const { begins, what } = PEM[name];
    if (begins.test(text)) return text;
    throw new StartError(`store.redis.tls.${name}: ${file} has no ${what} in PEM`);
  };
  const pem = { ca: read("caFile"), cert: read("certFile"), key: read("keyFile") };
  if (pem.cert !== undefined && pem.key !== undefined && !belongTogether(pem.cert, pem.key)) {
    throw new StartError(
      `store.redis.tls.keyFile: ${tls.keyFile} is not the key of the certificate in ${tls.certFile}, or cannot be read ` +
        "without a password",
    );
  }
  return pem;
}

/** Whether that is the key of the certificate. */
function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // it is encrypted, or no key
  }
}

function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (endpoint === undefined) throw new StartError(`store.redis.sentinels: ${text} is no host:port`);
  return endpoint;
}
