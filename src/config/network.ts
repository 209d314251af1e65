import { isIP } from "node:net";

/** A network as `address/bits`. */
export interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** Bits that stand before the address where IPv4 is written as IPv6 (RFC 4291 §2.5.5.2): ten bytes of 0, and two of 255. */
const MAPPED = { bits: 96, bytes: [...new Array<number>(10).fill(0), 255, 255] };

/**
 * A network in CIDR notation (RFC 4632, RFC 4291 §2.3), or a single address; nothing where the text is neither. IPv4 that is
 * written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4, as callers from there are.
 */
export function parseNetwork(text: unknown): Network | undefined {
  if (typeof text !== "string") return undefined;
  const [address = "", prefix, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || address.includes("%") || more.length > 0) return undefined;
  const most = version === 4 ? 32 : 128;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  const bits = prefix === undefined ? most : Number(prefix);
  if (bits > most) return undefined;
  if (version === 4) return { address, bits, family: "ipv4" };
  const bytes = bytesOf(address);
  if (bits < MAPPED.bits || MAPPED.bytes.some((byte, i) => bytes[i] !== byte)) {
    return { address, bits, family: "ipv6" };
  }
  return { address: bytes.slice(12).join("."), bits: bits - MAPPED.bits, family: "ipv4" };
}

/** The network's first address, `10.9.0.0` of `10.9.0.3/24`, where the address that was given is another one. */
export function otherFirstAddress({ address, bits }: Network): string | undefined {
  const bytes = bytesOf(address);
  const first = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))));
  return first.every((byte, i) => byte === bytes[i]) ? undefined : spelt(first);
}

/** The bytes of an address that is right, 4 or 16. */
function bytesOf(address: string): number[] {
  if (isIP(address) === 4) return address.split(".").map(Number);
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1); // in hexadecimal alone, whatever it was
  const [head, tail] = text.split("::").map((half) => half === "" ? [] : half.split(":"));
  const left = head ?? [];
  const right = tail ?? [];
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}

function spelt(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8 | bytes[2 * i + 1]!).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
