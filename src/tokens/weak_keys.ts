/** 2²⁵⁵ − 19, the field of Curve25519. */
const PRIME = 2n ** 255n - 19n;

/** y of the points whose order divides 8 (RFC 7748 §6.1 warns of them): for these, signatures prove nothing. */
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL_ORDER_Y: readonly bigint[] = [0n, 1n, PRIME - 1n, ORDER_8, PRIME - ORDER_8];

/**
 * Whether an Ed25519 public key is of low order, or spelt in another way than the one (RFC 8032 §5.1.3): y not below the
 * prime.
 *
 * @param key its 32 bytes
 */
export function isWeakKey(key: Uint8Array): boolean {
  let y = 0n;
  for (let i = 31; i >= 0; i--) y = y << 8n | BigInt(i === 31 ? key[i]! & 0x7f : key[i]!);
  return y >= PRIME || SMALL_ORDER_Y.includes(y);
}
