import { isLoopback } from "../config/loopback.ts";
import type { Settings } from "../config/schema.ts";
import { ASSETS } from "../dashboard/assets.ts";
import type { InternalUser } from "../edge/auth/internal_access.ts";
import type { Gate } from "../edge/gate.ts";
import { createHandler, type EdgeContext } from "../edge/handler.ts";
import type { Handler } from "../edge/http/message.ts";
import { openRpcDocument } from "../edge/methods/admin/openrpc.ts";
import { createOperatorRoute } from "../edge/operator_route.ts";
import { movable } from "../hand_over/moving.ts";
import type { Place } from "../hand_over/passed.ts";
import { passTo } from "../hand_over/passing.ts";
import { openRpcRoute } from "../operations/openrpc_route.ts";
import type { ReadinessChecks } from "../operations/readiness.ts";
import { type AddRoutes, createOperationsHandler } from "../operations/routes.ts";
import { edgeContext, type SharedContext } from "./edge_context.ts";
import type { SharedFolder } from "./hand_over.ts";
import type { Watchers } from "./watchers.ts";

/** What answers by some settings, on either listener. */
export interface Handlers extends Readonly<Record<Place, Handler>> {
  readonly edge: EdgeContext;
}

/** What they are made of that outlives a reload of the configuration. */
export interface HandlerParts {
  readonly shared: SharedContext;
  readonly watchers: Pick<Watchers, "metrics" | "tracing">;
  readonly checks: ReadinessChecks;
  /** Further routes for operators. */
  readonly routes: readonly AddRoutes[];
}

export function handlersFor(
  settings: Settings,
  users: readonly InternalUser[],
  { shared, watchers: { metrics, tracing }, checks, routes }: HandlerParts,
): Handlers {
  const edge = edgeContext(settings, shared, users);
  const handler = createHandler(edge);
  const counted = metrics?.answers.counted(handler) ?? handler;
  return {
    edge,
    main: tracing?.handler(counted) ?? counted,
    operations: operationsHandler(settings, edge, checks, routes),
  };
}

/** What answers while this process may hand over. Health and metrics are told at once, as long as this process is there. */
export function movableHandlers(
  gate: Gate,
  { main, operations }: Readonly<Record<Place, Handler>>,
  { sockets: { requests } }: SharedFolder,
): Record<Place, Handler> {
  return {
    main: movable(gate, main, passTo(requests, "main")),
    operations: movable(gate, operations, passTo(requests, "operations"), () => false),
  };
}

function operationsHandler(
  settings: Settings,
  context: EdgeContext,
  checks: ReadinessChecks,
  routes: readonly AddRoutes[],
): Handler {
  const { users, hostname } = settings.operations;
  return createOperationsHandler(
    {
      users,
      onLoopback: isLoopback(hostname),
      refused: context.refused,
      pages: { hostname, isPage: (path) => ASSETS.includes(path) },
      longestUrl: settings.limits.url,
      checks,
      rpc: createOperatorRoute(context),
    },
    openRpcRoute(() => openRpcDocument(context.operators.list, context.admin.version)),
    ...routes,
  );
}
