import type { HttpRequest } from "./message.ts";

/** A host with an optional port (RFC 9110 §7.2): a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const LAST_PORT = 65535;

/** Of an absolute target, the authority and the path (RFC 9112 §3.2.2). */
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** Hosts that were found to be right; most requests name one of a few. Callers' input, so bounded. */
const known = new Set<string>();
const KNOWN = 100;

/**
 * The path of a request, taken from the request line alone: whatever a proxy before us allows by path must mean the same
 * here, so the `Host` header has no part in it. Nothing where target or host are none.
 */
export function pathOf(
  { target, version, hosts }: Pick<HttpRequest, "target" | "version" | "hosts">,
): string | undefined {
  const [host, ...others] = hosts;
  if (others.length > 0 || (host === undefined && version !== "1.0")) return undefined;
  if (host !== undefined && !isHost(host)) return undefined;
  if (target.startsWith("/")) return withoutQuery(target);
  if (target === "*") return target;
  const [, authority, path] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined || !isHost(authority)) return undefined;
  return withoutQuery(path!.startsWith("/") ? path! : `/${path}`);
}

function isHost(host: string): boolean {
  if (known.has(host)) return true;
  const match = HOST.exec(host);
  if (match === null || Number(match[1] ?? 0) > LAST_PORT) return false;
  if (known.size < KNOWN) known.add(host);
  return true;
}

function withoutQuery(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}
