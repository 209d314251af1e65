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
