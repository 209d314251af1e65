import { BlockList } from "node:net";
import { parseNetwork } from "../../config/network.ts";

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
