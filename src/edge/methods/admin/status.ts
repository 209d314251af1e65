import { z } from "zod";
import { type FleetFigures, type ServerFigures, unixTime } from "../../../fleet/mod.ts";
import type { Condition, GatewayPort } from "../../../gateway/port.ts";
import type { Stats } from "../../../ops/stats.ts";
import { printable } from "../../../printable.ts";
import { type AdminMethod, adminMethod, iso } from "./method.ts";
import { Amount, Count, Time } from "./shapes.ts";
import type { AdminFacts } from "./facts.ts";

/** What the state of the gateway is found in. */
export interface StatusSource {
  readonly gateway: GatewayPort;
  readonly stats: Stats;
  readonly admin: AdminFacts;
  /** Whether there is anybody whose tokens can be verified. */
  readonly ready: () => boolean;
}

/** Fraction of its licence from which on a customer is named. */
const NEAR_LIMIT = 0.8;

/** A certificate that ends within so many days is to be renewed now. */
const ENDS_SOON_DAYS = 14;

/** Load from which on a server is full. */
const FULL = 0.95;

/** Customers whose licences are looked at; those that have had a room longest. */
const CUSTOMERS = 10_000;

/** Characters of a reason that are shown. */
const REASON = 300;

/** Of each sort of problem, so many are named. */
const NAMED = 5;

const Problem = z.object({
  severity: z.enum(["error", "warning"]).describe(
    "An error keeps somebody out now; a warning may come to that.",
  ),
  what: z.string(),
  todo: z.string().optional().describe("What to do about it."),
  about: z.object({
    server: z.string().optional(),
    customer: z.string().optional(),
    pool: z.string().optional(),
  }).optional().describe("What it is about, where that is one thing."),
});
export type Problem = z.input<typeof Problem>;

const Pool = z.object({
  pool: z.string(),
  open: Count.describe("Servers that may take a new room."),
  silent: Count,
  draining: Count,
  load: Amount.describe("Mean load of those that may take a new room."),
  clients: Count,
  grants: Count.describe("Clients on their way."),
});

/** One of several gateways. */
export const ShownGateway = z.object({
  number: Count.describe("Tells it from the others."),
  version: z.string(),
  position: Count.describe("Place, in the order of all changes, of the last one that it has been told of."),
  lag: Count.describe("Changes that it has not been told of yet."),
  self: z.boolean().describe("Whether it is the one that answers."),
});

export const Status = z.object({
  version: z.string(),
  started: Time,
  time: Time.describe("Time of this answer."),
  problems: z.array(Problem).describe("What is wrong now; empty where all is well."),
  pools: z.array(Pool),
  rooms: Count,
  grants: Count,
  tasks: Count.describe("Tasks that wait."),
  bans: Count,
  customers: Count.describe("Customers in the list of customers."),
  gateways: z.array(ShownGateway).describe(
    "The gateways that share the store; empty where there is only one.",
  ),
  calls: z.array(z.object({ name: z.string(), success: Count, failure: Count, rejected: Count }))
    .describe("Calls since the start, by method."),
});

/** The state of the gateway in one answer whose size does not grow with its rooms. */
export function statusMethod(source: StatusSource): AdminMethod {
  return adminMethod({
    name: "gateway.Status",
    summary: "Show the gateway and its fleet in numbers, and what is wrong now",
    does: "shows",
    params: z.object({}),
    result: Status,
    errors: [],
    run: async () => {
      const { gateway, stats, admin: { customers, version, startedAt } } = source;
      const fleet = await gateway.figures(CUSTOMERS);
      const { servers, rooms, bans } = fleet;
      return {
        version,
        started: iso(unixTime(startedAt)),
        time: iso(unixTime(Date.now())),
        problems: await problemsOf(source, fleet),
        pools: poolsOf(servers),
        rooms,
        grants: servers.reduce((sum, { grants }) => sum + grants, 0),
        tasks: servers.reduce((sum, { tasks }) => sum + tasks, 0),
        bans,
        customers: customers.byId.size,
        gateways: (await gateway.view.gateways() ?? []).map((each) => ({ ...each })),
        calls: [...stats.apiCalls],
      };
    },
  });
}

/** What is wrong now. @param fleet with all customers that use something */
export async function problemsOf(source: StatusSource, fleet: FleetFigures): Promise<Problem[]> {
  return [
    ...ownProblems(source, await source.gateway.view.condition()),
    ...fleetProblems(fleet, source.admin.ceiling()),
  ];
}

function poolsOf(servers: readonly ServerFigures[]): z.input<typeof Pool>[] {
  const pools = new Map<string, z.input<typeof Pool>>();
  for (const { pool, state, load, clients, grants } of servers) {
    let figures = pools.get(pool);
    if (figures === undefined) {
      figures = { pool, open: 0, silent: 0, draining: 0, load: 0, clients: 0, grants: 0 };
      pools.set(pool, figures);
    }
    figures.clients += clients;
    figures.grants += grants;
    if (state === "silent" || state === "draining") figures[state]++;
    if (state !== "open") continue;
    figures.open++;
    figures.load += (load - figures.load) / figures.open;
  }
  return [...pools.values()];
}

/** What is wrong with the gateway itself. */
function ownProblems({ ready, admin }: StatusSource, { storable, waitsUntil }: Condition): Problem[] {
  const found: Problem[] = [];
  if (!storable) {
    found.push({
      severity: "error",
      what: "the store cannot be written: known rooms are served, all else is refused (the log says why)",
      todo:
        "see whether the disk of the data folder is full or read-only, or whether Redis answers; it is tried again by itself",
    });
  }
  if (!ready()) {
    found.push({
      severity: "error",
      what: "there are no customers: nobody can connect",
      todo: "configure customers, or see in the log why customerApi brings none",
    });
  }
  const reason = admin.customersNotRefreshed();
  if (reason !== undefined) {
    const what = `the list of customers cannot be refreshed, and stays as it was: ${
      printable(reason).slice(0, REASON)
    }`;
    found.push({
      severity: "warning",
      what,
      todo: "see whether the customer API answers; it is asked again",
    });
  }
  const days = admin.certificateDaysLeft();
  if (days !== undefined && days <= ENDS_SOON_DAYS) {
    const what = days > 0 ? `the certificate ends in ${Math.floor(days)} days` : "the certificate has ended";
    found.push({
      severity: "error",
      what,
      todo: "renew https.certFile; a new one is served without a restart",
    });
  }
  if (waitsUntil !== undefined) {
    const what = `it has just started: rooms that it does not know wait for the servers until ${
      iso(waitsUntil)
    }`;
    found.push({ severity: "warning", what, todo: "wait; it ends by itself" });
  }
  return found;
}

/** What is wrong with servers, or with what customers want of them; of each sort the first few by name. */
function fleetProblems({ servers, customers }: FleetFigures, ceiling: number): Problem[] {
  if (servers.length === 0) {
    const todo = "see whether servers run, and whether they reach /internal with the right user and password";
    return [{ severity: "error", what: "no server has reported", todo }];
  }
  const found: Problem[] = [];
  for (const { pool, open } of poolsOf(servers)) {
    const about = { pool };
    if (open === 0) {
      const todo = "start a server, or resume one that is draining";
      found.push({ severity: "error", what: `pool ${pool}: no server may take a new room`, todo, about });
    } else {
      const todo = "start further servers in this pool";
      const all = (is: (server: ServerFigures) => boolean) =>
        servers.every((its) => its.pool !== pool || its.state !== "open" || is(its));
      if (all(({ load }) => load >= FULL)) {
        found.push({ severity: "warning", what: `pool ${pool}: all servers are full`, todo, about });
      } else if (all(({ expectedLoad }) => expectedLoad > ceiling)) {
        const what = `pool ${pool}: all servers are expected to be above the ceiling (placement.ceiling)`;
        found.push({ severity: "warning", what, todo, about });
      }
    }
  }
  const silent = servers.filter(({ state }) => state === "silent").map(({ address }) => address);
  found.push(...named(silent, (address) => ({
    severity: "warning",
    what: `server ${address} is silent`,
    todo: "see whether it runs and reaches the gateway; if it is gone for good, forget it",
    about: { server: address },
  })));
  const near = customers.filter(({ peers, rooms, maxPeers, maxRooms }) =>
    peers > 0 && peers >= NEAR_LIMIT * maxPeers || rooms > 0 && rooms >= NEAR_LIMIT * maxRooms
  );
  found.push(...named(near, ({ customer, peers, rooms, maxPeers, maxRooms }) => ({
    severity: peers >= maxPeers || rooms >= maxRooms ? "error" : "warning",
    what: `customer ${customer} uses ${peers} of ${maxPeers} peers and ${rooms} of ${maxRooms} rooms`,
    todo: "give it a larger licence, or tell it; at the limit its further clients are refused",
    about: { customer },
  })));
  return found;
}

/** The first few, and how many more there are. */
function named<Item>(items: readonly Item[], problem: (item: Item) => Problem): Problem[] {
  const found = items.slice(0, NAMED).map(problem);
  const more = items.length - found.length;
  if (more > 0) found.push({ severity: "warning", what: `and ${more} more like this` });
  return found;
}
