import { z } from "zod";
import type { TaskInfo, UnixTime } from "../../../fleet/mod.ts";
import type { GatewayPort } from "../../../gateway/port.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, iso } from "./method.ts";
import { Count, Name, ServerAddress, ShownAddress, ShownRoom, Time } from "./shapes.ts";

export const ShownTask = z.object({
  sequence: Count.describe("Number of the task: the order in which tasks are handed over."),
  task: z.enum(["RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"]),
  server: ShownAddress,
  room: ShownRoom,
  customer: z.string(),
  size: Count.describe("In characters of JSON."),
  expires: Time.describe("When it is given up."),
  state: z.enum(["waiting", "handed over", "unproven"]).describe(
    "Not handed over yet; in an answer of which it is not known yet whether its server has read it; or handed over once " +
      "without proof, and handed over again.",
  ),
});

/** The methods about tasks. */
export function taskMethods({ gateway }: { readonly gateway: GatewayPort }): readonly AdminMethod[] {
  return [
    listMethod({
      name: "task.List",
      summary: "List the tasks that wait for their servers, page by page, without what they carry",
      filters: {
        server: ServerAddress.optional().describe("Only those for this server."),
        namespace: Name.optional().describe("Only those for rooms of this namespace."),
        room: Name.optional().describe("Only those for rooms of this name, exactly."),
        customer: Name.optional().describe("Only those of this customer."),
      },
      key: z.tuple([z.int()]),
      entries: "tasks",
      entry: ShownTask,
      page: (asked) => gateway.view.tasks(asked),
      show: showTask,
    }),
  ];
}

function showTask({ kind, room, expires, ...task }: TaskInfo<UnixTime>): z.input<typeof ShownTask> {
  return { ...task, task: kind, room: [...room], expires: iso(expires) };
}
