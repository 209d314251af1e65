import type { Settings } from "../config/schema.ts";
import { log } from "../ops/log.ts";
import type { Stats } from "../ops/stats.ts";
import { type ClientToken, type TokenTrust, UnacceptableToken, verifyClientToken } from "../tokens/mod.ts";
import { preflightAnswer, refusal, rpcAnswer } from "./answer.ts";
import { refuseInternal } from "./basic_auth.ts";
import { readBody } from "./body.ts";
import { deliveredBody } from "./delivery.ts";
import { RpcError } from "./errors.ts";
import { type InternalCall, type InternalContext, internalMethods } from "./internal_methods.ts";
import { type PublicCall, type PublicContext, publicMethods } from "./public_methods.ts";
import { RpcServer } from "./rpc.ts";
import { endOfTurn } from "./turn.ts";

/** What the edge works with; all that a worker would need to be one. */
export interface EdgeContext extends PublicContext, InternalContext {
  readonly limits: Settings["limits"];
  readonly internal: Settings["internal"];
  readonly compatibility: Settings["compatibility"];
  readonly pools: { readonly names: readonly string[]; readonly default: string };
  readonly stats: Stats;
  readonly trust: TokenTrust;
  /** Whether there is anybody whose tokens can be verified. */
  readonly ready: () => boolean;
}

/** The IP address that a request came from. A function, because asking costs more than most requests need. */
export type Caller = () => string;

/** Answers one HTTP request. Never throws. */
export type Handler = (request: Request, caller: Caller) => Promise<Response>;

type Route = (request: Request, caller: Caller) => Promise<Response>;

/** Routes and checks everything that comes before a call: path, HTTP method, limits, credentials. */
export function createHandler(context: EdgeContext): Handler {
  const { limits } = context;
  const routes = createRoutes(context);
  return async (request, caller) => {
    const { url } = request;
    const path = url.indexOf("/", url.indexOf("//") + 2);
    if (url.length - path > limits.url) {
      return refusal(new RpcError("invalidRequest", "the URL is too long"), {}, 414);
    }
    const query = url.indexOf("?", path);
    const route = routes.get(url.slice(path, query < 0 ? undefined : query));
    if (route === undefined) return refusal(new RpcError("invalidRequest", "no such path"), {}, 404);
    if (request.method === "OPTIONS") return preflightAnswer();
    if (request.method !== "POST") {
      return refusal(new RpcError("invalidRequest", "send a POST"), { Allow: "POST, OPTIONS" }, 405);
    }
    try {
      return await route(request, caller);
    } catch (error) {
      if (error instanceof Refusal) return error.response;
      if (error instanceof RpcError) return refusal(error);
      log.error("a request failed: {error}", { error });
      return refusal(new RpcError("internal", "internal error"), {}, 500);
    }
  };
}

/** A refusal that needs more than the error's own status. */
class Refusal extends Error {
  constructor(readonly response: Response) {
    super();
  }
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
  const { limits } = context;
  const methods = publicMethods(context);
  const names = Object.keys(methods);
  const rpc = new RpcServer<PublicCall>(methods, limits.batch, countCall(context.stats));
  const allows = ({ methods }: ClientToken) => {
    if (methods !== undefined) return (name: string) => methods.includes(name.toLowerCase());
    if (context.compatibility.tokenWithoutSub === "everything") return () => true;
    return (name: string) => name === "Connect";
  };
  return (pool, poolNamed) => async (request, caller) => {
    if (!context.ready()) throw notReady();
    const token = authorize(context, request, caller);
    const allowed = allows(token);
    if (!names.some(allowed)) {
      throw new RpcError("forbidden", "the token's sub names no method that there is");
    }
    const body = await readBody(request, limits.publicBody);
    if (body === undefined) throw bodyTooLong(limits.publicBody);
    const answer = await rpc.answer(body, { token, pool, poolNamed, caller }, allowed);
    await endOfTurn();
    return rpcAnswer(answer.body, answer.unavailable ? 503 : 200);
  };
}

function createInternalRoute(context: EdgeContext): (pool: string) => Route {
  const { limits } = context;
  const rpc = new RpcServer<InternalCall>(internalMethods(context), limits.batch, countCall(context.stats));
  return (pool) => async (request, getCaller) => {
    const caller = getCaller();
    const reason = refuseInternal(context.internal, request.headers, caller);
    if (reason !== undefined) {
      log.info("an internal call from {caller} is refused: {reason}", { caller, reason });
      throw new Refusal(refusal(new RpcError("unauthorized", reason), {
        "WWW-Authenticate": 'Basic realm="odin-gateway internal", charset="UTF-8"',
      }));
    }
    const body = await readBody(request, limits.internalBody);
    if (body === undefined) throw bodyTooLong(limits.internalBody);
    const call: InternalCall = { pool, caller, deliveries: [] };
    const answer = await rpc.answer(body, call, () => true);
    const settle = (sent: boolean) => call.deliveries.forEach((delivery) => delivery.settle(sent));
    const carriesTasks = call.deliveries.some(({ tasks }) => tasks.length > 0);
    if (!carriesTasks || answer.body === null) return rpcAnswer(answer.body, answer.unavailable ? 503 : 200);
    return rpcAnswer(deliveredBody(answer.body, settle));
  };
}

function authorize(context: EdgeContext, request: Request, caller: Caller): ClientToken {
  try {
    const header = request.headers.get("authorization");
    if (header === null) throw new UnacceptableToken("the Authorization header is missing");
    if (header.length > context.limits.authorization) {
      throw new Refusal(
        refusal(new RpcError("invalidRequest", "the Authorization header is too long"), {}, 431),
      );
    }
    if (!/^bearer /i.test(header)) {
      throw new UnacceptableToken("the Authorization header is not a Bearer token");
    }
    return verifyClientToken(
      header.slice("Bearer ".length).trim(),
      context.trust,
      Math.floor(Date.now() / 1000),
    );
  } catch (error) {
    if (!(error instanceof UnacceptableToken)) throw error;
    const reason = error.message;
    log.info("a call from {caller} is refused: {reason}", { caller: caller(), reason });
    throw new Refusal(refusal(new RpcError("unauthorized", reason), {
      "WWW-Authenticate": 'Bearer realm="odin-gateway", error="invalid_token"',
    }));
  }
}

function bodyTooLong(limit: number): Refusal {
  const error = new RpcError("invalidRequest", `the body is longer than ${limit} bytes`);
  return new Refusal(refusal(error, { Connection: "close" }, 413));
}

function notReady(): Refusal {
  return new Refusal(
    refusal(new RpcError("unavailable", "the gateway has no customers yet; try again later")),
  );
}

function countCall(stats: Stats) {
  return (name: string, outcome: "success" | "failure" | "rejected", fault?: unknown) => {
    stats.count(name, outcome);
    if (fault !== undefined && !(fault instanceof RpcError)) {
      log.error("{name} failed: {fault}", { name, fault });
    }
  };
}
