import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { getKeyId, loadAccessKey } from "@4players/odin-tokens";

/**
 * Key id and public key (base64url) of an access key.
 *
 * @throws {Error} where it is no access key
 */
export function publicKey(accessKey: string): { kid: string; x: string } {
  const { publicKey } = loadAccessKey(accessKey);
  return { kid: getKeyId(publicKey), x: Buffer.from(publicKey).toString("base64url") };
}

/** The key pair of an access key, for the runtime's own crypto. */
export function signingKey(accessKey: string): { kid: string; privateKey: KeyObject; publicKey: KeyObject } {
  const { kid, x } = publicKey(accessKey);
  const d = Buffer.from(loadAccessKey(accessKey).secretKey.slice(0, 32)).toString("base64url");
  const jwk = { kty: "OKP", crv: "Ed25519", x };
  return {
    kid,
    privateKey: createPrivateKey({ key: { ...jwk, d }, format: "jwk" }),
    publicKey: createPublicKey({ key: jwk, format: "jwk" }),
  };
}

/** Signs claims with an access key, for a day; by the runtime's own crypto, since tokens by the thousand take the library minutes. */
export function signerOf(accessKey: string): (claims: object) => string {
  const { kid, privateKey } = signingKey(accessKey);
  const now = Math.floor(Date.now() / 1000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const header = encode({ alg: "EdDSA", kid });
  return (claims) => {
    const body = `${header}.${encode({ ...claims, exp: now + 86400, nbf: now })}`;
    return `${body}.${sign(null, Buffer.from(body), privateKey).toString("base64url")}`;
  };
}
