import { z } from "zod";
import { defaultFleetSettings, strategies, type StrategyName } from "../fleet/mod.ts";
import type { Customer } from "../tokens/mod.ts";
import { recommendedServerConfig } from "./recommended.ts";
import { checkedLater, describeUnknown, isTypo, unknownMembers } from "./unknown_members.ts";

const seconds = z.number().positive().max(10 * 365 * 86400);
const timeout = z.number().min(0.1).max(3600);
const port = z.int().min(0).max(65535);
/** A bound on what is kept in memory; a JavaScript map holds 2²⁴ entries. */
const count = z.int().min(1).max(8_000_000_000);
const entries = z.int().min(1).max(8_000_000);
const limit = z.custom<number>(
  (value) => typeof value === "number" && value >= 0,
  "expected a number of at least 0, or Infinity",
);

/** A limit of a customer's licence. A customer API speaks JSON, which has no Infinity. */
const licenceLimit = z.custom<number | null | "Infinity">(
  (value) => value === null || value === "Infinity" || (typeof value === "number" && value >= 0),
  'expected a number of at least 0, or Infinity, null, "Infinity" or nothing for no limit',
).optional().transform((value) => typeof value === "number" ? value : Infinity);

/** What a JWK may say besides (RFC 7517 §4), without any use for it here. */
const unused = z.unknown().optional();

const PublicKeyEntry = z.object({
  kid: z.union([z.string(), z.number()]).transform(String),
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string(),
  alg: unused,
  use: unused,
  key_ops: unused,
  ext: unused,
}).transform(({ kid, kty, crv, x }) => ({ kid, kty, crv, x }));

const boundPools = z.array(z.string().min(1)).min(1).optional();

const AccessKeyEntry = z.object({
  namespace: z.string().min(1).optional(),
  pools: boundPools,
  publicKey: PublicKeyEntry,
});

/** A customer as it is configured, or as a customer API returns it. Its keys are looked at one by one later. */
const CustomerEntry = z.object({
  id: z.string().min(1),
  maxPeers: licenceLimit,
  maxRooms: licenceLimit,
  pools: boundPools,
  accessKeys: z.array(checkedLater(AccessKeyEntry)),
});

const pool = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  "expected a pool's name of letters, digits, - and _, which will be part of a path",
).refine((name) => name !== "internal", "internal cannot be a pool's name");

const Recommended = z.record(z.string(), z.unknown());

const fleet = defaultFleetSettings();

/** Everything an operator can configure. What is left out has a default. */
export const ConfigSchema = z.object({
  logLevel: z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]).default("INFO"),
  logFormat: z.enum(["pretty", "json"]).default("pretty"),
  useSsl: z.boolean().default(false),
  http: z.object({
    hostname: z.string().min(1).default("0.0.0.0"),
    port: port.default(7000),
  }).prefault({}),
  https: z.object({
    hostname: z.string().min(1).default("0.0.0.0"),
    port: port.default(7000),
    certFile: z.string().min(1).default("fullchain.pem"),
    keyFile: z.string().min(1).default("privkey.pem"),
  }).prefault({}),
  customers: z.array(CustomerEntry).optional(),
  customerApi: z.object({
    updateFunction: z.custom<() => Promise<unknown>>(
      (value) => typeof value === "function",
      "expected a function",
    ),
    updateInterval: seconds.default(60),
  }).optional(),
  unknownCustomers: z.union([
    z.literal("forbidden"),
    z.object({ maxPeers: limit, maxRooms: limit }),
  ]).default("forbidden"),
  sfuPools: z.object({
    available: z.array(z.union([pool, z.object({ name: pool, spill: z.array(z.string()).default([]) })])).min(
      1,
    ),
    default: z.string(),
  }).optional(),
  sfuConfig: z.object({
    metricsServer: z.string().min(1).default("0.0.0.0/0"),
    updateInterval: seconds.default(fleet.updateInterval / 1000),
    disableTimeout: seconds.default(fleet.disableTimeout / 1000),
    removeTimeout: seconds.default(fleet.removeTimeout / 1000),
    recommended: Recommended.optional(),
  }).prefault({}),
  loginToken: z.object({
    lifetime: z.int().min(1).default(fleet.tokenLifetime / 1000),
    leeway: z.number().min(0).default(300),
  }).prefault({}),
  masterKey: z.string().refine(isMasterKey, "expected base64").optional(),
  internal: z.object({
    users: z.array(
      z.object({
        name: z.string().min(1).regex(/^[^:]*$/, "expected no colon"),
        password: z.string().min(1),
        role: z.enum(["server", "operator"]).optional(),
        addresses: z.array(z.string().min(1)).min(1).optional(),
      }),
    )
      .default([]),
    withoutUsers: z.enum(["loopback", "anyone"]).optional(),
  }).prefault({}),
  placement: z.object({
    strategy: z.enum(Object.keys(strategies) as [StrategyName, ...StrategyName[]]).default(
      fleet.placement.strategy as StrategyName,
    ),
    ceiling: z.number().positive().max(1).default(fleet.placement.ceiling),
    overload: z.enum(["place", "refuse"]).default(fleet.placement.overload),
    defaultSize: z.number().min(1).default(fleet.placement.defaultSize),
    growthWindow: seconds.default(fleet.placement.growthWindow / 1000),
  }).prefault({}),
  tasks: z.object({ lifetime: seconds.default(fleet.taskLifetime / 1000) }).prefault({}),
  startup: z.object({
    waitForReports: z.boolean().default(true),
    expectedServers: count.optional(),
  }).prefault({}),
  durability: z.object({ places: z.enum(["process", "power-loss"]).default("process") }).prefault({}),
  bans: z.object({ maxTime: seconds.default(365 * 86400) }).prefault({}),
  compatibility: z.object({
    tokenWithoutSub: z.enum(["connect", "everything"]).default("connect"),
    roomIdPrefix: z.boolean().default(false),
  }).prefault({}),
  connections: z.object({
    limit: entries.optional(),
    headerTimeout: timeout.default(30),
    bodyTimeout: timeout.default(60),
    idleTimeout: timeout.default(90),
    sendTimeout: timeout.default(60),
  }).prefault({}),
  limits: z.object({
    headers: count.default(32 * 1024),
    publicBody: count.default(64 * 1024),
    internalBody: count.default(64 * 1024 * 1024),
    batch: count.default(100),
    url: count.default(2048),
    authorization: count.default(16 * 1024),
    customerShare: z.number().positive().max(1).default(fleet.limits.customerShare),
    servers: entries.default(fleet.limits.servers),
    unlistedRooms: entries.default(fleet.limits.unlistedRooms),
    bans: entries.default(fleet.limits.bans),
    tasksPerServer: entries.default(fleet.limits.tasksPerServer),
    taskBytesPerServer: count.default(fleet.limits.taskBytesPerServer),
    taskBytes: count.default(fleet.limits.taskBytes),
    grantTimeout: seconds.default(fleet.grantTimeout / 1000),
    kinds: z.int().min(10).max(8_000_000).default(fleet.limits.kinds),
    explanations: z.int().min(0).max(8_000_000).default(fleet.limits.explanations),
  }).prefault({}),
}).superRefine((config, context) => {
  const wrong = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (config.customers !== undefined && config.customerApi !== undefined) {
    wrong(["customerApi"], "expected either customers or customerApi, not both");
  }
  const { sfuPools, sfuConfig } = config;
  const pools = sfuPools?.available.map(poolName) ?? [];
  const known = (where: (string | number)[], name: string) => {
    if (!pools.includes(name)) wrong(where, `expected one of the pools available (${pools.join(", ")})`);
  };
  if (sfuPools !== undefined) {
    known(["sfuPools", "default"], sfuPools.default);
    sfuPools.available.forEach((each, i) => {
      if (typeof each === "string") return;
      each.spill.forEach((name, s) => known(["sfuPools", "available", i, "spill", s], name));
    });
  }
  if (sfuConfig.disableTimeout <= sfuConfig.updateInterval) {
    wrong(["sfuConfig", "disableTimeout"], "expected more than sfuConfig.updateInterval");
  }
  if (sfuConfig.removeTimeout < sfuConfig.disableTimeout) {
    wrong(["sfuConfig", "removeTimeout"], "expected no less than sfuConfig.disableTimeout");
  }
});

/** What `config.ts` may say. */
export type Config = z.input<typeof ConfigSchema>;

/** A configuration with every default filled in. */
export type Settings = z.output<typeof ConfigSchema>;

/** The pools: their names, none where none are configured; the default one; and where each spills over to. */
export interface Pools {
  readonly names: readonly string[];
  readonly default: string;
  readonly spill: ReadonlyMap<string, readonly string[]>;
}

export function configuredPools({ sfuPools }: Pick<Settings, "sfuPools">): Pools {
  const available = sfuPools?.available ?? [];
  return {
    names: available.map(poolName),
    default: sfuPools?.default ?? "default",
    spill: new Map(available.map((pool) => [poolName(pool), typeof pool === "string" ? [] : pool.spill])),
  };
}

function poolName(pool: string | { readonly name: string }): string {
  return typeof pool === "string" ? pool : pool.name;
}

/** What a server's own configuration is filled up with. */
export function serverRecommendation({ sfuConfig }: Settings): Record<string, unknown> {
  return sfuConfig.recommended ?? recommendedServerConfig(sfuConfig.updateInterval, sfuConfig.metricsServer);
}

/** An entry of the list of customers, one of its keys, or one of its members, that is not used. */
export interface BrokenEntry {
  readonly entry: string;
  readonly reason: string;
}

/**
 * Reads an entry of a list of customers, from the configuration or from a customer API. A broken entry or key is left out
 * and named, and so is a member that is not known; the rest loads.
 */
export function parseCustomer(entry: unknown, place: string, broken: BrokenEntry[]): Customer | undefined {
  for (const each of unknownMembers(CustomerEntry, entry, place)) {
    broken.push({ entry: each.path, reason: describeUnknown(each) });
  }
  const misspelt = misspeltLimit(entry);
  if (misspelt !== undefined) {
    broken.push({ entry: place, reason: `without ${misspelt} it would have no limit` });
    return undefined;
  }
  const parsed = CustomerEntry.safeParse(entry);
  if (!parsed.success) {
    broken.push({ entry: place, reason: firstIssue(parsed.error) });
    return undefined;
  }
  const accessKeys = parsed.data.accessKeys.flatMap((key, k) => {
    const its = AccessKeyEntry.safeParse(key);
    if (its.success) return [its.data];
    broken.push({
      entry: `customer "${parsed.data.id}", accessKeys[${k}]`,
      reason: firstIssue(its.error),
    });
    return [];
  });
  return { ...parsed.data, accessKeys };
}

/** Reads a whole list of customers at once, as {@link parseCustomer} reads each. */
export function parseCustomers(list: unknown): { customers: Customer[]; broken: BrokenEntry[] } {
  const broken: BrokenEntry[] = [];
  if (!Array.isArray(list)) broken.push({ entry: "customers", reason: "expected an array of customers" });
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  const customers = entries.flatMap((entry, i) => parseCustomer(entry, `customers[${i}]`, broken) ?? []);
  return { customers, broken };
}

/** The limit that is missing because its name is misspelt: that customer is not to be taken for one without a limit. */
function misspeltLimit(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const names = Object.keys(entry).filter((name) => !Object.hasOwn(CustomerEntry.shape, name));
  return ["maxPeers", "maxRooms"].find((limit) =>
    !Object.hasOwn(entry, limit) && names.some((name) => isTypo(name, limit))
  );
}

function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return `${path.join(".")}: ${message}`;
}

function isMasterKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && Buffer.from(text, "base64").length > 0;
}
