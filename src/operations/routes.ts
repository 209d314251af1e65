import { Hono } from "hono";
import { createBasicGate } from "../edge/basic_gate.ts";
import { RpcError } from "../edge/errors.ts";
import { healthAnswer } from "../edge/health.ts";
import type { OwnPages } from "../edge/auth/own_page.ts";
import {
  type InternalAccess,
  type InternalUser,
  OPERATIONS,
  type Permission,
  permit,
} from "../edge/auth/internal_access.ts";
import { spelt } from "../edge/http/answer.ts";
import type { Handler, HttpAnswer, HttpRequest, Stream } from "../edge/http/message.ts";
import { pathOf } from "../edge/http/target.ts";
import type { OperatorRoute } from "../edge/operator_route.ts";
import { answerToError, notServed, refusedRequest } from "../edge/refusal.ts";
import type { RefusalObserver } from "../edge/refusal_observer.ts";
import { isReady, readiness, type ReadinessChecks } from "./readiness.ts";

/** What the operations listener shows. */
export interface OperationsContext {
  readonly users: readonly InternalUser[];
  /** Whether nobody but this machine reaches the listener. */
  readonly onLoopback: boolean;
  readonly refused: RefusalObserver;
  /** The pages that it has for browsers. */
  readonly pages: OwnPages;
  /** Longest URL, in characters. */
  readonly longestUrl: number;
  readonly checks: ReadinessChecks;
  /** Admin methods by JSON-RPC. */
  readonly rpc: OperatorRoute;
}

/**
 * What a route has beside Hono's own: the request as it came, its path, and what its sender may do. A route whose answer goes
 * on sets `stream`; `toAnybody` is as in {@link HttpAnswer}.
 */
export interface OperationsEnv {
  Bindings: { readonly request: HttpRequest; readonly path: string; toAnybody?: boolean; stream?: Stream };
  Variables: { permission: Permission };
}

export type OperationsApp = Hono<OperationsEnv>;

/** Methods of HTTP that a request may have; the runtime's `Request` refuses some others. */
const METHODS = ["GET", "HEAD", "POST"];

/** Adds routes; each is for callers that have been let in (`c.var.permission`). */
export type AddRoutes = (app: OperationsApp) => void;

/**
 * Answers on the operations listener. Without credentials there is nothing but health, and that without detail. Hono sees
 * the path as it came, neither decoded nor normalized, so that no other spelling of a path leads around a check. Rejects with
 * `Moved` where the gate is closed, and with nothing else.
 */
export function createOperationsHandler(context: OperationsContext, ...more: readonly AddRoutes[]): Handler {
  const app = createApp(context, more);
  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    if (request.target.length > context.longestUrl) {
      throw notServed("urlTooLong", "the URL is too long");
    }
    const path = pathOf(request);
    if (path === undefined) {
      throw notServed("invalidRequest", "the request's target or Host is none");
    }
    if (!METHODS.includes(request.method)) {
      throw notServed("notAllowed", "no such method of HTTP here", { Allow: METHODS.join(", ") });
    }
    const { method } = request;
    const env: OperationsEnv["Bindings"] = { request, path };
    const answered = await answerOf(await app.fetch(new Request("http://operations/", { method }), env));
    return { ...answered, stream: env.stream, toAnybody: env.toAnybody === true };
  };
  return async (request) => {
    const answered = await answer(request).catch((error) =>
      operatorsAnswerToError(error, request, context.refused)
    );
    return { ...answered, ownSiteOnly: true };
  };
}

function createApp(context: OperationsContext, more: readonly AddRoutes[]): OperationsApp {
  const { users, onLoopback, refused, checks, pages } = context;
  const app: OperationsApp = new Hono<OperationsEnv>({
    getPath: (_request, options) => (options?.env as OperationsEnv["Bindings"]).path,
  });
  const access: InternalAccess = { place: OPERATIONS, users, onLoopback, pages };
  const name = { call: "a request to operations", realm: "operations" };
  const authorized = createBasicGate(access, ({ caller }) => caller, name);
  app.use(async ({ env, set }, next) => {
    const { request, path } = env;
    const health = healthAnswer(request.method, path, () => isReady(checks));
    if (health !== undefined && request.header("authorization") === undefined) {
      env.toAnybody = true;
      if (!isPermitted(access, request)) return responseTo(health); // nothing is refused, so nothing is said
    }
    set("permission", await authorized(request));
    return await next();
  });
  app.get("/healthz", () => Response.json({ status: "ok" }));
  app.get("/readyz", () => {
    const found = readiness(checks);
    return Response.json(found, { status: found.status === "ok" ? 200 : 503 });
  });
  app.post(
    "/rpc",
    async ({ env: { request }, var: { permission } }) => responseTo(await context.rpc(request, permission)),
  );
  for (const add of more) add(app);
  app.notFound(({ env: { path } }) => {
    const routes = app.routes.filter((route) => route.path === path && route.method !== "ALL");
    if (routes.length === 0) throw notServed("noSuchPath", "no such path");
    const allowed = routes.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]);
    throw notServed("notAllowed", `send a ${allowed[0]}`, { Allow: allowed.join(", ") });
  });
  app.onError((error, { env: { request } }) => responseTo(operatorsAnswerToError(error, request, refused)));
  return app;
}

function isPermitted(access: InternalAccess, request: HttpRequest): boolean {
  try {
    permit(access, request);
    return true;
  } catch (error) {
    if (error instanceof RpcError) return false;
    throw error;
  }
}

/** As of {@link answerToError}, to operators. */
function operatorsAnswerToError(
  error: unknown,
  { caller }: HttpRequest,
  refused: RefusalObserver,
): HttpAnswer {
  return answerToError(error, "a request to operations", (its) => {
    const { call = "a request to operations" } = its.told;
    refused({ ...refusedRequest(its, caller), call, internal: true });
  });
}

function responseTo({ status, body, headers }: HttpAnswer): Response {
  const all = body === null ? headers : { "Content-Type": "application/json", ...headers };
  return new Response(body, { status, headers: { ...all } });
}

async function answerOf(response: Response): Promise<HttpAnswer> {
  const headers = Object.fromEntries(Array.from(response.headers, ([name, value]) => [spelt(name), value]));
  const isText = !response.headers.has("Content-Encoding");
  const read = () => isText ? response.text() : response.bytes();
  return { status: response.status, body: response.body === null ? null : await read(), headers };
}
