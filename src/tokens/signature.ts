import { createVerifier, TokenError } from "fast-jwt";

/**
 * Verifies the signature of a compact JWS (RFC 7515) by one Ed25519 key.
 *
 * @returns its claims, not yet looked at
 * @throws {TokenError} where the token is malformed, or not signed by that key
 */
export type TokenVerifier = (token: string) => unknown;

/** @param publicKey PEM (SPKI) */
export function createTokenVerifier(publicKey: string): TokenVerifier {
  return createVerifier({
    key: publicKey,
    algorithms: ["EdDSA"],
    cache: false,
    // The time window is checked with the other claims, by the gateway's clock and leeway.
    ignoreExpiration: true,
    ignoreNotBefore: true,
  });
}

export { TokenError };
