import { createHash } from "node:crypto";
import { z } from "zod";
import {
  type Address,
  addressAt,
  type KindInfo,
  parseAddress,
  type RoomInfo,
  type ServerInfo,
} from "../../fleet/mod.ts";
import type { Delivery, GatewayPort, ShownExplanation } from "../../gateway/port.ts";
import type { Complaints } from "../../ops/complaints.ts";
import type { Refusals } from "../../ops/refusals.ts";
import type { Stats } from "../../ops/stats.ts";
import { Name, type ServerKeys } from "../../tokens/mod.ts";
import { NOT_DURABLE, RpcError } from "../errors.ts";
import type { Proof } from "../http/connection.ts";
import type { Permission, Purpose } from "../auth/internal_access.ts";
import { type Reloading, reloadMethods } from "./reload_methods.ts";
import { readReport } from "../reports/report_reader.ts";
import { type Method, method, methodReading, parseParams } from "../rpc/json_rpc.ts";
import { completeServerConfig } from "../server_config/server_config.ts";

/** What a call of an internal method comes with. */
export interface InternalCall {
  readonly pool: string;
  /** IP address that the request came from: a proxy's, where there is one. */
  readonly caller: string;
  /** IP address of whoever made the request, for the log. */
  readonly client: string;
  readonly permission: Permission;
  /** What the request may prove of answers that went out before. */
  readonly proof: Proof | undefined;
  /** Takes what is to be told once it is known whether the answer was fully sent. */
  readonly deliveries: Delivery[];
}

/** What the internal methods work with. */
export interface InternalContext {
  readonly gateway: GatewayPort;
  readonly serverKeys: ServerKeys;
  readonly stats: Stats;
  readonly complaints: Complaints;
  readonly refusals: Refusals;
  /** What a server's own configuration is filled up with. */
  readonly recommended: Record<string, unknown>;
  /** Reads the configuration again. */
  readonly reloading: Reloading;
}

/** Port of a server that does not say at which address it is reached. */
const DEFAULT_PORT = 4433;

/** Longest time from now to a deadline for draining, in seconds: a year. More is a point in time, by mistake. */
const LONGEST_DRAIN = 365 * 86400;

const Endpoint = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  context.addIssue("expected host:port, of a host that clients can reach and a port from 1 to 65535");
  return z.NEVER;
});
const Grid = z.literal("grid", "only grid is supported");
const Origin = { public_endpoint: Endpoint.optional(), version: z.string() };
/** A server's own configuration is a few kilobytes; what is far more takes too long to read. */
const LONGEST_CONFIG = 128 * 1024;
const Config = { ...Origin, config: z.string().max(LONGEST_CONFIG) };

/** The methods for servers and operators (`docs/protocol.md` §7). */
export function internalMethods(context: InternalContext): Record<string, Method<InternalCall>> {
  const { gateway, serverKeys, recommended, complaints, refusals } = context;
  const addressOf = (params: { public_endpoint?: Address | undefined }, call: InternalCall): Address => {
    const address = addressIn(params, call);
    if (call.permission.maySpeakFor(address)) return address;
    const reason = `this user may not speak for ${address}`;
    refusals.ofCaller("an internal call", call.client, "forbidden: another server's address", reason);
    throw new RpcError("forbidden", reason);
  };

  // deno-lint-ignore require-await -- a method that throws must reject
  async function config(params: z.output<z.ZodObject<typeof Config>>, call: InternalCall): Promise<object> {
    const address = addressOf(params, call);
    const { jwk } = serverKeys.ofServer(address);
    const warn = (warning: string) => complaints.about(address, warning);
    return { config: completeServerConfig(params.config, recommended, jwk, warn) };
  }

  /** A report and the server that it is of; also what is refused is told with its server. */
  function reportReader(server: z.ZodType) {
    const Sender = z.object({ public_endpoint: Endpoint.optional(), server });
    return (params: unknown, call: InternalCall) => {
      const address = addressOf(parseParams(Sender, params), call);
      try {
        return { address, report: readReport(params as Readonly<Record<string, unknown>>) };
      } catch (error) {
        if (error instanceof RpcError) complaints.about(address, `a report is refused: ${error.message}`);
        throw error;
      }
    };
  }

  async function report(
    { address, report }: ReturnType<ReturnType<typeof reportReader>>,
    call: InternalCall,
    notification: boolean,
  ): Promise<object> {
    const { version, load, clients, rooms, odd } = report;
    call.proof?.reportOf(address);
    if (odd !== undefined) complaints.about(address, `in its report, ${odd}`);
    const input = { address, pool: call.pool, version, load, clients, rooms };
    const outcome = await gateway.report(input, !notification);
    if (!outcome.accepted) {
      throw new RpcError(
        "rateLimited",
        "too many servers; see limits.servers in the gateway's configuration",
      );
    }
    if (outcome.delivery !== undefined) call.deliveries.push(outcome.delivery);
    return { tasks: outcome.tasks };
  }

  const forServers: Record<string, Method<InternalCall>> = {
    "sfu.GridConfig": method(z.object({ ...Config, server: Grid.optional() }), config),
    GetConfig: method(z.object({ ...Config, server: Grid }), config),
    "sfu.Report": methodReading(reportReader(Grid.optional()), report),
    SubmitReport: methodReading(reportReader(Grid), report),
  };
  return { ...restricted(context, forServers, "serve"), ...operatorMethods(context) };
}

/** The methods for operators: of `/internal`, and of `/rpc` on the operations listener. */
export function operatorMethods(context: InternalContext): Record<string, Method<InternalCall>> {
  const { gateway, serverKeys, stats } = context;
  const changing: Record<string, Method<InternalCall>> = {
    "server.Drain": method(
      z.object({ address: Endpoint, deadline: z.number().min(0).max(LONGEST_DRAIN).optional() }),
      async ({ address, deadline }) => {
        const within = deadline === undefined ? {} : { within: deadline * 1000 };
        return showPlan(await gateway.plan(address, { draining: true, ...within }));
      },
    ),
    "server.Resume": method(
      z.object({ address: Endpoint }),
      async ({ address }) => showPlan(await gateway.plan(address, { draining: false })),
    ),
    "server.SetWeight": method(
      z.object({ address: Endpoint, weight: z.number().min(0).max(1) }),
      async ({ address, weight }) => showPlan(await gateway.plan(address, { weight })),
    ),
    "kind.Forget": method(
      z.object({ namespace: z.string().nullish(), template: z.string().nullish() }),
      async ({ namespace, template }) => {
        const forgotten = await gateway.forgetKind({ namespace: namespace ?? "", template: template ?? "" });
        if (!forgotten) {
          throw new RpcError("invalidParams", "nothing was learned of such a kind; Info lists them");
        }
        return {};
      },
    ),
  };
  const showing: Record<string, Method<InternalCall>> = {
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
  return {
    ...restricted(context, { ...changing, ...reloadMethods(context.reloading) }, "change"),
    ...restricted(context, showing, "show"),
  };
}

/** The methods, for callers whose role allows them. */
function restricted(
  { refusals }: InternalContext,
  methods: Readonly<Record<string, Method<InternalCall>>>,
  purpose: Purpose,
): Record<string, Method<InternalCall>> {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, {
      ...method,
      refuse: ({ permission, client }: InternalCall) => {
        if (permission.mayCall(purpose)) return undefined;
        const reason = whoseItIs(purpose, permission);
        refusals.ofCaller(name, client, "forbidden", reason);
        return reason;
      },
    }]),
  );
}

/** Whom a method is for that a caller may not call. */
function whoseItIs(purpose: Purpose, { mayCall }: Permission): string {
  if (purpose === "serve") return "this method is for servers";
  return mayCall("show")
    ? "this method changes something, which takes the role admin"
    : "this method is for operators";
}

function addressIn(
  params: { public_endpoint?: Address | undefined },
  { caller }: InternalCall,
): Address {
  const address = params.public_endpoint ?? addressAt(caller, DEFAULT_PORT);
  if (address === undefined) {
    throw new RpcError(
      "invalidParams",
      "public_endpoint: expected host:port; the caller's own address is not known",
    );
  }
  return address;
}

function showServer(server: ServerInfo, serverKeys: ServerKeys): object {
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

function showKind({ namespace, template, weight, sum, p50, p95, placedFor, fillTime }: KindInfo): object {
  return {
    namespace: namespace === "" ? null : namespace,
    template: template === "" ? null : template,
    rooms: weight,
    mean: sum / weight,
    p50,
    p95,
    placedFor,
    median: p50, // for one release more, as `large`
    large: p95,
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

/** What is wanted of a server now, and what a call has ended of what was wanted before. */
function showPlan(outcome: Awaited<ReturnType<GatewayPort["plan"]>>): object {
  if (outcome === "no-server") throw new RpcError("serverNotFound", "no server of this address is known");
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

function iso(unixTime: number): string {
  return new Date(unixTime).toISOString();
}
