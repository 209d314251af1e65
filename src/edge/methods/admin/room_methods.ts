import { createHash } from "node:crypto";
import { z } from "zod";
import { duration, type RoomInfo } from "../../../fleet/mod.ts";
import type { GatewayPort, ShownExplanation } from "../../../gateway/port.ts";
import { managementError } from "../management_error.ts";
import { showBan, ShownBan } from "./ban_methods.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, adminMethod, iso, operator } from "./method.ts";
import {
  Amount,
  Count,
  Name,
  RoomName,
  ScopedKey,
  ServerAddress,
  ShownAddress,
  ShownRoom,
  Time,
} from "./shapes.ts";

/** A room, as lists show it. */
export const ShownRoomEntry = z.object({
  hash: z.string().describe("The same for all rooms of its affinity group."),
  id: ShownRoom,
  customer: z.string(),
  server: ShownAddress,
  peers: Count.describe("Clients in its server's last report."),
  grants: Count.describe("Clients on the way to it."),
});

const Candidate = z.object({
  address: ShownAddress,
  load: z.number(),
  steadyLoad: z.number(),
  clients: Count,
  groups: Count,
  grants: Count,
  growth: Amount,
  loadPerClient: z.number(),
  work: z.object({
    exponent: z.number().describe("The work of a room is its clients to the power of this."),
    coming: Amount.describe("Work of those on the way, and that young rooms will grow by."),
    load: z.number().describe("What a unit of work adds to its load, as learned from its reports."),
  }).optional().describe("How rooms load it, where that is known to grow faster than their clients."),
  weight: z.number(),
  expectedLoad: z.number().describe("Load once all has grown that is on its way, this room included."),
});

export const Explained = z.object({
  server: ShownAddress,
  group: z.string().describe("Name of its affinity group."),
  explanation: z.object({
    at: Time,
    by: z.string().describe("The strategy that chose, or that the client's token asked for the server."),
    relieved: z.object({ server: ShownAddress, load: z.number() }).optional().describe(
      "The server that it was moved away from because of its load (`placement.rebalance`).",
    ),
    namespace: z.string(),
    template: z.string(),
    expectedSize: Amount.describe("Clients that the group was expected to reach, and was placed for."),
    size: Amount.describe(
      "Clients that hardly any group of its kind exceeds; that it may be one of these counts for a little.",
    ),
    pool: z.string(),
    server: ShownAddress,
    overCeiling: z.boolean().describe("Whether all servers that could be chosen would be above the ceiling."),
    candidates: z.array(Candidate).describe(
      "Those with the lowest expected load, and the chosen one; of `fill` those next to the chosen one.",
    ),
    furtherCandidates: Count,
    leftOut: z.array(z.object({ server: ShownAddress, reason: z.string() })).describe(
      "Up to ten. Of a move, `above the ceiling` is above the mark of `placement.rebalance`.",
    ),
    furtherLeftOut: Count,
  }).nullable(),
  note: z.string().optional().describe("Why there is no explanation."),
});

export const Located = ShownRoomEntry.extend({
  group: z.string().describe("Name of its affinity group."),
  listed: z.boolean().describe(
    "Whether its server's last report lists it; else somebody was granted a way to it, or it has ended and its place is kept.",
  ),
  ban: ShownBan.nullable().describe("The ban of the whole room, where one is in force."),
});

export const Closed = z.object({
  server: ShownAddress.nullable().describe("The server that is told to close it."),
  ban: ShownBan.nullable().describe("The ban of the room that is in force now."),
});

/** The methods about rooms. */
export function roomMethods(
  { gateway, maxBanTime }: { readonly gateway: GatewayPort; readonly maxBanTime: number },
): readonly AdminMethod[] {
  return [
    listMethod({
      name: "room.List",
      summary: "List the rooms, page by page",
      description: "With a server or a namespace only its rooms are looked at, else all.",
      filters: {
        namespace: Name.optional().describe("Only those of this namespace."),
        customer: Name.optional().describe("Only those of this customer."),
        server: ServerAddress.optional().describe("Only those on this server."),
        prefix: z.string().max(1024).optional().describe("Only those whose names begin with this text."),
      },
      key: ScopedKey,
      entries: "rooms",
      entry: ShownRoomEntry,
      page: (asked) => gateway.view.rooms(asked),
      show: showRoom,
    }),
    adminMethod({
      name: "room.Locate",
      summary: "Say which server a room is on, and whether it is banned",
      does: "shows",
      params: z.object({ room_id: RoomName }),
      result: Located,
      errors: ["roomNotFound"],
      run: async ({ room_id }) => {
        const room = await gateway.view.room(room_id);
        if (room === undefined) throw managementError("no-room");
        const ban = await gateway.view.ban(room_id, undefined);
        const { group, listed } = room;
        return { ...showRoom(room), group, listed, ban: ban === undefined ? null : showBan(ban) };
      },
    }),
    adminMethod({
      name: "room.Explain",
      summary: "Say why a room is where it is",
      description:
        "Kept for the newest placements (`limits.explanations`), until a restart, or in the store that several gateways share; " +
        "else `explanation` is null, and `note` says so.",
      does: "shows",
      params: z.object({ room_id: RoomName }),
      result: Explained,
      errors: ["roomNotFound"],
      run: async ({ room_id }) => {
        const explained = await gateway.explain(room_id);
        if (explained === undefined) throw managementError("no-room");
        return showExplanation(explained);
      },
    }),
    adminMethod({
      name: "room.Close",
      summary: "Close a room, and keep it closed for a while",
      description:
        "Its server closes it when it reports next. Without `ban_time` clients may come back at once, and an earlier ban stays " +
        "as it is. A room that no server hosts can be banned, but not closed.",
      does: "changes",
      params: z.object({
        room_id: RoomName,
        ban_time: z.number().min(0).optional().describe(
          "Seconds for which nobody gets into the room; at most `bans.maxTime`. 0 lifts a ban.",
        ),
      }),
      result: Closed,
      errors: ["roomNotFound", "rateLimited", "unavailable"],
      run: async ({ room_id, ban_time }, call) => {
        const room = await gateway.view.room(room_id);
        const seconds = ban_time === undefined ? undefined : Math.min(ban_time, maxBanTime);
        const outcome = await gateway.manage({
          task: { task: "RoomClose", id: room_id, ban_time: duration(seconds ?? 0) },
          banTime: seconds === undefined ? undefined : seconds * 1000,
          customer: room?.customer,
          by: operator(call),
        });
        if (outcome !== "accepted") throw managementError(outcome);
        const ban = await gateway.view.ban(room_id, undefined);
        return { server: room?.server ?? null, ban: ban === undefined ? null : showBan(ban) };
      },
    }),
  ];
}

export function showRoom({ id, group, customer, server, peers, grants }: RoomInfo): z.input<
  typeof ShownRoomEntry
> {
  const hash = createHash("sha256").update(JSON.stringify([id[0], group])).digest("hex").slice(0, 16);
  return { hash, id: [...id], customer, server, peers, grants };
}

function showExplanation({ server, group, explanation }: ShownExplanation): z.input<typeof Explained> {
  if (explanation === undefined) {
    const note =
      "the server reported the room, it was placed before the gateway's last start or too long ago, or the store that the " +
      "gateways share cannot be reached";
    return { server, group, explanation: null, note };
  }
  const { at, kind, candidates, leftOut, ...rest } = explanation;
  return {
    server,
    group,
    explanation: { at: iso(at), ...kind, ...rest, candidates: [...candidates], leftOut: [...leftOut] },
  };
}
