/** An IPv4 address as such, also where it came to an IPv6 listener. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
