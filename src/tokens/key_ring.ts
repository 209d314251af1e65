import { createPublicKey, type KeyObject } from "node:crypto";
import type { Licence } from "../fleet/mod.ts";
import type { Customer } from "./customer.ts";

/** A customer's public key, ready to verify with. */
export interface CustomerKey {
  readonly customer: string;
  readonly namespace: string;
  readonly licence: Licence;
  readonly key: KeyObject;
  /** The only pools whose servers may take its rooms; without, any. */
  readonly pools: readonly string[] | undefined;
}

/** The keys of all customers by key id. Replaced as a whole when the list of customers changes. */
export type KeyRing = ReadonlyMap<string, CustomerKey>;

/** A key that could not be used, for the log. */
export interface BrokenKey {
  readonly customer: string;
  readonly kid: string;
  readonly reason: string;
}

/**
 * Loads the keys of all customers. A broken key is left out and named; the others load. A key id that two keys
 * share belongs to the first.
 */
export function createKeyRing(customers: readonly Customer[]): { ring: KeyRing; broken: BrokenKey[] } {
  const ring = new Map<string, CustomerKey>();
  const broken: BrokenKey[] = [];
  for (const { id, maxPeers, maxRooms, accessKeys, ...customer } of customers) {
    const licence = { maxPeers, maxRooms };
    for (const { namespace, publicKey, pools = customer.pools } of accessKeys) {
      const kid = String(publicKey.kid);
      const other = ring.get(kid);
      if (other !== undefined) {
        broken.push({
          customer: id,
          kid,
          reason: `customer "${other.customer}" already has a key of this id`,
        });
        continue;
      }
      try {
        const { kty, crv, x } = publicKey;
        const key = createPublicKey({ key: { kty, crv, x }, format: "jwk" });
        ring.set(kid, { customer: id, namespace: namespace ?? id, licence, key, pools });
      } catch {
        broken.push({ customer: id, kid, reason: "publicKey.x is not an Ed25519 public key in base64url" });
      }
    }
  }
  return { ring, broken };
}
