import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import type { Licence } from "../fleet/mod.ts";
import { SlicedWork } from "../sliced_work.ts";
import type { AccessKey, Customer } from "./customer.ts";
import { keyId, KeyIdVersion } from "./key_id.ts";
import { isWeakKey } from "./weak_keys.ts";

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
 * Loads the keys of all customers. A broken key is left out and named; the others load. Of keys that claim one key id the
 * one goes first whose id it really is, so that nobody locks another customer out; else the first in the list.
 * A long list lets calls pass in between.
 */
export async function createKeyRing(
  customers: readonly Customer[],
): Promise<{ ring: KeyRing; broken: BrokenKey[] }> {
  const ring = new Map<string, CustomerKey>();
  const broken: BrokenKey[] = [];
  const own = new Set<string>();
  const work = new SlicedWork();
  for (const { id, maxPeers, maxRooms, accessKeys, ...customer } of customers) {
    const licence = { maxPeers, maxRooms };
    for (const accessKey of accessKeys) {
      if (work.due) await work.letOthersPass();
      const { namespace, publicKey, pools = customer.pools } = accessKey;
      const kid = String(publicKey.kid);
      const loaded = loadKey(accessKey);
      if (typeof loaded === "string") {
        broken.push({ customer: id, kid, reason: loaded });
        continue;
      }
      const other = ring.get(kid);
      const replaces = loaded.own && !own.has(kid);
      if (other !== undefined) {
        const loser = replaces ? other.customer : id;
        const winner = replaces ? id : other.customer;
        broken.push({ customer: loser, kid, reason: `customer "${winner}" already has a key of this id` });
        if (!replaces) continue;
      }
      if (loaded.own) own.add(kid);
      ring.set(kid, { customer: id, namespace: namespace ?? id, licence, key: loaded.key, pools });
    }
  }
  return { ring, broken };
}

/** The key, and whether its id is the one that is computed from it; or why it cannot be used. */
function loadKey({ publicKey: { kid, kty, crv, x } }: AccessKey): { key: KeyObject; own: boolean } | string {
  if (isServerKeyId(String(kid))) return "key ids of this form are those of servers";
  const bytes = Buffer.from(x, "base64url");
  if (bytes.length !== 32) return "publicKey.x is not an Ed25519 public key in base64url";
  if (isWeakKey(bytes)) return "publicKey.x is a weak key: anybody can sign for it";
  try {
    const key = createPublicKey({ key: { kty, crv, x }, format: "jwk" });
    return { key, own: keyId(bytes, KeyIdVersion.customer) === String(kid) };
  } catch {
    return "publicKey.x is not an Ed25519 public key in base64url";
  }
}

/** Whether a key id is one that the gateway derives for servers, whose tokens a customer's key must not take over. */
function isServerKeyId(kid: string): boolean {
  if (kid.length !== 12) return false;
  const bytes = Buffer.from(kid, "base64");
  return bytes.length === 9 && bytes[0] === KeyIdVersion.server;
}
