import type { AddRoutes, OperationsEnv } from "../operations/routes.ts";
import { RpcError } from "../edge/errors.ts";
import { assets } from "./assets.ts";
import type { Dashboard } from "./dashboard.ts";

/**
 * Nothing but what this listener serves itself, no script or style within the page, and nobody's frame around it: what a
 * stranger has named can be nothing but text.
 */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...[
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ],
].join("; ");

const PAGE_HEADERS = {
  "Cache-Control": "private, no-cache", // kept, and asked for each time whether it is still so
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "same-origin",
  "Vary": "Accept-Encoding",
  "X-Frame-Options": "DENY",
};

/** Whether an `Accept-Encoding` (RFC 9110 §12.5.3) names gzip, and not to say that it is not wanted. */
function takesGzip(accepted: string): boolean {
  return accepted.split(",").some((its) => /^ *gzip *(; *q *= *(1|0\.0*[1-9]).*)?$/i.test(its));
}

/** The page, what it is told while it is open, and what was. */
export function dashboardRoutes(dashboard: Dashboard): AddRoutes {
  const { history, live } = dashboard;
  return (app) => {
    for (const [path, asset] of assets) {
      app.get(path, ({ env: { request } }) => {
        const { type, plain, zipped } = asset();
        const isZipped = takesGzip(request.header("accept-encoding") ?? "");
        const { body, tag } = isZipped ? zipped : plain;
        const headers = { ...PAGE_HEADERS, ETag: tag };
        if (request.header("if-none-match")?.includes(tag) === true) {
          return new Response(null, { status: 304, headers });
        }
        const encoding = isZipped ? { "Content-Encoding": "gzip" } : {};
        return new Response(body, { headers: { ...headers, ...encoding, "Content-Type": type } });
      });
    }
    app.get("/dashboard/live", ({ env, var: { permission } }) => {
      if (live.isFull) {
        throw new RpcError("unavailable", "too many dashboards are open; close some, and try again");
      }
      const greeting = {
        user: permission.user ?? null,
        mayChange: permission.mayCall("change"),
        version: dashboard.source.version,
      };
      env.stream = live.stream(greeting, () => dashboard.happenings(), () => void dashboard.update());
      return new Response(null, { headers: { "Content-Type": "text/event-stream" } });
    });
    app.get("/dashboard/history", ({ env }) => {
      const asked = queryOf(env);
      const server = asked.get("server");
      const customer = asked.get("customer");
      const found = server !== null
        ? history.server(server)
        : customer !== null
        ? history.customer(customer)
        : history.fleet();
      return Response.json(found ?? null);
    });
    app.get("/dashboard/minutes", () => Response.json(history.minutes()));
  };
}

function queryOf({ request: { target } }: OperationsEnv["Bindings"]): URLSearchParams {
  const begin = target.indexOf("?");
  return new URLSearchParams(begin < 0 ? "" : target.slice(begin + 1));
}
