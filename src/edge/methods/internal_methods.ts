import { z } from "zod";
import { type Address, addressAt } from "../../fleet/mod.ts";
import type { Delivery } from "../../gateway/port.ts";
import type { Complaints } from "../../ops/complaints.ts";
import { RpcError } from "../errors.ts";
import type { Proof } from "../http/connection.ts";
import type { Permission, Purpose } from "../auth/internal_access.ts";
import { readReport } from "../reports/report_reader.ts";
import { type Method, method, methodReading, parseParams } from "../rpc/json_rpc.ts";
import { Turns } from "../rpc/turns.ts";
import { completeServerConfig } from "../server_config/server_config.ts";
import type { AdminMethod } from "./admin/method.ts";
import { type AdminContext, adminMethods } from "./admin/registry.ts";
import { ServerAddress } from "./admin/shapes.ts";

/** A request at the gateway, which waits outside for what is not the gateway, so that nobody has to wait for it (`gate.ts`). */
export interface Visit {
  readonly isInside: boolean;
  /** @throws {RpcError} where another process takes over meanwhile */
  elsewhere<Result>(wait: () => Promise<Result>): Promise<Result>;
  /** Until it comes in again, nothing of the gateway may be touched for it. */
  leave(): void;
  /** @throws {RpcError} where another process has taken over */
  comeIn(): Promise<void>;
}

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
  /** The request that it came with, which all calls of a batch share. */
  readonly visit: Visit;
}

/** The methods for operators, of which there is one list for all listeners. */
export interface OperatorMethods {
  /** All of them, as they are described. */
  readonly list: readonly AdminMethod[];
  /** The same by name, as they are called: one call of a dear method is made at a time, whichever listener it comes to. */
  readonly byName: Readonly<Record<string, Method<InternalCall>>>;
}

/** What the internal methods work with. */
export interface InternalContext extends AdminContext {
  readonly complaints: Complaints;
  readonly operators: OperatorMethods;
  /** What a server's own configuration is filled up with. */
  readonly recommended: Record<string, unknown>;
}

/** Port of a server that does not say at which address it is reached. */
const DEFAULT_PORT = 4433;

const Grid = z.literal("grid", "only grid is supported");
const Origin = { public_endpoint: ServerAddress.optional(), version: z.string() };
/** A server's own configuration is a few kilobytes; what is far more takes too long to read. */
const LONGEST_CONFIG = 128 * 1024;
const Config = { ...Origin, config: z.string().max(LONGEST_CONFIG) };

/** Params with which a server asks for its configuration. */
export const CONFIG_PARAMS = z.object({ ...Config, server: Grid.optional() });

/** The methods for servers and operators (`docs/protocol.md` §7). */
export function internalMethods(context: InternalContext): Record<string, Method<InternalCall>> {
  const { gateway, serverKeys, recommended, complaints } = context;
  const addressOf = (params: { public_endpoint?: Address | undefined }, call: InternalCall): Address => {
    const address = addressIn(params, call);
    if (call.permission.maySpeakFor(address)) return address;
    throw new RpcError("forbidden", `this user may not speak for ${address}`);
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
    const Sender = z.object({ public_endpoint: ServerAddress.optional(), server });
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
    "sfu.GridConfig": method(CONFIG_PARAMS, config),
    GetConfig: method(z.object({ ...Config, server: Grid }), config),
    "sfu.Report": methodReading(reportReader(Grid.optional()), report),
    SubmitReport: methodReading(reportReader(Grid), report),
  };
  return { ...restricted(forServers, "serve"), ...context.operators.byName };
}

/** The methods for operators: of `/internal`, and of `/rpc` on the operations listener. */
export function operatorMethods(context: AdminContext): OperatorMethods {
  const list = adminMethods(context);
  const of = (does: AdminMethod["does"]) =>
    Object.fromEntries(
      list.filter((method) => method.does === does).map(({ name, call, isDear, waitsForOthers }) => {
        const run = (params: unknown, { permission: { user }, visit }: InternalCall) => {
          if (isDear === true) visit.leave(); // it looks at what is in memory, here even when another process takes over
          return waitsForOthers === true
            ? visit.elsewhere(() => call(params, { user }))
            : call(params, { user });
        };
        const turns = isDear === true ? new Turns() : undefined;
        const read = (params: unknown, { visit }: InternalCall) => {
          if (isDear === true) visit.leave(); // while it waits for its turn
          return params;
        };
        return [name, { ...methodReading(read, run), onlyShows: does === "shows", turns }];
      }),
    );
  return { list, byName: { ...restricted(of("changes"), "change"), ...restricted(of("shows"), "show") } };
}

/** The methods, for callers whose role allows them. */
function restricted(
  methods: Readonly<Record<string, Method<InternalCall>>>,
  purpose: Purpose,
): Record<string, Method<InternalCall>> {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, {
      ...method,
      refuse: ({ permission }: InternalCall) =>
        permission.mayCall(purpose) ? undefined : whoseItIs(purpose, permission),
      run: (params: never, call: InternalCall, notification: boolean) => {
        const run = () => method.run(params, call, notification);
        return call.visit.isInside ? run() : call.visit.comeIn().then(run); // amid a batch another process may take over
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
