/**
 * What things are named by.
 *
 * @module
 */
export type { Address } from "./address.ts";

/** A room's identity: the namespace of its customer's key, and its name. Each 1 to 1024 bytes of UTF-8. */
export type RoomId = readonly [namespace: string, name: string];

/**
 * Name of the affinity group that a room belongs to, within its namespace: the text inside the first `{…}` of
 * its name, or the name itself where there is none. Empty or unclosed braces mean nothing (`docs/protocol.md` §4).
 */
export function groupName(room: string): string {
  const open = room.indexOf("{");
  if (open < 0) return room;
  const close = room.indexOf("}", open + 1);
  return close > open + 1 ? room.slice(open + 1, close) : room;
}
