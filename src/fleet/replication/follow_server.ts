import { ClientCost, EXPONENTS } from "../learning/mod.ts";
import { REPORTS_TO_CLOSE } from "../rooms/closing.ts";
import { disable, enable, replaceUsage } from "../servers/availability.ts";
import { evict, plan, plannedBy } from "../servers/draining.ts";
import { remove } from "../servers/life_cycle.ts";
import { followGrowth } from "../state/growth.ts";
import { addServer, type Model } from "../state/model.ts";
import { forgetNonsense } from "../state/plausible.ts";
import { followExponent, learnRoomCost } from "../state/room_cost.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";
import type { ChangeOf } from "../change.ts";
import { asFarAsListed } from "./restore.ts";
import { usageOf } from "./snapshot.ts";

/** A server that another gateway has heard. */
export function appear(
  model: Model,
  { server: address, pool, version }: { server: Server["address"]; pool: string; version: string },
  now: Milliseconds,
): Server {
  const known = model.servers.get(address);
  if (known !== undefined) return known;
  const server = addServer(model, address, pool, now);
  server.version = version;
  server.reports = 1; // one that this gateway has not heard; its rooms are marked with it
  return server;
}

/** What became of a server that another gateway has heard, or has not. */
export function followServer(
  model: Model,
  change: ChangeOf<
    | "server-enabled"
    | "server-disabled"
    | "server-removed"
    | "server-evicting"
    | "server-drained"
    | "server-planned"
  >,
  now: Milliseconds,
): void {
  const server = model.servers.get(change.server);
  if (server === undefined) return;
  switch (change.type) {
    case "server-enabled":
      return enable(model, server);
    case "server-disabled":
      return disable(model, server, []);
    case "server-removed":
      return remove(model, server, now, []);
    case "server-evicting":
      return evict(server);
    case "server-drained":
      server.intake.found(true);
      return;
    case "server-planned": {
      const { evicting } = server.intake;
      plan(model, change.server, plannedBy(change));
      // Another deadline that has passed as well changes nothing.
      if (evicting && server.intake.isOverdue(now)) evict(server);
    }
  }
}

/** A server has reported to another gateway. */
export function followReport(model: Model, change: ChangeOf<"server-reported">, now: Milliseconds): void {
  const server = appear(model, change, now);
  enable(model, server);
  model.servers.sort(server, change.pool);
  server.version = change.version;
  server.liveness.heard(now);
  server.lastReport = change.report;
  server.untold = false;
  server.reportsAnywhere++;
  server.load = change.load;
  server.loadKnown = change.loadUnknown !== true;
  if (server.reportsAnywhere > 1) forgetNonsense(server, change.clients);
  server.clients = change.clients;
  server.counted = change.counted ?? change.clients;
  server.cost = new ClientCost(change.cost);
  server.reckonLoad(model.servers.typicalLoadPerClient(change.pool, now));
  const { works = [] } = change;
  server.teaches = works.length === EXPONENTS.length; // another version may compare others
  if (server.teaches) learnRoomCost(model, server, Float64Array.from(works), now);
  if (change.exponent !== undefined) followExponent(model, change.exponent, now);
  server.heardHere = false;
  for (const [id, peers] of change.figures ?? []) {
    const room = model.groups.room(id);
    if (room?.listed === true && room.group.server === server) room.listBy(room.report, peers);
  }
  replaceUsage(server, asFarAsKnown(server, usageOf(model, change.usage)));
  followGrowth(model, server, now);
  for (const [key, { report }] of server.closing) {
    // Whoever heard this report has looked after it.
    if (server.reportsAnywhere - report >= REPORTS_TO_CLOSE) server.closing.delete(key);
  }
  dropLeft(server);
}

/** Without rooms that the store has given to another server since the report was heard. O(rooms of the server) */
function asFarAsKnown(server: Server, sums: ReturnType<typeof usageOf>): Server["usage"] {
  let [reported, listed] = [0, 0];
  for (const { rooms } of sums.values()) reported += rooms;
  for (const room of server.rooms) if (room.listed && server.holds(room)) listed++;
  return reported === listed ? sums : asFarAsListed(sums, server.listedRooms);
}

/** Rooms that have left a server whose reports others hear stay in its list, until they are as many as those that are there. */
function dropLeft(server: Server): void {
  let rooms = 0;
  for (const count of server.usage.values()) rooms += count.rooms;
  if (server.rooms.length <= 2 * rooms + 100) return;
  server.rooms = server.listedRooms;
}
