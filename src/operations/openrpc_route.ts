import type { AddRoutes } from "./routes.ts";

/**
 * `/openrpc.json`: the methods that `/rpc` has, as an OpenRPC document, for whoever may see anything there.
 *
 * @param document made when somebody asks, and once
 */
export function openRpcRoute(document: () => object): AddRoutes {
  let made: object | undefined;
  return (app) => app.get("/openrpc.json", () => Response.json(made ??= document()));
}
