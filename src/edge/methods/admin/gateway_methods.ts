import { z } from "zod";
import type { GatewayPort } from "../../../gateway/port.ts";
import type { ServerKeys } from "../../../tokens/mod.ts";
import type { Stats } from "../../../ops/stats.ts";
import { logLevel, type LogLevelName, setLogLevel } from "../../../ops/log.ts";
import { mappedInSlices } from "../../rpc/written.ts";
import { type AdminMethod, adminMethod, iso } from "./method.ts";
import { showKind, ShownKind } from "./kind_methods.ts";
import { ShownRoomEntry, showRoom } from "./room_methods.ts";
import { ShownServer, showServer } from "./server_methods.ts";
import { Count, Time } from "./shapes.ts";
import { ShownGateway, statusMethod, type StatusSource } from "./status.ts";

/** What the methods about the gateway itself work with. */
export interface GatewayMethodsContext extends StatusSource {
  readonly gateway: GatewayPort;
  readonly serverKeys: ServerKeys;
  readonly stats: Stats;
}

export const Calls = z.array(z.object({
  name: z.string().describe("Name of the method."),
  success: Count,
  failure: Count.describe("By a fault of the gateway, or while it could not write."),
  rejected: Count.describe("By a fault of the caller."),
})).describe("Calls since the start, by method.");

const Level = z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]) satisfies z.ZodType<LogLevelName>;

/** The methods about the gateway itself. */
export function gatewayMethods(context: GatewayMethodsContext): readonly AdminMethod[] {
  const { gateway, serverKeys, stats } = context;
  return [
    statusMethod(context),
    adminMethod({
      name: "Info",
      summary: "Show all servers, rooms and kinds of rooms, and counts of calls, in one answer",
      description:
        "Its cost grows with the rooms, and one call of it is made at a time; the lists by pages show the same.",
      does: "shows",
      params: z.object({}),
      ignoresUnknownParams: true,
      isDear: true,
      result: z.object({
        servers: z.array(ShownServer),
        rooms: z.array(
          ShownRoomEntry.extend({ updated: Time.describe("When its server has reported last.") }),
        ),
        kinds: z.array(ShownKind),
        gateways: z.array(ShownGateway).optional().describe(
          "The gateways that share the store; empty while it cannot be reached. Not there where there is only one.",
        ),
        stats: z.object({ apiCalls: Calls }),
      }),
      errors: [],
      run: async () => {
        const { servers, rooms, kinds } = await gateway.info();
        const gateways = await gateway.view.gateways();
        const updated = new Map(servers.map(({ address, lastSeen }) => [address, iso(lastSeen)]));
        return {
          servers: await mappedInSlices(servers, (server) => showServer(server, serverKeys)),
          rooms: await mappedInSlices(
            rooms,
            (room) => ({ ...showRoom(room), updated: updated.get(room.server)! }),
          ),
          kinds: await mappedInSlices(kinds, showKind),
          ...(gateways === undefined ? {} : { gateways: gateways.map((each) => ({ ...each })) }),
          stats: { apiCalls: [...stats.apiCalls] },
        };
      },
    }),
    adminMethod({
      name: "log.SetLevel",
      summary: "Change what is logged, until the next start or reload",
      does: "changes",
      params: z.object({ level: Level.describe("The least severe level that is logged.") }),
      result: z.object({ level: Level, before: Level }),
      errors: [],
      run: ({ level }) => {
        const before = logLevel();
        setLogLevel(level);
        return { level, before };
      },
    }),
    adminMethod({
      name: "config.Show",
      summary: "Show the configuration in force, with every default, without secrets",
      does: "shows",
      params: z.object({}),
      result: z.object({ config: z.record(z.string(), z.unknown()) }),
      errors: [],
      run: () => ({ config: context.admin.shownConfig() }),
    }),
  ];
}
