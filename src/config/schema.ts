import { z } from "zod";
import { DEFAULT_REBALANCE, defaultFleetSettings, strategies, type StrategyName } from "../fleet/mod.ts";
import { CustomerEntry } from "./customer_entry.ts";
import { collide, type ListeningAddress } from "./listening_address.ts";
import { isLoopback } from "./loopback.ts";
import { LimitMembers } from "./limit_members.ts";
import {
  basicUser,
  count,
  entries,
  limit,
  perSecond,
  pool,
  port,
  proxyNetwork,
  seconds,
  serverPattern,
  timeout,
  webhookSecret,
  webhookUrl,
} from "./members.ts";
import { recommendedServerConfig } from "./recommended.ts";
import { RedisMembers } from "./redis_members.ts";
import { EVENT_NAMES } from "./webhook.ts";

/*
 * The text of each member (`.describe`) is its entry in docs/configuration.md, which `deno task docs` makes; the type,
 * the range and the default come from the schema itself. What only a function can check says what it expects (`.meta`).
 */

/** Port of the operations listener where none is configured. */
export const OPERATIONS_PORT = 7001;

const Recommended = z.record(z.string(), z.unknown());

const fleet = defaultFleetSettings();

/**
 * Distance between the load up to which `fill` places rooms and that above which they move: rooms come to more than was
 * expected of them, and loads differ from report to report. Of rooms of several kinds on a fleet at half of its capacity 16 %
 * move by a distance of 0.001, 9 % by 0.02, 4 % by 0.05 and 1 % by 0.1.
 */
const ABOVE_FILLED = 0.05;

/** Everything an operator can configure. What is left out has a default. */
export const ConfigSchema = z.object({
  logLevel: z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]).default("INFO")
    .describe("The least severe level that is logged. `DEBUG` has a line for each grant."),
  logFormat: z.enum(["pretty", "json"]).default("pretty")
    .describe('Format of the log: `"pretty"` for people, `"json"` (one object a line) for machines.'),
  useSsl: z.boolean().default(false)
    .describe("Listen for TLS, as [`https`](#https) says, instead of plain HTTP, as [`http`](#http) says."),
  http: z.object({
    hostname: z.string().min(1).default("0.0.0.0")
      .describe("Address to listen on; `0.0.0.0` is all IPv4 addresses of the machine."),
    port: port.default(7000).describe("Port to listen on; 0 takes a free one."),
  }).prefault({}).describe("Where to listen without TLS."),
  https: z.object({
    hostname: z.string().min(1).default("0.0.0.0")
      .describe("Address to listen on; `0.0.0.0` is all IPv4 addresses of the machine."),
    port: port.default(7000).describe("Port to listen on; 0 takes a free one."),
    certFile: z.string().min(1).default("fullchain.pem").describe(
      "PEM file with the certificate chain. A renewed one is served without a restart.",
    ),
    keyFile: z.string().min(1).default("privkey.pem").describe(
      "PEM file with the certificate's private key.",
    ),
  }).prefault({}).describe("Where to listen for TLS (`useSsl`), and with which certificate."),
  customers: z.array(CustomerEntry).optional().describe(
    "The customers, their licences and the public keys of their access keys; `deno task token key` makes a key and prints " +
      "its entry. Either this or `customerApi`.",
  ),
  customerApi: z.object({
    updateFunction: z.custom<() => Promise<unknown>>(
      (value) => typeof value === "function",
      "expected a function",
    ).meta({ expected: "function" }).describe(
      "Returns a promise of the list, with entries as in [`customers`](#customers). An empty list, or a failure, keeps the " +
        "last good list, also across restarts. Of several gateways that share the store one calls it for all.",
    ),
    updateInterval: seconds.default(60).describe("Seconds between two calls of the function."),
  }).optional().describe("Fetches the list of customers, instead of `customers`."),
  unknownCustomers: z.union([
    z.literal("forbidden"),
    z.object({
      maxPeers: limit.describe("Clients that such a customer may have connected at a time."),
      maxRooms: limit.describe("Rooms that such a customer may have open at a time."),
    }),
  ]).default("forbidden").describe(
    'What becomes of tokens whose key is in no list: `"forbidden"` refuses them; an object with limits admits them ' +
      "**without checking their signature**, each key as a customer `demo_<kid>`. For demonstrations only.",
  ),
  sfuPools: z.object({
    available: z.array(
      z.union([
        pool,
        z.object({
          name: pool.describe("Name of the pool: letters, digits, `-` and `_`."),
          spill: z.array(z.string()).default([]).describe(
            "Pools that take new rooms, in order, while all servers of this one are above `placement.ceiling`.",
          ),
        }),
      ]),
    ).min(1).describe("The pools, each its name or an object."),
    default: z.string().describe("The pool of the paths `/` and `/internal`; one of those available."),
  }).optional().describe(
    "Pools of servers, each with the paths `/<pool>/` and `/<pool>/internal`. A server belongs to the pool on whose path it " +
      'reports. Example: `{ available: [{ name: "eu", spill: ["us"] }, "us"], default: "eu" }`. If absent, there is one pool.',
  ),
  sfuConfig: z.object({
    metricsServer: z.string().min(1).default("0.0.0.0/0").describe(
      "Network, in CIDR notation, that may read the servers' metrics.",
    ),
    updateInterval: seconds.default(fleet.updateInterval / 1000).describe(
      "Seconds between two reports of a server.",
    ),
    disableTimeout: seconds.default(fleet.disableTimeout / 1000).describe(
      "Seconds without a report after which a server gets no new rooms, and its rooms may be placed elsewhere; more than " +
        "`updateInterval`. Where single reports get lost, set it above two intervals.",
    ),
    removeTimeout: seconds.default(fleet.removeTimeout / 1000).describe(
      "Seconds without a report after which a server is forgotten, with its weight and whether it is draining; at least " +
        "`disableTimeout`.",
    ),
    recommended: Recommended.optional().describe(
      "Settings that servers' own configurations are filled up with, in place of the built-in ones " +
        "([protocol.md, §7](protocol.md#7-internal-methods)).",
    ),
  }).prefault({}).describe("What is expected of servers, and recommended to them."),
  loginToken: z.object({
    lifetime: z.int().min(1).default(fleet.tokenLifetime / 1000).describe(
      "Lifetime of a room token in seconds: how long a client may take from the gateway to its server.",
    ),
    leeway: z.number().min(0).default(300).describe(
      "Tolerance for `exp` and `nbf` of client tokens, in seconds, for clocks that differ.",
    ),
  }).prefault({}).describe("Times of tokens."),
  masterKey: z.string().refine(isMasterKey, "expected base64").meta({ expected: "text, base64" }).optional()
    .describe(
      "Key that the servers' keys are derived from; at least 16 bytes are advised. If absent, the gateway makes one at its " +
        "first start and keeps it in `master.key` in the data folder.",
    ),
  internal: z.object({
    users: z.array(
      z.object({
        ...basicUser,
        role: z.enum(["server", "operator"]).optional().describe(
          '`"server"` may call what servers call, `"operator"` all else. If absent, both.',
        ),
        addresses: z.array(serverPattern).min(1).optional().describe(
          "The only servers that the user may speak for, as `host:port`; `*` stands for any text. If absent, any.",
        ),
      }),
    )
      .default([])
      .describe("Users of HTTP Basic; with at least one, only they may call."),
    withoutUsers: z.enum(["loopback", "anyone"]).optional().describe(
      'Who may call while there are no users: `"loopback"`, programs on this machine; `"anyone"`, everybody who reaches the ' +
        "listener, which is never right behind a proxy. If absent: local callers where the listener is bound to loopback; on " +
        "any other listener the gateway makes a user at its first start, and writes what servers need to `server.toml` in the " +
        "data folder.",
    ),
  }).prefault({}).describe("Who may call `/internal`, where servers get their private keys."),
  trustedProxies: z.array(proxyNetwork).default([]).describe(
    "Proxies before the gateway. Of a request from one of these, `Forwarded` or `X-Forwarded-For` says who made it: from " +
      "right to left, the first address that is none of these. The log and the limits see that client instead of the proxy; " +
      "who may call `/internal`, and a server without `public_endpoint`, remain a matter of the connection. " +
      "[proxies.md](proxies.md#addresses) has the details.",
  ),
  operations: z.object({
    enabled: z.boolean().default(true).describe("Whether there is such a listener."),
    hostname: z.string().min(1).default("127.0.0.1").describe(
      "Address to listen on. Anywhere but on loopback there must be users; TLS is spoken there if `useSsl` is set.",
    ),
    port: port.optional().describe(
      `Port to listen on; 0 takes a free one. If absent, ${OPERATIONS_PORT}; where a second gateway on the machine has that, ` +
        "a listener on loopback takes a free one, which the log names.",
    ),
    users: z.array(
      z.object({
        ...basicUser,
        role: z.enum(["read", "admin"]).default("read").describe(
          '`"read"` may see everything, `"admin"` may change it too.',
        ),
      }),
    ).default([]).describe(
      "Users of HTTP Basic. Without any, every program on this machine is admin, and so is a browser that shows the " +
        "[dashboard](dashboard.md); calls with a sign of a proxy, or of another page, are refused.",
    ),
  }).prefault({}).describe(
    "The listener for operators: health, metrics and admin calls ([operations.md](operations.md#the-operations-listener)).",
  ),
  metrics: z.object({
    customers: z.int().min(0).max(10_000).default(100).describe(
      "Customers that have metrics of their own; the others are summed.",
    ),
  }).prefault({}).describe("What `/metrics` on the operations listener shows ([metrics.md](metrics.md))."),
  placement: z.object({
    strategy: z.enum(Object.keys(strategies) as [StrategyName, ...StrategyName[]]).default(
      fleet.placement.strategy as StrategyName,
    ).describe(
      'Where new rooms go. `"expected"` counts what is on its way and what will come; [placement.md](placement.md) explains ' +
        "it and the others.",
    ),
    ceiling: z.number().positive().max(1).default(fleet.placement.ceiling).describe(
      "Expected load, as a fraction of a server's capacity, above which a server gets a new room only if all others would be " +
        "above it too.",
    ),
    target: z.number().positive().max(1).default(fleet.placement.target).describe(
      "Expected load, as a fraction of a server's capacity, up to which the strategy `fill` fills servers, and that " +
        "`fleet.Forecast` reckons with. With `fill`, at most `ceiling`.",
    ),
    overload: z.enum(["place", "refuse"]).default(fleet.placement.overload).describe(
      'What becomes of a new room when all servers would be above the ceiling: `"place"` places it all the same, `"refuse"` ' +
        "refuses the Connect.",
    ),
    defaultSize: z.number().min(1).max(10_000).default(fleet.placement.defaultSize).describe(
      "Clients expected in a room while nothing has been learned of any.",
    ),
    growthWindow: seconds.min(1).default(fleet.placement.growthWindow / 1000).describe(
      "Seconds that a new room is watched to learn the size that rooms of its kind reach. What it has come to is learned " +
        "when it grows no more, and put right where it grows on within this time.",
    ),
    rebalance: z.object({
      above: z.number().min(0.5).max(1).default(DEFAULT_REBALANCE.above).describe(
        "Load above which a server gives up a room at a time, to a server of its pool that stays below this load with it. With " +
          `\`fill\`, at least ${ABOVE_FILLED} more than \`target\`, or rooms that are placed are moved on at once.`,
      ),
      interval: seconds.default(DEFAULT_REBALANCE.interval / 1000).describe(
        "Seconds in which a server gives up or gets at most one room; at least twice `sfuConfig.updateInterval`.",
      ),
      rest: seconds.default(DEFAULT_REBALANCE.rest / 1000).describe(
        "Seconds in which a room that was moved is not moved again; at most `growthWindow`.",
      ),
    }).optional().describe(
      "Moves rooms away from servers that are too full, which disconnects their clients for a moment " +
        "([placement.md](placement.md#moving-rooms)). If absent, no room moves because of load; `{}` takes the defaults.",
    ),
  }).prefault({}).describe("Which server takes a new room."),
  tasks: z.object({
    lifetime: seconds.default(fleet.taskLifetime / 1000).describe(
      "Seconds after which a task that its server has not fetched is given up.",
    ),
  }).prefault({}).describe("What servers are told to do in the answers to their reports."),
  startup: z.object({
    waitForReports: z.union([z.boolean(), z.literal("always")]).default(true).describe(
      'With an empty data folder, or with `"always"` at every start (after a backup was brought back, say), whether rooms that the gateway does not know are refused (503) until ' +
        "`sfuConfig.disableTimeout` has passed, in which every server that is alive reports: it may host them already.",
    ),
    expectedServers: count.optional().describe(
      "Ends that wait as soon as this many servers have reported. If absent, it is waited to the end.",
    ),
  }).prefault({}).describe("The first start, with an empty data folder."),
  durability: z.object({
    places: z.enum(["process", "power-loss"]).default("process").describe(
      'What the place of a granted room survives: `"process"`, the end of the process; `"power-loss"`, loss of power too, at ' +
        "the cost of an fsync for each batch of new rooms.",
    ),
  }).prefault({}).describe(
    "What answered calls survive; see [operations.md](operations.md#what-survives-what).",
  ),
  bans: z.object({
    maxTime: seconds.default(365 * 86400).describe("The longest ban in seconds; longer ones are cut to it."),
  }).prefault({}).describe("Bans of rooms and users."),
  compatibility: z.object({
    tokenWithoutSub: z.enum(["connect", "everything"]).default("connect").describe(
      'What a token without `sub` may call: `"connect"`, only `Connect`; `"everything"`, all methods.',
    ),
    roomIdPrefix: z.boolean().default(false).describe(
      "Lets a token manage every room whose name begins with one of its `rid` values.",
    ),
  }).prefault({}).describe(
    "The looser rules of the gateway used before this one; see [migration.md](migration.md).",
  ),
  connections: z.object({
    limit: entries.optional().describe(
      "Connections at a time. If absent, as many as the process's limit of open files allows, at most 10,000.",
    ),
    headerTimeout: timeout.default(30).describe("Seconds in which the header of a request must have come."),
    bodyTimeout: timeout.default(60).describe("Seconds in which the body of a request must have come."),
    idleTimeout: timeout.default(90).describe(
      "Seconds without a request after which a connection is closed.",
    ),
    sendTimeout: timeout.default(60).describe(
      "Seconds after which a connection is closed whose peer does not read its answer.",
    ),
  }).prefault({}).describe("How many connections may be open, and how long they may take."),
  rates: z.object({
    perKey: perSecond.default(5000).describe("Requests a second with tokens of one key."),
    perCustomer: perSecond.default(5000).describe(
      "Requests a second with tokens of all keys of one customer. Customers of `unknownCustomers` count as one.",
    ),
    perAddress: perSecond.default(1000).describe(
      "Requests a second from one address; of IPv6, from one network of 64 bits. Callers on this machine are not limited.",
    ),
    concurrentPerAddress: z.union([entries, z.literal("off")]).default(1000).describe(
      "Requests at a time from one address, counted in the same way.",
    ),
  }).prefault({}).describe(
    "How many requests to `/` and `/<pool>/` are answered; further ones get 429 with `Retry-After`. What was not used in the " +
      "last five seconds may be used at once; each call of a batch counts. `/internal` is not limited. See [limits.md](limits.md).",
  ),
  shedding: z.object({
    delay: z.union([z.number().min(0.05).max(60), z.literal("off")]).default(1).describe(
      "Seconds that the event loop may be late, at two looks in a row, before Connects get 503; management does from twice as " +
        "much. Reports, health checks and operators' calls are always served.",
    ),
  }).prefault({}).describe("What is put off when there is more to do than can be done in time."),
  audit: z.object({
    file: z.string().min(1).optional().describe(
      "File for the audit, a JSON object a line, that only the gateway's user may read. `deno task start` may write to the data " +
        "folder alone: `data/audit.jsonl`, say. If absent, the audit is in the log only.",
    ),
    log: z.enum(["all", "changes", "off"]).default("all").describe(
      'Which records the log has too: `"all"`; `"changes"`, without calls that only show something; `"off"`, none.',
    ),
    maxSize: count.default(64 * 1024 * 1024).describe(
      "Size in bytes at which the file is put aside, with the time in its name.",
    ),
    maxAge: z.number().min(60).max(10 * 365 * 86400).default(30 * 86400).describe(
      "Seconds after which it is put aside.",
    ),
    keep: z.int().min(0).max(10_000).default(12).describe(
      "Files that were put aside and are kept; the oldest are removed.",
    ),
  }).prefault({}).describe(
    "Where it is recorded who called which method of management or administration " +
      "([operations.md](operations.md#the-audit)).",
  ),
  webhooks: z.array(z.object({
    url: webhookUrl.describe("Where events are sent, as POST; each URL once."),
    secret: z.union([webhookSecret, z.array(webhookSecret).min(1).max(4)]).describe(
      "Secret that the receiver knows us by; several while it changes them.",
    ),
    events: z.array(z.enum(EVENT_NAMES)).min(1).optional().describe(
      "The only events that are sent. If absent, all; those of rooms are as many as there are rooms.",
    ),
  })).max(32).default([]).describe(
    "Receivers that are told what happens: servers, rooms, bans, licences, the certificate ([webhooks.md](webhooks.md)).",
  ),
  store: z.object({
    redis: RedisMembers.optional().describe(
      "Redis (7.0 or later) or Valkey, which several gateways share ([several-gateways.md](several-gateways.md)).",
    ),
  }).prefault({}).describe(
    "Where the gateway keeps what must survive it, instead of a database in its data folder.",
  ),
  limits: LimitMembers.prefault({}).describe("Bounds on what a caller can make the gateway read or keep."),
}).superRefine((config, context) => {
  /** @param inForce what holds where the member is left out */
  const wrong = (path: (string | number)[], message: string, inForce?: number) =>
    context.addIssue({ code: "custom", path, message, params: { inForce } });
  if (config.customers !== undefined && config.customerApi !== undefined) {
    wrong(["customerApi"], "expected either customers or customerApi, not both");
  }
  const { operations, sfuPools, sfuConfig } = config;
  if (operations.enabled && operations.users.length === 0 && !isLoopback(operations.hostname)) {
    wrong(["operations", "users"], `expected a user, since other machines reach ${operations.hostname}`);
  }
  const port = operations.port ?? (isLoopback(operations.hostname) ? undefined : OPERATIONS_PORT);
  const main = mainAddress(config);
  if (operations.enabled && port !== undefined && collide(main, { ...operations, port })) {
    const message = `expected another port than the main listener's, ${main.hostname} port ${port}`;
    wrong(["operations", "port"], message);
  }
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
  const { redis } = config.store;
  if (redis !== undefined && (redis.url === undefined) === (redis.sentinels === undefined)) {
    wrong(["store", "redis"], "expected either url or sentinels");
  }
  const urls = config.webhooks.map(({ url }) => URL.parse(url)?.href ?? url); // however they are spelt
  urls.forEach((url, i) => {
    if (urls.indexOf(url) < i) wrong(["webhooks", i, "url"], "expected another URL than those before");
  });
  if (sfuConfig.disableTimeout <= sfuConfig.updateInterval) {
    const { disableTimeout } = sfuConfig;
    wrong(["sfuConfig", "disableTimeout"], "expected more than sfuConfig.updateInterval", disableTimeout);
  }
  const { strategy, ceiling, target, growthWindow, rebalance } = config.placement;
  if (strategy === "fill" && target > ceiling) {
    wrong(["placement", "target"], "expected at most placement.ceiling", target);
  }
  if (rebalance !== undefined) {
    const { above, interval, rest } = rebalance;
    const wrongRebalance = (member: keyof typeof rebalance, message: string) =>
      wrong(["placement", "rebalance", member], message, rebalance[member]);
    if (strategy === "fill" && above - target < ABOVE_FILLED - 1e-9) { // as people write fractions
      const more = `expected at least ${ABOVE_FILLED} more than placement.target`;
      wrongRebalance(
        "above",
        `${more}, up to which fill fills servers: else it places rooms that move at once`,
      );
    }
    if (interval < 2 * sfuConfig.updateInterval) {
      wrongRebalance("interval", "expected at least twice sfuConfig.updateInterval");
    }
    if (rest > growthWindow) wrongRebalance("rest", "expected at most placement.growthWindow");
  }
  if (sfuConfig.removeTimeout < sfuConfig.disableTimeout) {
    const { removeTimeout } = sfuConfig;
    wrong(["sfuConfig", "removeTimeout"], "expected no less than sfuConfig.disableTimeout", removeTimeout);
  }
});

/** What `config.ts` may say. */
export type Config = z.input<typeof ConfigSchema>;

/** A configuration with every default filled in. */
export type Settings = z.output<typeof ConfigSchema>;

/** Where the main listener is to listen. */
export function mainAddress(
  { useSsl, http, https }: Pick<Settings, "useSsl" | "http" | "https">,
): ListeningAddress {
  return useSsl ? https : http;
}

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

function isMasterKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && Buffer.from(text, "base64").length > 0;
}
