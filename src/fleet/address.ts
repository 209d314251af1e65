/** Where an ODIN server (SFU) is reached, `host:port`; also its identity, so one server has one spelling. */
export type Address = string & { readonly __brand: "Address" };

/** Longest text that is looked at: a name has at most 253 characters (RFC 1035 §2.3.4), in Unicode and in brackets fewer. */
const LONGEST = 300;

const LONGEST_NAME = 253;

/** A name as it is on the wire: labels of 1 to 63 letters, digits, hyphens, and the underscores of container networks. */
const NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** What makes a name an attempt at an IPv4 address (URL Standard, "ends in a number"). */
const ENDS_IN_NUMBER = /(^|\.)(\d+|0x[0-9a-f]*)$/;

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** The last 32 bits of an IPv4 address that was written as an IPv6 address (RFC 4291 §2.5.5.2), in canonical form. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Parses the address of a server, `host:port`, and gives it the one spelling that stands for it: a name in lower case and
 * ASCII without the dot at its end, an IPv6 address in brackets as RFC 5952 has it, an IPv4-mapped one as IPv4, a port
 * without leading zeros.
 *
 * @returns undefined where it is none that a client could reach: a port that is not 1 to 65535, an address that stands for
 * all of a machine, a number that is read in two ways (`010.0.0.1`, `127.1`), an IPv6 zone, which means something on one
 * machine only
 *
 * @example
 * ```ts
 * parseAddress("SFU.example.:04433"); // "sfu.example:4433"
 * parseAddress("[::FFFF:10.0.0.1]:4433"); // "10.0.0.1:4433"
 * ```
 */
export function parseAddress(text: string): Address | undefined {
  const [, host, digits] = text.length > LONGEST ? [] : /^(.+):(\d+)$/.exec(text) ?? [];
  if (host === undefined) return undefined;
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  const parsed = parseHost(host);
  return parsed === undefined ? undefined : `${parsed}:${port}` as Address;
}

/**
 * The address of a server that does not say where it is reached: where its request came from.
 *
 * @param ip as a socket tells it, an IPv6 address without brackets
 */
export function addressAt(ip: string, port: number): Address | undefined {
  const host = ip.replace(/%.*$/, "");
  return parseAddress(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}

function parseHost(host: string): string | undefined {
  if (host.startsWith("[")) return host.endsWith("]") ? parseIPv6(host.slice(1, -1)) : undefined;
  const ascii = toAscii(host)?.replace(/\.$/, "");
  if (ascii === undefined) return undefined;
  if (ENDS_IN_NUMBER.test(ascii)) return parseIPv4(ascii);
  return ascii.length <= LONGEST_NAME && NAME.test(ascii) ? ascii : undefined;
}

/** A name in lower case, one in another script as DNS has it (RFC 5891). */
function toAscii(name: string): string | undefined {
  if (/^[\0-\x7f]*$/.test(name)) return name.toLowerCase();
  // A parser of URLs would cut off, decode or skip these.
  if (/[\s%/\\?#@:[\]]/.test(name)) return undefined;
  return URL.parse(`http://${name}/`)?.hostname;
}

function parseIPv4(text: string): string | undefined {
  const [, ...bytes] = IPV4.exec(text) ?? [];
  const isOne = bytes.length === 4 && bytes.every((byte) => Number(byte) <= 255);
  return isOne && text !== "0.0.0.0" ? text : undefined;
}

function parseIPv6(text: string): string | undefined {
  if (!/^[0-9A-Fa-f:.]+$/.test(text)) return undefined;
  const canonical = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (canonical === undefined || canonical === "::") return undefined;
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  if (high === undefined) return `[${canonical}]`;
  const [a, b] = [parseInt(high, 16), parseInt(low!, 16)];
  return parseIPv4(`${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`);
}
