import { z } from "zod";
import { type Ban, duration, type Task, type UnixTime } from "../../../fleet/mod.ts";
import type { GatewayPort } from "../../../gateway/port.ts";
import { managementError } from "../management_error.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, adminMethod, iso, notFound, operator } from "./method.ts";
import { Name, RoomName, ShownRoom, Time } from "./shapes.ts";

/** A ban, as it is shown. */
export const ShownBan = z.object({
  room: ShownRoom,
  user: z.string().nullable().describe("The user who is banned; null where the room is, for everybody."),
  until: Time,
  customer: z.string().nullable().describe("The customer whose share of all bans it takes."),
  by: z.string().nullable().describe(
    "Who asked for it: the id of the key whose token the call came with, or `operator` and the name of the user.",
  ),
});

/** The methods about bans. */
export function banMethods({ gateway }: { readonly gateway: GatewayPort }): readonly AdminMethod[] {
  return [
    listMethod({
      name: "ban.List",
      summary: "List the bans in force, page by page: whom, where, until when, and who asked for it",
      filters: {
        namespace: Name.optional().describe("Only those of rooms of this namespace."),
        room: Name.optional().describe("Only those of rooms of this name, exactly."),
        user: Name.optional().describe("Only those of this user."),
        customer: Name.optional().describe("Only those of this customer."),
        by: z.string().max(1024).optional().describe(
          "Only those that this key, or this operator, asked for.",
        ),
      },
      key: z.tuple([z.string(), z.string(), z.string()]),
      entries: "bans",
      entry: ShownBan,
      page: (asked) => gateway.view.bans(asked),
      show: showBan,
    }),
    adminMethod({
      name: "ban.Lift",
      summary: "Lift a ban, of a room or of a user in it",
      description:
        "The server that was told of the ban is told of its end, by the only way that servers know: a RoomClose or a " +
        "RoomBanClient with a time of zero. Whoever is in the room all the same has to come back.",
      does: "changes",
      params: z.object({
        room_id: RoomName,
        user_id: Name.optional().describe("The user; if absent, the ban of the whole room is lifted."),
      }),
      result: z.object({ lifted: ShownBan }),
      errors: ["notFound", "rateLimited", "unavailable"],
      run: async ({ room_id, user_id }, call) => {
        const ban = await gateway.view.ban(room_id, user_id);
        if (ban === undefined) throw notFound("no such ban is in force; ban.List shows those that are");
        const outcome = await gateway.manage({
          task: liftTask(ban),
          banTime: 0,
          customer: ban.customer,
          by: operator(call),
        });
        if (outcome !== "accepted") throw managementError(outcome);
        return { lifted: showBan(ban) };
      },
    }),
  ];
}

function liftTask({ room, user }: Ban): Task {
  const ban_time = duration(0);
  if (user === undefined) return { task: "RoomClose", id: room, ban_time };
  return { task: "RoomBanClient", id: room, user_id: user, ban_time };
}

export function showBan({ room, user, until, customer, by }: Ban<UnixTime>): z.input<typeof ShownBan> {
  return {
    room: [...room],
    user: user ?? null,
    until: iso(until),
    customer: customer ?? null,
    by: by ?? null,
  };
}
