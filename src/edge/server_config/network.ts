import { BlockList, isIP } from "node:net";

/** A network as `address/bits`. */
interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** Whether a network opens what others do not: it is everything, or has one of the others in it. */
export function isWiderThanAny(network: unknown, others: readonly unknown[]): boolean {
  const wide = parseNetwork(network);
  if (wide === undefined) return false;
  if (wide.bits === 0) return true;
  const list = new BlockList();
  list.addSubnet(wide.address, wide.bits, wide.family);
  return others.some((other) => {
    const narrow = parseNetwork(other);
    return narrow !== undefined && narrow.family === wide.family && narrow.bits > wide.bits &&
      list.check(narrow.address, narrow.family);
  });
}

function parseNetwork(text: unknown): Network | undefined {
  if (typeof text !== "string") return undefined;
  const [address = "", prefix] = text.split("/");
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > most) return undefined;
  return { address, bits, family: version === 4 ? "ipv4" : "ipv6" };
}
