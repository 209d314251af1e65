import { z } from "zod";
import type { GatewayPort } from "../../../gateway/port.ts";
import type { ServerDetail, ServerInfo, UnixTime } from "../../../fleet/mod.ts";
import type { ServerKeys } from "../../../tokens/mod.ts";
import { NOT_DURABLE, RpcError } from "../../errors.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, adminMethod, iso } from "./method.ts";
import { Amount, Count, ServerAddress, ShownAddress, Time } from "./shapes.ts";

/** Longest time from now to a deadline for draining, in seconds: a year. More is a point in time, by mistake. */
const LONGEST_DRAIN = 365 * 86400;

/** A server, as lists and `Info` show it. */
export const ShownServer = z.object({
  hostname: z.string().describe("The address without its port."),
  address: ShownAddress,
  pool: z.string(),
  version: z.string().describe("What it says of itself."),
  disabled: z.boolean().describe(
    "Whether it is silent: it gets no new rooms, and what it has does not count.",
  ),
  keyId: z.string().describe("Id of the key that its room tokens are signed with."),
  report: z.object({
    load: z.number().min(0).max(1).describe("0 (idle) to 1 (full)."),
    clients: Count,
    rooms: Count,
  }).describe("What its last report said."),
  grants: Count.describe("Clients on the way to it."),
  growth: Amount.describe("Clients that its young rooms are still expected to get."),
  loadPerClient: z.number().describe("What one client more adds to its load, as learned from its reports."),
  weight: z.number().min(0).max(1).describe("Share of what it could take that it is to take."),
  draining: z.object({
    deadline: Time.nullable().describe("When what is left on it is closed, if ever."),
    empty: z.boolean().describe("Whether nothing is left on it: it can be stopped."),
  }).nullable().describe("Null where it is not draining."),
  firstSeen: Time,
  lastSeen: Time,
  tasks: Count.describe("Tasks that wait for it."),
});

export const ShownServerDetail = ShownServer.extend({
  steadyLoad: z.number().describe("Its load without the noise of a single report."),
  groups: Count.describe("Affinity groups that it holds, granted ones included."),
  unlistedRooms: Count.describe("Rooms that it holds and does not list yet, or not any more."),
  foreignRooms: Count.describe("Rooms that it lists and another server holds: it is told to close them."),
  closingRooms: Count.describe("Rooms that it was told to close and still lists."),
  taskBytes: Count.describe("Size of the tasks that wait, in characters of JSON."),
  evicting: z.boolean().describe("Whether its deadline for draining has passed."),
  customers: z.array(z.object({ customer: z.string(), peers: Count, rooms: Count }))
    .describe("What it reported of each customer, those with the most peers first, at most 100."),
  furtherCustomers: Count,
});

export const ShownPlan = z.object({
  weight: z.number().min(0).max(1),
  draining: z.object({ deadline: Time.nullable() }).nullable(),
  replacedDeadline: Time.optional().describe("The deadline that the call has ended or replaced."),
});

/** The methods about servers. */
export function serverMethods(
  { gateway, serverKeys }: { readonly gateway: GatewayPort; readonly serverKeys: ServerKeys },
): readonly AdminMethod[] {
  return [
    listMethod({
      name: "server.List",
      summary: "List the servers, page by page",
      filters: {
        pool: z.string().max(1024).optional().describe("Only those of this pool."),
        state: z.enum(["open", "silent", "draining"]).optional().describe(
          "Only those that may take a new room, that are silent, or that are draining.",
        ),
      },
      key: z.tuple([z.string()]),
      entries: "servers",
      entry: ShownServer,
      page: (asked) => gateway.view.servers(asked),
      show: (server) => showServer(server, serverKeys),
    }),
    adminMethod({
      name: "server.Show",
      summary: "Show all that is known of a server",
      does: "shows",
      params: z.object({ address: ServerAddress }),
      result: ShownServerDetail,
      errors: ["serverNotFound"],
      run: async ({ address }) => {
        const server = await gateway.view.server(address);
        if (server === undefined) throw noServer();
        return showDetail(server, serverKeys);
      },
    }),
    adminMethod({
      name: "server.Drain",
      summary: "Take a server out: it gets no new rooms, and keeps what it has",
      description: "Survives restarts of the gateway. `server.Show` and the log say when it is empty.",
      does: "changes",
      params: z.object({
        address: ServerAddress,
        deadline: z.number().min(0).max(LONGEST_DRAIN).optional().describe(
          "Seconds from now after which the rooms that are still there are closed, so that their clients come back and get " +
            "another server. If absent, they stay as long as they last.",
        ),
      }),
      result: ShownPlan,
      errors: ["serverNotFound", "unavailable"],
      run: async ({ address, deadline }) => {
        const within = deadline === undefined ? {} : { within: deadline * 1000 };
        return showPlan(await gateway.plan(address, { draining: true, ...within }));
      },
    }),
    adminMethod({
      name: "server.Resume",
      summary: "Take a server in again: it gets new rooms",
      does: "changes",
      params: z.object({ address: ServerAddress }),
      result: ShownPlan,
      errors: ["serverNotFound", "unavailable"],
      run: async ({ address }) => showPlan(await gateway.plan(address, { draining: false })),
    }),
    adminMethod({
      name: "server.SetWeight",
      summary: "Give a server a smaller share of the new rooms",
      does: "changes",
      params: z.object({
        address: ServerAddress,
        weight: z.number().min(0).max(1).describe(
          "Share of what it would take; with 0 it gets no new rooms.",
        ),
      }),
      result: ShownPlan,
      errors: ["serverNotFound", "unavailable"],
      run: async ({ address, weight }) => showPlan(await gateway.plan(address, { weight })),
    }),
    adminMethod({
      name: "server.Forget",
      summary: "Forget a server that is silent, with its rooms, tasks and weight, before its time",
      description:
        "A server is forgotten by itself once it has been silent for `sfuConfig.removeTimeout`. One that reports is not " +
        "forgotten: its rooms would be placed a second time. Its users come back to other servers; tasks that wait for it end.",
      does: "changes",
      params: z.object({ address: ServerAddress }),
      result: z.object({}),
      errors: ["serverNotFound", "conflict", "unavailable"],
      run: async ({ address }) => {
        const outcome = await gateway.forget(address);
        switch (outcome) {
          case "forgotten":
            return {};
          case "no-server":
            throw noServer();
          case "not-silent":
            throw new RpcError(
              "conflict",
              "the server reports: drain it and stop it, then it can be forgotten",
            );
          case "not-durable":
            throw NOT_DURABLE;
        }
      },
    }),
  ];
}

export function showServer(
  server: ServerInfo<UnixTime>,
  serverKeys: ServerKeys,
): z.input<typeof ShownServer> {
  const { address, pool, version, disabled, load, clients, rooms, grants, firstSeen, lastSeen, tasks } =
    server;
  const { growth, loadPerClient, weight, draining } = server;
  return {
    hostname: address.replace(/:\d+$/, ""),
    address,
    pool,
    version,
    disabled,
    keyId: serverKeys.ofServer(address).jwk.kid,
    report: { load, clients, rooms },
    grants,
    growth,
    loadPerClient,
    weight,
    draining: draining === undefined ? null : {
      deadline: draining.deadline === undefined ? null : iso(draining.deadline),
      empty: draining.empty,
    },
    firstSeen: iso(firstSeen),
    lastSeen: iso(lastSeen),
    tasks,
  };
}

function showDetail(
  server: ServerDetail<UnixTime>,
  serverKeys: ServerKeys,
): z.input<typeof ShownServerDetail> {
  const { steadyLoad, groups, unlistedRooms, foreignRooms, closingRooms, taskBytes, evicting } = server;
  const { customers, furtherCustomers } = server;
  return {
    ...showServer(server, serverKeys),
    steadyLoad,
    groups,
    unlistedRooms,
    foreignRooms,
    closingRooms,
    taskBytes,
    evicting,
    customers: [...customers],
    furtherCustomers,
  };
}

/** What is wanted of a server now, and what a call has ended of what was wanted before. */
function showPlan(outcome: Awaited<ReturnType<GatewayPort["plan"]>>): z.input<typeof ShownPlan> {
  if (outcome === "no-server") throw noServer();
  if (outcome === "not-durable") throw NOT_DURABLE;
  const { before, after: { weight, draining } } = outcome;
  const deadline = draining?.deadline;
  const earlier = before.draining?.deadline;
  const replaced = earlier !== undefined && earlier !== deadline ? { replacedDeadline: iso(earlier) } : {};
  return {
    weight,
    draining: draining === undefined ? null : { deadline: deadline === undefined ? null : iso(deadline) },
    ...replaced,
  };
}

function noServer(): RpcError {
  return new RpcError("serverNotFound", "no server of this address is known");
}
