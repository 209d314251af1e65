/** What receivers of webhooks can be told of. */
export const EVENT_NAMES = [
  "server.appeared",
  "server.silent",
  "server.back",
  "server.drained",
  "server.removed",
  "room.placed",
  "room.moved",
  "room.collided",
  "room.closed",
  "ban.set",
  "ban.lifted",
  "licence.near",
  "licence.reached",
  "certificate.ending",
] as const;

export type EventName = typeof EVENT_NAMES[number];

/** Shortest and longest key of a secret, in bytes, as Standard Webhooks has it. */
const KEY_BYTES = { least: 24, most: 64 };
const PREFIX = "whsec_";

/** The key in a secret of the form `whsec_<base64>`; nothing where it has another form. */
export function webhookKey(secret: string): Uint8Array | undefined {
  if (!secret.startsWith(PREFIX)) return undefined;
  const text = secret.slice(PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, "base64");
  return key.length >= KEY_BYTES.least && key.length <= KEY_BYTES.most ? key : undefined;
}
