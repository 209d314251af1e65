import { isIPv4, isIPv6 } from "node:net";

/** Where something listens; port 0 is any free one. */
export interface ListeningAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Whether two listeners cannot be had at once, as far as the addresses tell. Other names than `localhost` are not looked up:
 * those are found out by listening.
 */
export function collide(one: ListeningAddress, other: ListeningAddress): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  const [a, b] = [one, other].map(({ hostname }) => hostname.replace(/^\[|\]$/g, "").toLowerCase());
  return a === b || includes(a!, b!) || includes(b!, a!);
}

/** Whether to listen at the one is to listen at the other, too. */
function includes(one: string, other: string): boolean {
  switch (one) {
    case "::": // on Linux and macOS, IPv4 is heard there as well
      return true;
    case "0.0.0.0":
      return !isIPv6(other);
    case "localhost":
      return other === "::1" || (isIPv4(other) && other.startsWith("127."));
    default:
      return false;
  }
}
