/**
 * Pages in a browser that may call a listener: its own, and nobody else's.
 *
 * @module
 */
import { isLoopback } from "../../config/loopback.ts";
import type { HttpRequest } from "../http/message.ts";

/** The pages that a listener has itself. */
export interface OwnPages {
  /** Name or address that the listener is configured to listen on. */
  readonly hostname: string;
  /** Whether a path is a part of the page itself, which is the same for everybody and tells nothing. */
  readonly isPage: (path: string) => boolean;
}

/** Headers that browsers send of themselves, besides those that any program sends. */
const BROWSER_HEADERS = new Set([
  ...["origin", "referer", "cookie", "dnt", "upgrade-insecure-requests", "last-event-id", "purpose"],
  ...["if-none-match", "if-modified-since"],
]);

export function isBrowserHeader(name: string): boolean {
  return name.startsWith("sec-") || BROWSER_HEADERS.has(name);
}

type Asked = Pick<HttpRequest, "header" | "hosts" | "method">;

/** Whether a browser says that it made the request, and where from. */
export function isFromBrowser(request: Asked): boolean {
  return request.header("sec-fetch-site") !== undefined;
}

/**
 * Why a request that a browser made for a page is not one of this listener's own page, or of a person who looks at it.
 * `Sec-Fetch-Site` and `Origin` cannot be set by a page. What changes something is a POST, and JSON: a page of another site
 * would have to ask before it sends that, and is never allowed to.
 */
export function foreignPage(request: Asked): string | undefined {
  const origin = request.header("origin");
  const site = request.header("sec-fetch-site");
  if (origin !== undefined && !isOwn(origin, request)) return "a page of another site";
  const navigates = request.method !== "POST" && request.header("sec-fetch-mode") === "navigate" &&
    request.header("sec-fetch-dest") === "document";
  if (site !== undefined && site !== "same-origin" && !navigates) return "a page of another site";
  if (request.method === "POST" && (origin !== undefined || site !== undefined)) {
    if (!/^application\/json *(;|$)/i.test(request.header("content-type") ?? "")) {
      return "a form of a page, not application/json";
    }
  }
  return undefined;
}

/**
 * Whether a `Host` names this machine beyond doubt: a loopback address, `localhost`, or the configured name. Any other name,
 * also one without a domain, may be somebody's who made it mean this machine.
 */
export function isOwnHost(host: string, hostname: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === hostname.toLowerCase() || isLoopback(name);
}

/**
 * Why a browser's request may not come from this machine, where nobody has to say who he is. A name that was made to mean
 * this machine (DNS rebinding) shows in `Host`; a proxy that brings the whole world here shows in where the page was loaded
 * from. Parts of the page itself tell nothing, and so may be asked for first.
 */
export function foreignBrowser(
  request: Asked,
  path: string,
  { hostname, isPage }: OwnPages,
): string | undefined {
  const [host = ""] = request.hosts;
  if (!isOwnHost(host, hostname)) return "another host than this machine";
  if (isPage(path)) return undefined;
  const from = request.header("origin") ?? request.header("referer");
  return from !== undefined && isOwn(from, request) ? undefined : "no page of this listener that made it";
}

/** Whether a URL has the host that the request was sent to. Whatever the scheme: a proxy may end TLS. */
function isOwn(url: string, { hosts: [host] }: Asked): boolean {
  const parsed = URL.parse(url);
  if (parsed === null || host === undefined) return false;
  const [plain, secure] = [":80", ":443"].map((port) =>
    host.toLowerCase().replace(new RegExp(`${port}$`), "")
  );
  return parsed.host === (parsed.protocol === "https:" ? secure : plain);
}
