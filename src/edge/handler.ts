import type { Settings } from "../config/schema.ts";
import type { ClientToken } from "../tokens/mod.ts";
import { preflightAnswer, rpcAnswer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import type { ClientAddresses } from "./http/client_address.ts";
import { createBasicGate } from "./basic_gate.ts";
import {
  authorize,
  type BearerContext,
  bearerOf,
  isForConnectAlone,
  tooManyRequests,
} from "./bearer_gate.ts";
import { type CallAudience, callerOfPermission, callerOfToken, endCall } from "./call_ending.ts";
import { OVERLOADED, RpcError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { healthAnswer } from "./health.ts";
import type { Handler, HttpAnswer, HttpRequest } from "./http/message.ts";
import { type InternalAccess, isProxied } from "./auth/internal_access.ts";
import type { Shedding } from "./limits/shedding.ts";
import { type InternalCall, type InternalContext, internalMethods } from "./methods/internal_methods.ts";
import { type PublicCall, type PublicContext, publicMethods } from "./methods/public_methods.ts";
import { answerToError, asRefusal, bodyTooLong, notServed, refusedRequest } from "./refusal.ts";
import { type AroundCall, RpcServer } from "./rpc/json_rpc.ts";
import { pathOf } from "./http/target.ts";
import { endOfTurn } from "./http/turn.ts";

/** What the edge works with; all that a worker would need to be one. */
export interface EdgeContext extends PublicContext, InternalContext, CallAudience, BearerContext {
  readonly internal: InternalAccess;
  readonly compatibility: Settings["compatibility"];
  readonly pools: { readonly names: readonly string[]; readonly default: string };
  /** What is put off while there is too much to do. */
  readonly shedding: Pick<Shedding, "shed">;
  /** Who made a request that came through a proxy. */
  readonly clients: ClientAddresses;
  /** Stands before the gateway. */
  readonly gate: Gate;
  /** Whether there is anybody whose tokens can be verified. */
  readonly ready: () => boolean;
  /** Brings all of this to what other gateways have done, where that has not been heard a moment ago. Never rejects. */
  readonly catchUp: () => Promise<void> | undefined;
  /** What calls run in, a span of a trace say; if absent, nothing. */
  readonly aroundCalls?: AroundCall | undefined;
  /** Whether nothing is missing that calls need, as `/readyz` tells. */
  readonly serves: () => boolean;
}

type Route = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * Routes and checks everything that comes before a call: path, HTTP method, limits, credentials. Rejects with `Moved` where
 * the gate is closed, and with nothing else.
 */
export function createHandler(context: EdgeContext): Handler {
  const routes = createRoutes(context);
  const answer = (request: HttpRequest): Promise<HttpAnswer> | HttpAnswer => {
    if (request.target.length > context.limits.url) {
      throw notServed("urlTooLong", "the URL is too long");
    }
    const path = pathOf(request);
    const close = { Connection: "close" };
    if (path === undefined) {
      throw notServed("invalidRequest", "the request's target or Host is none", close);
    }
    const transfer = request.header("transfer-encoding");
    if (transfer !== undefined && request.version === "1.0") {
      throw notServed("invalidRequest", "HTTP/1.0 has no chunks", close);
    }
    if (transfer !== undefined && transfer.trim().toLowerCase() !== "chunked") {
      throw notServed("unknownCoding", "send the body as it is, or chunked", close); // RFC 9112 §6.1
    }
    if (path === "*" && request.method === "OPTIONS") return preflightAnswer(request);
    const health = healthAnswer(request.method, path, context.serves);
    if (health !== undefined) return health;
    const route = routes.get(path);
    if (route === undefined) throw notServed("noSuchPath", "no such path");
    if (request.method === "OPTIONS") return preflightAnswer(request);
    if (request.method !== "POST") {
      throw notServed("notAllowed", "send a POST", { Allow: "POST, OPTIONS" });
    }
    const coding = request.header("content-encoding");
    if (coding !== undefined && coding !== "identity") {
      throw notServed("encodedBody", "send the body as it is, not compressed");
    }
    return route(request);
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      return answerToError(error, "a request", (refused) => {
        context.refused(refusedRequest(refused, context.clients.of(request)));
      });
    }
  };
}

function createRoutes(context: EdgeContext): Map<string, Route> {
  const { pools } = context;
  const publicRoute = createPublicRoute(context);
  const internalRoute = createInternalRoute(context);
  const routes = new Map<string, Route>();
  const add = (prefix: string, pool: string) => {
    const open = publicRoute(pool, prefix !== "");
    const closed = internalRoute(pool);
    for (const path of [prefix, `${prefix}/`]) routes.set(path, open);
    for (const path of [`${prefix}/internal`, `${prefix}/internal/`]) routes.set(path, closed);
  };
  add("", pools.default);
  for (const pool of pools.names) add(`/${pool}`, pool);
  return routes;
}

function createPublicRoute(context: EdgeContext): (pool: string, poolNamed: boolean) => Route {
  const { limits, clients, rates, gate } = context;
  const methods = publicMethods(context);
  const names = Object.keys(methods);
  const rpc = new RpcServer<PublicCall>(
    methods,
    limits.batch,
    endCall(context, callerOfToken),
    context.aroundCalls,
  );
  const allows = ({ methods }: Pick<ClientToken, "methods">) => {
    if (methods !== undefined) return (name: string) => methods.includes(name.toLowerCase());
    if (context.compatibility.tokenWithoutSub === "everything") return () => true;
    return (name: string) => name === "Connect";
  };
  return (pool, poolNamed) => async (request) => {
    request.connection.begin(false, request.version !== "2.0")?.end(); // nothing that a server has read
    const { shed } = context.shedding;
    if (shed === "connects and management") throw OVERLOADED;
    const client = clients.of(request);
    const now = performance.now();
    const exceeded = rates.begin(client, now);
    if (exceeded !== undefined) throw tooManyRequests(exceeded);
    try {
      if (!context.ready()) {
        throw new RpcError("unavailable", "the gateway has no customers yet; try again later");
      }
      const bearer = bearerOf(context, request);
      // Most tokens are for Connect alone: they are put off before what costs most, the look at the signature.
      const connectsPutOff = shed === "connects";
      if (connectsPutOff && isForConnectAlone(names, allows, bearer)) throw OVERLOADED;
      await context.catchUp(); // a key may have been removed
      const token = authorize(context, bearer, now);
      try {
        const allowed = allows(token);
        if (!names.some(allowed)) {
          throw new RpcError("forbidden", "the token's sub names no method that there is");
        }
        const body = await readBody(request, limits.publicBody);
        if (body === undefined) throw bodyTooLong(limits.publicBody);
        const call = { token, pool, poolNamed, client, connectsPutOff };
        const further = (requests: number) => rates.further(token, client, requests, now);
        return await gate.visit(body, async () => {
          const answer = await rpc.answer(body, call, allowed, further);
          await endOfTurn();
          return rpcAnswer(answer.body, answer.unavailable ? 503 : 200);
        });
      } catch (error) {
        throw asRefusal(error, { customer: token.customer }) ?? error;
      }
    } finally {
      rates.end(client);
    }
  };
}

function createInternalRoute(context: EdgeContext): (pool: string) => Route {
  const { limits, gateway, clients, gate } = context;
  const rpc = new RpcServer<InternalCall>(
    internalMethods(context),
    limits.batch,
    endCall(context, callerOfPermission),
    context.aroundCalls,
  );
  const authorized = createBasicGate(
    context.internal,
    (request) => context.clients.of(request),
    {
      call: "an internal call",
      realm: "internal",
    },
  );
  return (pool) => async (request) => {
    const { connection, caller } = request;
    const arrival = gateway.reportComes();
    const proof = connection.begin(isProxied(request), request.version !== "2.0");
    try {
      const permission = await authorized(request);
      const body = await readBody(request, limits.internalBody);
      if (body === undefined) throw bodyTooLong(limits.internalBody);
      await context.catchUp();
      return await gate.visit(body, async (visit) => {
        const call: InternalCall = {
          pool,
          caller,
          client: clients.of(request),
          permission,
          deliveries: [],
          proof,
          visit,
        };
        const answer = await rpc.answer(body, call, () => true);
        for (const delivery of call.deliveries) {
          connection.add(delivery, (delivery, fate) => gateway.delivered(delivery, fate), request.sent);
        }
        return rpcAnswer(answer.body, answer.unavailable ? 503 : 200);
      });
    } catch (error) {
      throw asRefusal(error, { internal: true }) ?? error;
    } finally {
      proof?.end();
      gateway.reportCame(arrival);
    }
  };
}
