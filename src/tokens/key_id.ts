import { createHash } from "node:crypto";

/** First byte of a key id: whose key it is. */
export const KeyIdVersion = { customer: 0x01, server: 0x02 } as const;

/**
 * Key id (`kid`) of an Ed25519 public key: base64 of a version byte and the key's SHA-512, folded to 8 bytes by
 * XOR (`docs/protocol.md` §3).
 *
 * @param publicKey the 32 bytes of the key
 */
export function keyId(publicKey: Uint8Array, version: number): string {
  const hash = createHash("sha512").update(publicKey).digest();
  const id = Buffer.alloc(9);
  id[0] = version;
  hash.forEach((byte, i) => id[1 + i % 8]! ^= byte);
  return id.toString("base64");
}
