import type { Server as NetServer } from "node:net";
import { setImmediate } from "node:timers";

/** Whether two processes may listen on one port while one takes over from the other (SO_REUSEPORT): not on Windows. */
export const CAN_SHARE = Deno.build.os !== "windows";

/**
 * Resolves when no connection was accepted for a moment, or after a while: what the kernel has accepted for a listener that
 * closes is reset, unless it moves that to the other one (`net.ipv4.tcp_migrate_req`, see docs/operations.md).
 */
export async function quietMoment(server: NetServer): Promise<void> {
  const until = performance.now() + QUIET.atMost;
  let last = performance.now();
  const note = () => last = performance.now();
  server.on("connection", note);
  // Those who are asked for a new connection open one soon: half of these come here.
  while (performance.now() < until && performance.now() - last < QUIET.lasts) {
    await new Promise((resolve) => setTimeout(resolve, QUIET.look));
  }
  for (let turns = 0; turns < QUIET.turns && performance.now() < until + QUIET.lasts; turns++) {
    const before = last;
    await new Promise((resolve) => setImmediate(resolve));
    if (last !== before) turns = -1;
  }
  server.removeListener("connection", note);
}

/**
 * A quiet moment has begun when no connection came for so many milliseconds, which is waited for this long at most, and in so
 * many turns of the event loop.
 */
const QUIET = { lasts: 250, look: 10, atMost: 5000, turns: 3 };
