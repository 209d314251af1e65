import type { Address } from "../fleet/mod.ts";
import type { ClientToken } from "./client_token.ts";
import type { ServerKey } from "./server_keys.ts";

/**
 * The token that a client shows the server: the client's claims, the customer's id, and the server's address
 * (`docs/protocol.md` §3).
 *
 * @param now unix time in seconds
 * @param lifetime in seconds
 */
export function signRoomToken(
  key: ServerKey,
  client: ClientToken,
  now: number,
  lifetime: number,
): { address: Address; token: string } {
  const token = key.sign({
    uid: client.user,
    cid: client.customer,
    rid: client.rid,
    nsp: client.namespace,
    adr: key.address,
    sub: "connect",
    aud: "sfu",
    nbf: now,
    exp: now + lifetime,
    tgs: client.tags,
    ups: client.upstream,
  });
  return { address: key.address, token };
}
