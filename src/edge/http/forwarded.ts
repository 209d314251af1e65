import { isIP } from "node:net";

/*
 * The headers in which proxies say for whom they call: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Each proxy adds the
 * address that it was called from at the end, so a list is read from there; what stands further left may be anybody's.
 */

/** Longest `Forwarded` that is read, in characters: it has to be read from the start, which strangers may have written. */
const LONGEST_FORWARDED = 4096;

/** An element of `Forwarded` begins or goes on: a parameter with its value, a token or a quoted string (RFC 7239 §4). */
const PARAMETER = /[ \t]*([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"((?:[^"\\]|\\.)*)")[ \t]*(;|,|$)/y;

/** Addresses that `X-Forwarded-For` names, the last first; nothing for what is no address. */
export function* addressesOfList(header: string): Generator<string | undefined> {
  for (let end = header.length; end >= 0;) {
    const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
    yield addressIn(header.slice(comma + 1, end).trim());
    end = comma;
  }
}

/** Addresses of the `for` parameters of `Forwarded`, the last first; nothing for what is no address, and at the end where the header is malformed. */
export function addressesOfForwarded(header: string): readonly (string | undefined)[] {
  const addresses: (string | undefined)[] = [];
  if (header.length > LONGEST_FORWARDED) return [undefined];
  let names: string[] = [];
  let address: string | undefined;
  PARAMETER.lastIndex = 0;
  while (true) {
    const match = PARAMETER.exec(header);
    if (match === null) return [undefined];
    const [, parameter = "", token = "", quoted, next] = match;
    const name = parameter.toLowerCase();
    if (names.includes(name)) return [undefined]; // "must not occur more than once per field-value" (§4)
    names.push(name);
    if (name === "for") address = addressIn(quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, "$1"));
    if (next === ";") continue;
    addresses.unshift(address);
    if (next === "") return addresses;
    [names, address] = [[], undefined];
  }
}

/** An IP address, perhaps with a port, in the spelling that sockets have; nothing where it is none, or hidden (RFC 7239 §6). */
export function addressIn(node: string): string | undefined {
  if (isIP(node) === 4) return node;
  const [, bracketed] = /^\[([^\]]+)\](?::\w+)?$/.exec(node) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? canonical(bracketed) : undefined;
  const bare = node.replace(/^(\d+\.\d+\.\d+\.\d+):\w+$/, "$1");
  const version = isIP(bare);
  if (version === 4) return bare;
  return version === 6 ? canonical(bare) : undefined;
}

/** An IPv6 address in its one spelling (RFC 5952); what is IPv4 in truth as such. */
function canonical(address: string): string | undefined {
  if (address.includes("%")) return undefined; // a zone is nothing outside its machine
  const { hostname } = new URL(`http://[${address}]/`);
  const text = hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return text;
  const bytes = [high, low].flatMap((half) => [parseInt(half, 16) >> 8, parseInt(half, 16) & 0xff]);
  return bytes.join(".");
}
