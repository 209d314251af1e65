import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";
import type { Address } from "../fleet/mod.ts";
import { keyId, KeyIdVersion } from "./key_id.ts";
import { createTokenSigner } from "./signature.ts";

/** The key pair of a server as JWK (RFC 8037 §2), private part `d` included. */
export interface ServerJwk {
  readonly kid: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly d: string;
}

/** A server's key pair, ready for use. */
export interface ServerKey {
  readonly address: Address;
  readonly jwk: ServerJwk;
  readonly key: KeyObject;
  /** Signs claims as a compact JWS. */
  readonly sign: (claims: object) => string;
}

/** DER of an Ed25519 private key (RFC 8410 §7) up to its 32-byte seed. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Derives the key pair of a server from the master key and its address (`docs/protocol.md` §3), so that gateways need
 * share nothing but the master key.
 *
 * @param masterKey the bytes, decoded
 */
export function deriveServerKey(masterKey: Uint8Array, address: Address): ServerKey {
  const material = hkdfSync("sha512", masterKey, Buffer.from(address), "grid-connection-key", 4096 / 8);
  const seed = createHash("sha256").update(Buffer.from(material)).digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey(privateKey);
  const x = (publicKey.export({ format: "jwk" }) as { x: string }).x;
  const kid = keyId(Buffer.from(x, "base64url"), KeyIdVersion.server);
  return {
    address,
    jwk: { kid, kty: "OKP", crv: "Ed25519", x, d: seed.toString("base64url") },
    key: publicKey,
    sign: createTokenSigner(kid, privateKey),
  };
}

/** The derived keys of the known servers, by address and by key id. */
export class ServerKeys {
  readonly #byAddress = new Map<Address, ServerKey>();
  readonly #byKeyId = new Map<string, ServerKey>();

  constructor(readonly masterKey: Uint8Array) {}

  /** A server became known: tokens that it signs are accepted from now on. */
  add(address: Address): void {
    if (this.#byAddress.has(address)) return;
    const key = deriveServerKey(this.masterKey, address);
    this.#byAddress.set(address, key);
    this.#byKeyId.set(key.jwk.kid, key);
  }

  remove(address: Address): void {
    const key = this.#byAddress.get(address);
    if (key === undefined) return;
    this.#byAddress.delete(address);
    this.#byKeyId.delete(key.jwk.kid);
  }

  /** These servers are known, and no others. */
  keep(addresses: readonly Address[]): void {
    const known = new Set(addresses);
    for (const address of this.#byAddress.keys()) if (!known.has(address)) this.remove(address);
    for (const address of known) this.add(address);
  }

  /** The key of any server, known or not. */
  ofServer(address: Address): ServerKey {
    return this.#byAddress.get(address) ?? deriveServerKey(this.masterKey, address);
  }

  /** The key of a known server. */
  find(kid: string): ServerKey | undefined {
    return this.#byKeyId.get(kid);
  }
}
