import type { Change } from "../change.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** A server that goes on doing what it should not is complained of once in this time. */
const COMPLAIN_AFTER: Milliseconds = 60_000;

/**
 * Says that a server does something odd, once a minute for each sort of it.
 *
 * @param sort tells complaints apart; one of a few
 */
export function complain(
  server: Server,
  sort: string,
  what: string,
  now: Milliseconds,
  changes: Change[],
): void {
  const before = server.complaints.get(sort);
  if (before !== undefined && now - before < COMPLAIN_AFTER) return;
  server.complaints.set(sort, now);
  changes.push({ type: "server-odd", server: server.address, what });
}
