import type { Network } from "../../config/network.ts";
import { addressesOfForwarded, addressesOfList } from "./forwarded.ts";
import type { HttpRequest } from "./message.ts";
import { ipv4Number, NetworkList } from "./network_list.ts";

/** Proxies that a request may have come through, at most; who says more is not believed. */
const HOPS = 32;

/** What was read is remembered, since clients call again. Strangers' input, so bounded. */
const REMEMBERED = { entries: 10_000, length: 256 };

/** Addresses of this machine and of private networks (RFC 1918, RFC 4193), where a proxy of one's own would be. */
const PRIVATE = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:)/;

/**
 * Finds out who made a request that may have come through proxies. Only proxies that the operator trusts are believed: from
 * the last to the first, the client is the first address that is no such proxy. What is malformed is not believed, nor are
 * `Forwarded` and `X-Forwarded-For` that contradict each other: a proxy writes one of them, and passes the other on as a
 * stranger sent it. The client is then the caller.
 */
export class ClientAddresses {
  readonly #trusted: NetworkList;
  readonly #none: boolean;
  /** Clients by a header's text. */
  readonly #clients = new Map<string, string | undefined>();

  #told = false;

  /**
   * @param proxies networks of the proxies that are trusted
   * @param untrusted told once, of the first in a private network that passes requests on and is none of them
   */
  constructor(proxies: readonly Network[], readonly untrusted: (proxy: string) => void = () => {}) {
    this.#trusted = new NetworkList(proxies);
    this.#none = proxies.length === 0;
  }

  /** The IP address of whoever made the request, as far as it is known. */
  of({ caller, header }: Pick<HttpRequest, "caller" | "header">): string {
    if (this.#none && this.#told) return caller;
    const list = header("x-forwarded-for");
    const forwarded = header("forwarded");
    if (list === undefined && forwarded === undefined) return caller;
    if (this.#none || !this.#trusted.has(caller)) {
      if (!this.#told && PRIVATE.test(caller)) {
        this.#told = true;
        this.untrusted(caller);
      }
      return caller;
    }
    // The usual case, one IPv4 address, is as quick to read as to find among those that are remembered.
    if (list !== undefined && forwarded === undefined) {
      const address = ipv4Number(list);
      if (address !== undefined && !this.#trusted.hasIpv4(address)) return list;
    }
    const byList = list && this.#remembered("x", list, addressesOfList);
    const byForwarded = forwarded && this.#remembered("f", forwarded, addressesOfForwarded);
    if (list !== undefined && forwarded !== undefined && byList !== byForwarded) return caller;
    return byList || byForwarded || caller;
  }

  #remembered(kind: string, text: string, read: typeof addressesOfForwarded | typeof addressesOfList) {
    if (text.length > REMEMBERED.length) return this.#client(read(text));
    const key = kind + text;
    if (this.#clients.has(key)) return this.#clients.get(key);
    const client = this.#client(read(text));
    if (this.#clients.size >= REMEMBERED.entries) this.#clients.clear();
    this.#clients.set(key, client);
    return client;
  }

  /** The first address that is no trusted proxy; if all are, the one furthest away. */
  #client(addresses: Iterable<string | undefined>): string | undefined {
    let furthest: string | undefined;
    let hops = 0;
    for (const address of addresses) {
      if (address === undefined || ++hops > HOPS) return undefined;
      if (!this.#trusted.has(address)) return address;
      furthest = address;
    }
    return furthest;
  }
}
