import assert from "node:assert/strict";
import { DEFAULT_REBALANCE, defaultFleetSettings, strategies } from "../fleet/mod.ts";
import { Customers } from "../customers/customers.ts";
import { fleetSettings } from "./fleet_settings.ts";
import { readConfig } from "./load.ts";
import { StartError } from "../start_error.ts";
import { parseCustomers } from "./customer_entry.ts";

const key = { kid: "k", kty: "OKP", crv: "Ed25519", x: "x" };

Deno.test("an empty configuration has the defaults in use", () => {
  const { settings, warnings } = readConfig({});
  assert.deepEqual(warnings, []);
  assert.deepEqual(settings.http, { hostname: "0.0.0.0", port: 7000 });
  assert.deepEqual([settings.https.certFile, settings.https.keyFile], ["fullchain.pem", "privkey.pem"]);
  const { updateInterval, disableTimeout, removeTimeout, metricsServer } = settings.sfuConfig;
  assert.deepEqual([updateInterval, disableTimeout, removeTimeout, metricsServer], [
    5,
    7.5,
    600,
    "0.0.0.0/0",
  ]);
  assert.deepEqual(settings.loginToken, { lifetime: 300, leeway: 300 });
  assert.equal(settings.unknownCustomers, "forbidden");
});

Deno.test("a configuration of the gateway in use loads unchanged", () => {
  const { settings, warnings } = readConfig({
    logLevel: "DEBUG",
    logFormat: "json",
    useSsl: true,
    http: { hostname: "localhost", port: 80 },
    https: { hostname: "::", port: 443, certFile: "a", keyFile: "b" },
    customers: [{
      id: "c",
      maxPeers: Infinity,
      maxRooms: 5,
      accessKeys: [{ namespace: "n", publicKey: key }],
    }],
    unknownCustomers: { maxPeers: 1, maxRooms: Infinity },
    sfuPools: { available: ["eu", "us"], default: "eu" },
    sfuConfig: { metricsServer: "1.2.3.4/32", updateInterval: 5, disableTimeout: 7.5, removeTimeout: 600 },
    loginToken: { lifetime: 300 },
    masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
  });
  assert.deepEqual(warnings, []);
  assert.equal(settings.customers?.[0]?.maxPeers, Infinity);
});

const mistakes: [string, object, RegExp][] = [
  ["a wrong type", { http: { port: "7000" } }, /http\.port: expected (number|int), found "7000"/],
  ["a value out of range", { http: { port: 70000 } }, /http\.port: .*65535, found 70000/],
  ["one of several values", { logLevel: "LOUD" }, /logLevel: .*"DEBUG".*found "LOUD"/],
  ["a typo", { masterkey: "x" }, /masterkey: no such member; did you mean masterKey\?/],
  ["a typo below", { sfuConfig: { updateIntervall: 5 } }, /sfuConfig\.updateIntervall: .*updateInterval\?/],
  ["a load above which nothing is", { placement: { rebalance: { above: 1.2 } } }, /rebalance\.above: /],
  [
    "moves that follow each other before reports show them",
    { placement: { rebalance: { interval: 8 } } },
    /placement\.rebalance\.interval: expected at least twice sfuConfig\.updateInterval, found 8/,
  ],
  [
    "moves from servers that are filled on purpose",
    { placement: { strategy: "fill", target: 0.8, rebalance: { above: 0.84 } } },
    /placement\.rebalance\.above: expected at least 0\.05 more than placement\.target, .*, found 0\.84/,
  ],
  [
    "the same by the default of what is left out",
    { placement: { strategy: "fill", target: 0.95, rebalance: {} } },
    /placement\.rebalance\.above: expected at least 0\.05 more than placement\.target, .*, found nothing, which is 0\.9$/m,
  ],
  ["moves from servers that are hardly used", { placement: { rebalance: { above: 0.09 } } }, /above: .*0\.5/],
  [
    "servers that are filled beyond what leaves them out",
    { placement: { strategy: "fill", target: 0.99, ceiling: 0.5 } },
    /placement\.target: expected at most placement\.ceiling, found 0\.99/,
  ],
  ["rooms of a size that none has", { placement: { defaultSize: 1e9 } }, /placement\.defaultSize: .*10000/],
  ["rooms that are not watched", { placement: { growthWindow: 1e-9 } }, /placement\.growthWindow: /],
  [
    "rooms that rest by default for longer than they are watched",
    { placement: { rebalance: {}, growthWindow: 60 } },
    /rebalance\.rest: expected at most placement\.growthWindow, found nothing, which is 1800$/m,
  ],
  [
    "moves that by default follow each other before reports show them",
    { sfuConfig: { updateInterval: 10, disableTimeout: 15 }, placement: { rebalance: {} } },
    /rebalance\.interval: expected at least twice sfuConfig\.updateInterval, found nothing, which is 15$/m,
  ],
  [
    "a default timeout that contradicts an interval",
    { sfuConfig: { updateInterval: 10 } },
    /sfuConfig\.disableTimeout: expected more than sfuConfig\.updateInterval, found nothing, which is 7\.5$/m,
  ],
  [
    "a default of removal that contradicts a timeout",
    { sfuConfig: { disableTimeout: 1000 } },
    /sfuConfig\.removeTimeout: expected no less than .*, found nothing, which is 600$/m,
  ],
  [
    "rooms that rest for longer than they are watched",
    { placement: { rebalance: { rest: 700 }, growthWindow: 600 } },
    /placement\.rebalance\.rest: expected at most placement\.growthWindow, found 700/,
  ],
  [
    "a default pool that is not available",
    { sfuPools: { available: ["eu"], default: "us" } },
    /sfuPools\.default: expected one of/,
  ],
  [
    "a pool that cannot be a path",
    { sfuPools: { available: ["e/u"], default: "e/u" } },
    /sfuPools\.available\[0\]/,
  ],
  [
    "a pool that spills over to none that there is",
    { sfuPools: { available: [{ name: "eu", spill: ["su"] }, "us"], default: "eu" } },
    /sfuPools\.available\[0\]\.spill\[0\]: expected one of the pools available \(eu, us\)/,
  ],
  ["a ceiling above everything", { placement: { ceiling: 95 } }, /placement\.ceiling/],
  [
    "a strategy that there is none of",
    { placement: { strategy: "best" } },
    /placement\.strategy: .*expected/,
  ],
  [
    "customers from two places",
    { customers: [], customerApi: { updateFunction: () => Promise.resolve([]) } },
    /not both/,
  ],
  [
    "no function",
    { customerApi: { updateFunction: "http://x" } },
    /customerApi\.updateFunction: expected a function/,
  ],
  ["half a union", { unknownCustomers: { maxPeers: 1 } }, /unknownCustomers\.maxRooms/],
  [
    "none of a union",
    { unknownCustomers: "allowed" },
    /unknownCustomers: expected .*"forbidden".*found "allowed"/,
  ],
  ["timeouts that contradict", { sfuConfig: { disableTimeout: 4 } }, /sfuConfig\.disableTimeout/],
  ["a store that is nowhere", { store: { redis: {} } }, /store\.redis: expected either url or sentinels/],
  [
    "a store in two places",
    { store: { redis: { url: "redis://a", sentinels: { addresses: ["b:1"] } } } },
    /store\.redis: expected either url or sentinels/,
  ],
  [
    "a store of another kind",
    { store: { redis: { url: "http://a" } } },
    /store\.redis\.url: expected a URL that begins/,
  ],
  [
    "a store with more than a number",
    { store: { redis: { url: "redis://a/b" } } },
    /store\.redis\.url: .*redis:\/\/host/,
  ],
  [
    "a % in the password of the store that begins no escape",
    { store: { redis: { url: "redis://:50%off@a" } } },
    /store\.redis\.url: a % in it begins no escape; in user and password, write % as %25/,
  ],
  [
    "a % in the user of the store",
    { store: { redis: { url: "rediss://k%im:x@a" } } },
    /store\.redis\.url: a % in it begins no escape/,
  ],
  [
    "a password of the store that would have to be escaped",
    { store: { redis: { url: "redis://:pass#word@a:6379" } } },
    /store\.redis\.url: expected a URL as redis:\/\/user.*# as %23/,
  ],
  [
    "a certificate for the store without its key",
    { store: { redis: { url: "rediss://a", tls: { certFile: "cert.pem" } } } },
    /store\.redis\.tls: .*certFile and keyFile together/,
  ],
  [
    "a sentinel without a port",
    { store: { redis: { sentinels: { addresses: ["b"] } } } },
    /store\.redis\.sentinels\.addresses\[0\]: expected host:port/,
  ],
  [
    "keys in many slots",
    { store: { redis: { url: "redis://a", prefix: "odin:" } } },
    /store\.redis\.prefix: .*braces/,
  ],
  [
    "a negative limit",
    { customers: [{ id: "c", maxPeers: -1, maxRooms: 1, accessKeys: [] }] },
    /customers\[0\]\.maxPeers/,
  ],
];
for (const [what, config, message] of mistakes) {
  Deno.test(`a mistake is named with its member: ${what}`, () => {
    assert.throws(() => readConfig(config), (error: Error) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a mistake in a secret does not show the secret", () => {
  assert.throws(
    () => readConfig({ masterKey: "päßwort" }),
    (error: Error) => !error.message.includes("päßwort"),
  );
});

Deno.test("a member that is not known is a warning, not an error", () => {
  assert.match(readConfig({ somethingElse: 1 }).warnings[0]!, /somethingElse/);
});

Deno.test("options override the configuration", () => {
  const { settings } = readConfig({ http: { port: 1 }, https: { port: 2 } }, {
    host: "::1",
    port: 3,
    ssl: true,
    certificate: "c",
    privatekey: "p",
    masterkey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldA==",
    internalUser: "odin:a:b",
  });
  assert.deepEqual(settings.http, { hostname: "::1", port: 3 });
  assert.deepEqual(settings.https, { hostname: "::1", port: 3, certFile: "c", keyFile: "p" });
  assert.equal(settings.useSsl, true);
  assert.equal(settings.masterKey, "VGhpcyBpcyBhIHN1cGVyIHNlY3JldA==");
  assert.deepEqual(settings.internal.users, [{ name: "odin", password: "a:b" }]);
});

Deno.test("a list of customers loads but for its broken entries and keys, which are named", () => {
  const { customers, broken } = parseCustomers([
    {
      id: "a",
      maxPeers: 1,
      maxRooms: 1,
      accessKeys: [{ publicKey: key }, { publicKey: { ...key, kty: "RSA" } }],
    },
    { id: "b", maxPeers: -1, maxRooms: 1, accessKeys: [] },
    "c",
  ]);
  assert.deepEqual(customers.map(({ id, accessKeys }) => [id, accessKeys.length]), [["a", 1]]);
  assert.deepEqual(broken.map(({ entry }) => entry), [
    'customer "a", accessKeys[1]',
    "customers[1]",
    "customers[2]",
  ]);
  assert.equal(parseCustomers({ not: "a list" }).broken.length, 1);
});

Deno.test("a pool that a customer or a key is bound to and that there is none of is named", async () => {
  const named: string[] = [];
  await new Customers(
    {
      customers: [{
        id: "acme",
        maxPeers: 1,
        maxRooms: 1,
        pools: ["eu"],
        accessKeys: [{
          publicKey: { ...key, x: "TC3lMPKKC3C3uPMGPliiayUm32APb3GXKsNNLSxooFw" },
          pools: ["ue"],
        }],
      }],
      unknownCustomers: "forbidden",
      customerApi: undefined,
      sfuPools: { available: ["eu"], default: "eu" },
    },
    { loaded: () => {}, kept: () => {}, broken: ({ entry, reason }) => named.push(`${entry}: ${reason}`) },
  ).load();
  assert.deepEqual(named, ['pool "ue" of customer "acme": there is no such pool']);
});

Deno.test("an empty configuration gives the fleet its defaults", () => {
  const { limits, ...given } = fleetSettings(readConfig({}).settings);
  const { limits: defaults, ...expected } = defaultFleetSettings({
    placement: { spill: new Map([["default", []]]) }, // the one pool there is
  });
  assert.deepEqual(given, expected);
  assert.deepEqual({ ...limits, ...defaults }, limits);
});

Deno.test("rooms move because of load where that is asked for, by defaults if nothing more is said", () => {
  const { settings } = readConfig({ placement: { rebalance: {} } });
  assert.deepEqual(fleetSettings(settings).placement.rebalance, DEFAULT_REBALANCE);
});

Deno.test("rooms may move a twentieth above what fill fills servers to, however that is written; other strategies fill to nothing", () => {
  for (const [target, above] of [[0.75, 0.8], [0.8, 0.85], [0.85, 0.9], [0.55, 0.6]] as const) {
    const fill = { strategy: "fill", target, rebalance: { above } } as const;
    assert.equal(fleetSettings(readConfig({ placement: fill }).settings).placement.rebalance?.above, above);
  }
  const expected = { strategy: "expected", target: 0.8, rebalance: { above: 0.6 } } as const;
  assert.doesNotThrow(() => readConfig({ placement: expected }));
});

Deno.test("a strategy's name brings the strategy", () => {
  const { placement } = defaultFleetSettings({ placement: { strategy: "weighted" } });
  assert.equal(placement.choose, strategies.weighted);
  assert.equal(placement.ceiling, 0.95);
});

Deno.test("operations listen on this machine, and elsewhere only with users", () => {
  const { settings } = readConfig({});
  assert.deepEqual(settings.operations, { enabled: true, hostname: "127.0.0.1", users: [] });
  const hostname = "0.0.0.0";
  assert.throws(() => readConfig({ operations: { hostname } }), /operations\.users: expected a user/);
  const users = [{ name: "viewer", password: "a password" }];
  const its = readConfig({ operations: { hostname, users } }).settings.operations;
  assert.equal(its.users[0]?.role, "read", "nobody is admin by oversight");
  readConfig({ operations: { hostname, enabled: false } });
  const overrides = { operations: { enabled: true, hostname: "localhost", port: 0 } };
  assert.equal(readConfig({ operations: { hostname } }, overrides).settings.operations.port, 0);
});

Deno.test("a store on the command line overrides the configured place, and its password comes from the environment", () => {
  const redis = (config: object, overrides: object) => readConfig(config, overrides).settings.store.redis;
  const configured = { store: { redis: { sentinels: { addresses: ["s:1"] }, replicas: true } } };
  const { url, sentinels, replicas, password } =
    redis(configured, { store: "redis://r", redisPassword: "p" }) ?? {};
  assert.deepEqual([url, sentinels, replicas, password], ["redis://r", undefined, true, "p"]);
  assert.equal(redis({}, { store: "redis://r" })?.prefix, "{odin}:");
  assert.equal(redis({}, { redisPassword: "p" }), undefined);
});

Deno.test("the password of the sentinels may come from the environment, where they are used", () => {
  const redis = (config: object, overrides: object) => readConfig(config, overrides).settings.store.redis;
  const sentinels = { addresses: ["s:1"], username: "u", password: "configured" };
  const of = redis({ store: { redis: { sentinels } } }, { sentinelPassword: "s", redisPassword: "p" });
  assert.deepEqual([of?.sentinels?.username, of?.sentinels?.password, of?.password], ["u", "s", "p"]);
  const alone = redis({ store: { redis: { sentinels } } }, { sentinelPassword: "s" });
  assert.deepEqual([alone?.sentinels?.password, alone?.password], ["s", undefined]);
  for (const config of [{}, { store: { redis: { url: "redis://r" } } }]) {
    assert.equal(redis(config, { sentinelPassword: "s" })?.sentinels, undefined);
  }
});

const credentials: [string, object, object, [string | undefined, string | undefined]][] = [
  ["those of --store go before all others", { username: "c", password: "c" }, {
    store: "redis://kim:50%25@r",
    redisPassword: "e",
  }, ["kim", "50%"]],
  ["a password alone leaves the user", { username: "c", password: "c" }, { store: "redis://:s@r" }, [
    "c",
    "s",
  ]],
  ["without one, that of the environment counts", { password: "c" }, {
    store: "redis://kim@r",
    redisPassword: "e",
  }, ["kim", "e"]],
  ["that goes before one in the configured URL", { url: "redis://kim:c@r" }, { redisPassword: "e" }, [
    undefined,
    "e",
  ]],
];
for (const [what, redis, overrides, expected] of credentials) {
  Deno.test(`user and password of Redis: ${what}`, () => {
    const config = { store: { redis: { url: "redis://configured", ...redis } } };
    const { username, password } = readConfig(config, overrides).settings.store.redis ?? {};
    assert.deepEqual([username, password], expected);
  });
}
