import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { loadAccessKey } from "@4players/odin-tokens";
import { publicKey } from "../sim/access_key.ts";

/** Distinct tokens for rooms of some clients each, as a file with one a line. */
export async function writeTokens(
  file: string,
  accessKey: string,
  { count, perRoom, prefix = "room" }: { count: number; perRoom: number; prefix?: string },
): Promise<string[]> {
  const { kid, privateKey } = signingKey(accessKey);
  const now = Math.floor(Date.now() / 1000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const tokens = Array.from({ length: count }, (_, i) => {
    const rid = `${prefix}-${Math.floor(i / perRoom)}`;
    const claims = { rid, uid: `user-${i}`, sub: "connect", exp: now + 86400, nbf: now };
    const body = `${encode({ alg: "EdDSA", kid })}.${encode(claims)}`;
    return `${body}.${sign(null, Buffer.from(body), privateKey).toString("base64url")}`;
  });
  await Deno.writeTextFile(file, tokens.join("\n"));
  return tokens;
}

/** The key pair of an access key, for the runtime's own crypto: tokens by the thousand take the library minutes. */
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
