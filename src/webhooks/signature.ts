import { createHmac } from "node:crypto";

/**
 * Headers by which a receiver knows that a message is from us, unchanged, and new (Standard Webhooks 1.0, "v1": HMAC-SHA256
 * of id, time and body). With several keys there are as many signatures, so that a receiver may change its own.
 *
 * @param timestamp when it is sent, unix time in seconds
 */
export function signatureHeaders(
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
  keys: readonly Uint8Array[],
): Record<string, string> {
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.join(" "),
  };
}
