import type { Change } from "../change.ts";
import type { Model } from "../state/model.ts";
import type { Server } from "../state/server.ts";
import { addReported, NOTHING } from "../state/usage.ts";

/** The server is alive: it may be chosen, and its usage counts. */
export function enable(model: Model, server: Server): void {
  if (server.enabled) return;
  server.liveness.begin();
  model.servers.sort(server);
  if (server.retainsGroups) countUsage(server, 1);
}

/** The server is silent: it gets no new groups, its groups may be placed elsewhere, its usage does not count. */
export function disable(model: Model, server: Server, changes: Change[]): void {
  if (!server.enabled) return;
  if (server.retainsGroups) countUsage(server, -1);
  server.liveness.end();
  model.servers.sort(server);
  changes.push({ type: "server-disabled", server: server.address, report: server.lastReport });
}

/** What an enabled server reported replaces what it had reported before. */
export function replaceUsage(server: Server, usage: Server["usage"]): void {
  if (server.retainsGroups) countUsage(server, -1);
  server.usage = usage;
  server.moved.clear();
  if (server.retainsGroups) countUsage(server, 1);
}

/** Adds what a server reported to its customers' usage, or takes it away. */
export function countUsage(server: Server, sign: 1 | -1): void {
  for (const [usage, { peers, rooms }] of server.usage) {
    const moved = server.moved.get(usage) ?? NOTHING;
    addReported(usage, sign * (peers - moved.peers), sign * (rooms - moved.rooms), server.miscounts);
  }
}
