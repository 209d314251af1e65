import { createHash } from "node:crypto";
import { z } from "zod";
import type { Address, RoomId, RoomInfo } from "../fleet/mod.ts";
import type { Delivery, Gateway, ShownServer } from "../gateway.ts";
import type { Stats } from "../ops/stats.ts";
import type { ServerKeys } from "../tokens/mod.ts";
import { RpcError } from "./errors.ts";
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
    "sfu.Report": method(z.object({ ...Report, server: Grid.optional() }), report),
    SubmitReport: method(z.object({ ...Report, server: Grid }), report),
    Info: method(z.object({}), async () => {
      const { servers, rooms } = await gateway.info();
      const updated = new Map(servers.map(({ address, lastSeen }) => [address, iso(lastSeen)]));
      return {
        servers: servers.map((server) => showServer(server, serverKeys)),
        rooms: rooms.map((room) => showRoom(room, updated.get(room.server)!)),
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
  return {
    hostname: address.replace(/:\d+$/, ""),
    address,
    pool,
    version,
    disabled,
    keyId: serverKeys.ofServer(address).jwk.kid,
    report: { load, clients, rooms },
    grants,
    firstSeen: iso(firstSeen),
    lastSeen: iso(lastSeen),
    tasks,
  };
}

function showRoom({ id, group, customer, server, peers, grants }: RoomInfo, updated: string): object {
  const hash = createHash("sha256").update(JSON.stringify([id[0], group])).digest("hex").slice(0, 16);
  return { hash, id, customer, server, peers, grants, updated };
}

function iso(unixTime: number): string {
  return new Date(unixTime).toISOString();
}
