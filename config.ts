import type { Config } from "./configSchema.ts";

/**
 * The configuration of this gateway. What is left out has the default that stands here; docs/configuration.md explains it all.
 * Durations are in seconds.
 */
const config: Config = {
  // DEBUG, INFO, WARNING, ERROR or CRITICAL; DEBUG has a line for each grant.
  logLevel: "INFO",
  // "pretty" for people, "json" for machines.
  logFormat: "pretty",

  // Listen for TLS, as `https` says, instead of plain HTTP, as `http` says.
  useSsl: false,
  http: { hostname: "0.0.0.0", port: 7000 },
  https: { hostname: "0.0.0.0", port: 7000, certFile: "fullchain.pem", keyFile: "privkey.pem" },

  // Your customers: their licences (Infinity for no limit) and the public keys of their access keys.
  // `deno task token key` makes a key and prints the entry. Or use customerApi (below) instead.
  customers: [],
  // customerApi: { updateFunction: async () => await (await fetch("https://…")).json(), updateInterval: 60 },

  // Whether customers that are not in the list are let in, unchecked: "forbidden", or { maxPeers, maxRooms }.
  unknownCustomers: "forbidden",

  // Who may call /internal, and get servers' private keys there. Without users, a gateway that other machines reach makes
  // one at its first start, and writes what servers need to data/server.toml.
  // internal: { users: [{ name: "odin", password: "…" }] },

  // Where operators are listened for: health, metrics and admin calls; docs/operations.md. Anywhere but on this machine's
  // own address it needs users. role: "read" or "admin".
  // operations: { hostname: "127.0.0.1", port: 7001, users: [{ name: "boss", password: "…", role: "admin" }] },

  // Proxies before the gateway, whose word for a client's address is taken; docs/proxies.md. Who is told what happens, and
  // where it is recorded who did what; docs/webhooks.md, docs/operations.md.
  // trustedProxies: ["10.0.0.0/8"],
  // webhooks: [{ url: "https://…", secret: "whsec_…", events: ["server.silent", "server.back"] }],
  // audit: { file: "data/audit.jsonl" },

  // Pools of servers, each with a path of its own: /eu/ for clients, /eu/internal for servers. New rooms of a pool whose
  // servers are all full go to those that it spills over to.
  // sfuPools: { available: [{ name: "eu", spill: ["us"] }, "us"], default: "eu" },

  placement: {
    // Where new rooms go: "expected", "least-load", "two-choices", "least-rooms" or "weighted"; see docs/placement.md.
    strategy: "expected",
    // A server that would come to more gets a new room only if all others would too;
    ceiling: 0.95,
    // then it is placed all the same ("place"), or refused ("refuse").
    overload: "place",
  },

  sfuConfig: {
    // CIDR of the machine that may read the servers' metrics.
    metricsServer: "0.0.0.0/0",
    // Servers report so often,
    updateInterval: 5,
    // get no new rooms when they have been silent for so long,
    disableTimeout: 7.5,
    // and are forgotten after so long.
    removeTimeout: 600,
  },

  // How long a client may take from the gateway to its server.
  loginToken: { lifetime: 300 },
  // Base64. Servers' keys are derived from it. Without one, the gateway makes one and keeps it in the data folder.
  // masterKey: "…",
};

export default config;
