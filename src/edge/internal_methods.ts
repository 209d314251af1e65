import { createHash } from "node:crypto";
import { z } from "zod";
import type { Address, KindInfo, RoomId, RoomInfo } from "../fleet/mod.ts";
import type { Delivery, Gateway, ShownExplanation, ShownServer } from "../gateway.ts";
import type { Stats } from "../ops/stats.ts";
import { Name, type ServerKeys } from "../tokens/mod.ts";
import { NOT_DURABLE, RpcError } from "./errors.ts";
import { type Method, method } from "./rpc.ts";
import { completeServerConfig } from "./server_config.ts";

/** What a call of an internal method comes with. */
export interface InternalCall {
  readonly pool: string;
  /** IP address that the request came from. */
  readonly caller: string;
  /** Takes what is to be told once it is known whether the answer was fully sent. */
  readonly deliveries: Delivery[];
}

/** What the internal methods work with. */
export interface InternalContext {
  readonly gateway: Gateway;
  readonly serverKeys: ServerKeys;
  readonly stats: Stats;
  /** What a server's own configuration is filled up with. */
  readonly recommended: Record<string, unknown>;
}

/** Port of a server that does not say at which address it is reached. */
const DEFAULT_PORT = 4433;

/** Longest time from now to a deadline for draining, in seconds: a year. More is a point in time, by mistake. */
const LONGEST_DRAIN = 365 * 86400;

const Endpoint = z.string().max(255).regex(
  /^(\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]|[^\s:/@[\]]+):\d{1,5}$/,
  "expected host:port",
);
const Grid = z.literal("grid", "only grid is supported");
const Origin = { public_endpoint: Endpoint.optional(), version: z.string() };
const Config = { ...Origin, config: z.string() };
/** A pair; as a tuple it would take twice the time of all the rest of a report. */
const Id = z.array(z.string()).length(2) as unknown as z.ZodType<RoomId>;
const Report = {
  ...Origin,
  load: z.number(),
  clients: z.int().min(0),
  rooms: z.array(z.object({
    id: Id,
    customer: z.string(),
    peers: z.int().min(0),
    age: z.object({ secs: z.number(), nanos: z.number() }).optional(),
  })),
};

/** Params of `sfu.Report`. */
export const ReportParams = z.object({ ...Report, server: Grid.optional() });

/** The methods for servers and operators (`PROTOCOL.md` §7). */
export function internalMethods(context: InternalContext): Record<string, Method<InternalCall>> {
  const { gateway, serverKeys, stats, recommended } = context;

  // deno-lint-ignore require-await -- a method that throws must reject
  async function config(params: z.output<z.ZodObject<typeof Config>>, call: InternalCall): Promise<object> {
    const { jwk } = serverKeys.ofServer(addressOf(params, call));
    return { config: completeServerConfig(params.config, recommended, jwk) };
  }

  async function report(
    params: z.output<z.ZodObject<typeof Report>>,
    call: InternalCall,
    notification: boolean,
  ): Promise<object> {
    const address = addressOf(params, call);
    const { version, load, clients, rooms } = params;
    if (!await gateway.report({ address, pool: call.pool, version, load, clients, rooms })) {
      throw new RpcError(
        "rateLimited",
        "too many servers; see limits.servers in the gateway's configuration",
      );
    }
    if (notification) return { tasks: [] }; // no answer to put tasks into
    const delivery = await gateway.deliver(address);
    call.deliveries.push(delivery);
    return { tasks: delivery.tasks };
  }

  return {
    "sfu.GridConfig": method(z.object({ ...Config, server: Grid.optional() }), config),
    GetConfig: method(z.object({ ...Config, server: Grid }), config),
    "sfu.Report": method(ReportParams, report),
    SubmitReport: method(z.object({ ...Report, server: Grid }), report),
    "server.Drain": method(
      z.object({ address: Endpoint, deadline: z.number().min(0).max(LONGEST_DRAIN).optional() }),
      async ({ address, deadline }) => {
        const within = deadline === undefined ? {} : { within: deadline * 1000 };
        return planned(await gateway.plan(address as Address, { draining: true, ...within }));
      },
    ),
    "server.Resume": method(
      z.object({ address: Endpoint }),
      async ({ address }) => planned(await gateway.plan(address as Address, { draining: false })),
    ),
    "server.SetWeight": method(
      z.object({ address: Endpoint, weight: z.number().min(0).max(1) }),
      async ({ address, weight }) => planned(await gateway.plan(address as Address, { weight })),
    ),
    "room.Explain": method(z.object({ room_id: z.tuple([Name, Name]) }), async ({ room_id }) => {
      const its = await gateway.explain(room_id);
      if (its === undefined) throw new RpcError("roomNotFound", "no server for room found");
      return showExplanation(its);
    }),
    Info: method(z.object({}), async () => {
      const { servers, rooms, kinds } = await gateway.info();
      const updated = new Map(servers.map(({ address, lastSeen }) => [address, iso(lastSeen)]));
      return {
        servers: servers.map((server) => showServer(server, serverKeys)),
        rooms: rooms.map((room) => showRoom(room, updated.get(room.server)!)),
        kinds: kinds.map(showKind),
        stats: { apiCalls: stats.apiCalls },
      };
    }),
  };
}

function addressOf(params: { public_endpoint?: string | undefined }, { caller }: InternalCall): Address {
  if (params.public_endpoint !== undefined) return params.public_endpoint as Address;
  return `${caller.includes(":") ? `[${caller}]` : caller}:${DEFAULT_PORT}` as Address;
}

function showServer(server: ShownServer, serverKeys: ServerKeys): object {
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

function showRoom({ id, group, customer, server, peers, grants }: RoomInfo, updated: string): object {
  const hash = createHash("sha256").update(JSON.stringify([id[0], group])).digest("hex").slice(0, 16);
  return { hash, id, customer, server, peers, grants, updated };
}

function showKind({ namespace, template, weight, sum, median, large, fillTime }: KindInfo): object {
  return {
    namespace: namespace === "" ? null : namespace,
    template: template === "" ? null : template,
    rooms: weight,
    mean: sum / weight,
    median,
    large,
    growsFor: fillTime / 1000,
  };
}

function showExplanation({ server, group, explanation }: ShownExplanation): object {
  if (explanation === undefined) {
    const note =
      "the server reported the room, or it was placed before the gateway's last start or too long ago";
    return { server, group, explanation: null, note };
  }
  const { at, kind, ...rest } = explanation;
  return { server, group, explanation: { at: iso(at), ...kind, ...rest } };
}

function planned(outcome: "accepted" | "no-server" | "not-durable"): object {
  if (outcome === "no-server") throw new RpcError("serverNotFound", "no server of this address is known");
  if (outcome === "not-durable") throw NOT_DURABLE;
  return {};
}

function iso(unixTime: number): string {
  return new Date(unixTime).toISOString();
}
