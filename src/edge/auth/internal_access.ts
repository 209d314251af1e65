import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../config/loopback.ts";
import { pathOf } from "../http/target.ts";
import { RpcError } from "../errors.ts";
import type { HttpRequest } from "../http/message.ts";
import {
  foreignBrowser,
  foreignPage,
  isBrowserHeader,
  isFromBrowser,
  isOwnHost,
  type OwnPages,
} from "./own_page.ts";

/** What a method does: what servers ask for, what only shows something to operators, what changes something for them. */
export type Purpose = "serve" | "show" | "change";

/** What a user may call, by its role: of `internal.users` the first two, of `operations.users` the last two. */
const ROLES = {
  server: ["serve"],
  operator: ["show", "change"],
  read: ["show"],
  admin: ["show", "change"],
} as const satisfies Record<string, readonly Purpose[]>;

export type Role = keyof typeof ROLES;

/** Somebody who may call the internal methods, or operations. */
export interface InternalUser {
  readonly name: string;
  readonly password: string;
  /** Its only role; if absent, it may call everything. */
  readonly role?: Role | undefined;
  /** The only servers that it may speak for, `host:port`; a `*` stands for any text. If absent, any. */
  readonly addresses?: readonly string[] | undefined;
}

/** What callers are told of the place that they call. */
export interface Place {
  readonly what: string;
  /** Member of the configuration that has its users. */
  readonly member: string;
}

const INTERNAL: Place = { what: "internal methods", member: "internal.users" };
export const OPERATIONS: Place = { what: "operations", member: "operations.users" };

/** Who may call the internal methods, or operations. */
export interface InternalAccess {
  /** If absent, the internal methods. */
  readonly place?: Place;
  readonly users: readonly InternalUser[];
  /** Who may call while there are no users; if absent, local callers of a listener that is bound to loopback. */
  readonly withoutUsers?: "loopback" | "anyone" | undefined;
  /** Whether nobody but this machine reaches the listener. */
  readonly onLoopback: boolean;
  /** Pages of its own, which may call it from a browser; if absent, no page may. */
  readonly pages?: OwnPages | undefined;
}

/** What an internal call is allowed to do. */
export interface Permission {
  /** Name of the user; nothing where there are no users. */
  readonly user: string | undefined;
  /** The user's role; nothing where it may do everything. */
  readonly role: Role | undefined;
  mayCall(purpose: Purpose): boolean;
  maySpeakFor(server: string): boolean;
}

const EVERYTHING: Permission = {
  user: undefined,
  role: undefined,
  mayCall: () => true,
  maySpeakFor: () => true,
};

/**
 * Headers that programs send of themselves. A proxy on this machine makes the whole world look local, and a page in a local
 * browser is somebody else's; both show it by further headers, of which there is no complete list.
 */
const OWN_HEADERS = new Set([
  ...["host", ":authority", ":method", ":path", ":scheme"],
  ...["authorization", "content-length", "content-type", "transfer-encoding", "expect"],
  ...["accept", "accept-charset", "accept-encoding", "accept-language", "user-agent"],
  ...["cache-control", "pragma", "priority", "te", "date"],
  "x-prometheus-scrape-timeout-seconds",
  ...["connection", "keep-alive", "upgrade", "http2-settings"],
]);

/** Names by which a local server calls `/internal`, which no page may call: loopback, or a name without a domain. */
const LOCAL_HOST = /^(127(\.\d+){3}|\[::1\]|[^.:[\]]+|([^.:[\]]+\.)*localhost\.?)(:\d+)?$/i;

/** Headers by which a request says that a proxy has passed it on. */
const PROXY_HEADERS = [
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-real-ip",
];

/** Whether the request says that a proxy has passed it on; HTTP/1.0 is what proxies fall back to. */
export function isProxied(request: Pick<HttpRequest, "header" | "version">): boolean {
  return request.version === "1.0" || PROXY_HEADERS.some((name) => request.header(name) !== undefined);
}

/**
 * What a request to `/internal` (`docs/protocol.md` §7), or to the operations listener, may do: with users, what the user may, by HTTP Basic (RFC 7617),
 * compared in constant time. Without, it is for local callers that show no sign of a proxy or a browser; a listener that has
 * pages of its own is open to a browser on this machine that shows these.
 *
 * @throws {RpcError} `unauthorized` with the reason; nothing else of the request is to be looked at then
 */
export function permit(access: InternalAccess, request: HttpRequest): Permission {
  const { what, member } = access.place ?? INTERNAL;
  const refused = (reason: string) => new RpcError("unauthorized", `${what} are ${reason}`);
  const { pages } = access;
  if (pages === undefined) {
    if (request.header("origin") !== undefined) throw refused("not open to pages in a browser");
  } else {
    const foreign = foreignPage(request);
    if (foreign !== undefined) throw refused(`not open to ${foreign}`);
  }
  if (access.users.length > 0) {
    return permissionOf(findUser(access.users, request.header("authorization"), member));
  }
  if (access.withoutUsers === "anyone") return EVERYTHING;
  if (access.withoutUsers === undefined && !access.onLoopback) throw refused(`closed: configure ${member}`);
  if (!isLoopback(request.caller)) throw refused(`open to this machine only; configure ${member}`);
  const sign = foreignSign(request, pages);
  if (sign !== undefined) throw refused(`not open to requests with ${sign}; configure ${member}`);
  return EVERYTHING;
}

/** What shows that a request was not made by a program on this machine, if anything does. */
function foreignSign(request: HttpRequest, pages: OwnPages | undefined): string | undefined {
  const browser = pages !== undefined && isFromBrowser(request);
  const header = request.headerNames().find((name) =>
    !OWN_HEADERS.has(name) && !(browser && isBrowserHeader(name))
  );
  if (header !== undefined) return `the header ${header.slice(0, 100)}`;
  if (browser) {
    const foreign = foreignBrowser(request, pathOf(request) ?? "", pages);
    if (foreign !== undefined) return foreign;
  } else {
    const language = request.header("accept-language");
    if (language !== undefined && language !== "*") return "a language, as browsers send it";
  }
  if (request.version === "1.0") return "HTTP/1.0, as proxies send it";
  const [host] = request.hosts;
  if (host === undefined) return undefined;
  // Not every browser says that it is one, so that a listener with pages is as strict with programs.
  const own = pages === undefined ? LOCAL_HOST.test(host) : isOwnHost(host, pages.hostname);
  return own ? undefined : "another host than this machine";
}

function permissionOf({ name, role, addresses }: InternalUser): Permission {
  const patterns = addresses?.map((address) =>
    new RegExp(`^${address.split("*").map((part) => part.replace(/[^\w]/g, "\\$&")).join(".*")}$`, "i")
  );
  return {
    user: name,
    role,
    mayCall: (purpose) => role === undefined || ROLES[role].some((each) => each === purpose),
    maySpeakFor: (server) => patterns === undefined || patterns.some((pattern) => pattern.test(server)),
  };
}

function findUser(
  users: readonly InternalUser[],
  header: string | undefined,
  member: string,
): InternalUser {
  if (header === undefined) {
    throw new RpcError("unauthorized", `user and password are missing (see ${member})`);
  }
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? [];
  if (encoded === undefined) throw new RpcError("unauthorized", "the Authorization header is not HTTP Basic");
  const given = digest(Buffer.from(encoded, "base64"));
  let found: InternalUser | undefined;
  for (const user of users) {
    if (timingSafeEqual(given, digest(Buffer.from(`${user.name}:${user.password}`)))) found = user;
  }
  if (found === undefined) throw new WrongPassword();
  return found;
}

/** Credentials that are well-formed and wrong: perhaps a guess. */
export class WrongPassword extends RpcError {
  constructor() {
    super("unauthorized", "user or password is wrong");
  }
}

/** Of one length whatever was given, as the comparison in constant time needs it. */
function digest(credentials: Uint8Array): Uint8Array {
  return createHash("sha256").update(credentials).digest();
}
