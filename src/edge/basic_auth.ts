import { createHash, timingSafeEqual } from "node:crypto";

/** Who may call the internal methods. */
export interface InternalAccess {
  readonly users: readonly { readonly name: string; readonly password: string }[];
  /** Who may call while there are no users. */
  readonly withoutUsers: "loopback" | "anyone";
}

/**
 * Why a request may not call the internal methods, if so. With users configured, only they may, by HTTP Basic
 * (RFC 7617), compared in constant time. With none, only callers on this machine: neither through a proxy, which
 * makes every caller local, nor from a page in a local browser.
 */
export function refuseInternal(access: InternalAccess, headers: Headers, caller: string): string | undefined {
  if (access.users.length > 0) return refuseUser(access.users, headers.get("authorization"));
  if (access.withoutUsers === "anyone") return undefined;
  if (!isLoopback(caller)) {
    return "internal methods are open to this machine only, until internal.users are configured";
  }
  for (const header of ["forwarded", "x-forwarded-for", "origin"]) {
    if (headers.has(header)) {
      return `internal methods are not open to requests with ${header}; configure internal.users`;
    }
  }
  return undefined;
}

function refuseUser(users: InternalAccess["users"], header: string | null): string | undefined {
  if (header === null) return "user and password are missing";
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? [];
  if (encoded === undefined) return "the Authorization header is not HTTP Basic";
  const given = digest(Buffer.from(encoded, "base64"));
  let known = false;
  for (const { name, password } of users) {
    if (timingSafeEqual(given, digest(Buffer.from(`${name}:${password}`)))) known = true;
  }
  return known ? undefined : "user or password is wrong";
}

/** Of one length whatever was given, as the comparison in constant time needs it. */
function digest(credentials: Uint8Array): Uint8Array {
  return createHash("sha256").update(credentials).digest();
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
