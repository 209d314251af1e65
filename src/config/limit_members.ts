import { z } from "zod";
import { defaultFleetSettings } from "../fleet/mod.ts";
import { count, entries, seconds } from "./members.ts";

const fleet = defaultFleetSettings();

/** Bounds on what a caller can make the gateway read or keep: members of `limits`. */
export const LimitMembers = z.object({
  headers: count.default(32 * 1024).describe("Longest headers of a request, in bytes."),
  publicBody: count.default(64 * 1024).describe("Longest body of a request to `/`, in bytes."),
  internalBody: count.default(64 * 1024 * 1024).describe(
    "Longest body of a request to `/internal`, in bytes.",
  ),
  batch: count.default(100).describe("Requests in a JSON-RPC batch."),
  url: count.default(2048).describe("Longest URL, in characters."),
  authorization: count.default(16 * 1024).describe("Longest Authorization header, in characters."),
  customerShare: z.number().positive().max(1).default(fleet.limits.customerShare).describe(
    "Fairness of the limits that customers share (`unlistedRooms`, `bans`, `taskBytes` and the tasks of a server). Up to a " +
      "limit anybody is admitted; as much again is kept, of which each customer may have this fraction of what the others " +
      "have left. Customers of `unknownCustomers` count as one.",
  ),
  servers: entries.default(fleet.limits.servers).describe("Servers that may be known at a time."),
  unlistedRooms: entries.default(fleet.limits.unlistedRooms).describe(
    "Rooms that may be granted and not yet listed in a report; long names count more than once.",
  ),
  bans: entries.default(fleet.limits.bans).describe(
    "Bans that may be in force at a time; long names count more than once.",
  ),
  tasksPerServer: entries.default(fleet.limits.tasksPerServer).describe(
    "Tasks that may wait for one server.",
  ),
  taskBytesPerServer: count.default(fleet.limits.taskBytesPerServer).describe(
    "Size of all tasks that may wait for one server, in characters of JSON.",
  ),
  taskBytes: count.default(fleet.limits.taskBytes).describe(
    "Size of all tasks that may wait for all servers, in characters of JSON.",
  ),
  grantTimeout: seconds.default(fleet.grantTimeout / 1000).describe(
    "Seconds that a client that got a room token and has not arrived counts towards licence and load.",
  ),
  kinds: z.int().min(10).max(8_000_000).default(fleet.limits.kinds).describe(
    "Kinds of rooms whose sizes are remembered; of the namespace that has the most, those used longest ago are forgotten.",
  ),
  names: z.int().min(0).max(8_000_000).default(fleet.limits.names).describe(
    "Names of rooms that come back, whose sizes are remembered, each with 33 bytes (and 256 KiB for all); of further " +
      "ones, those that were seen once are forgotten first, and those of the namespace that has the most. 0 for none.",
  ),
  webhookEvents: z.int().min(1).max(1_000_000).default(10_000).describe(
    "Events that may wait for each webhook; the oldest make room.",
  ),
  webhookBytes: count.default(16 * 1024 * 1024).describe(
    "Size of all events that may wait for each webhook, in characters of JSON.",
  ),
  explanations: z.int().min(0).max(8_000_000).default(fleet.limits.explanations).describe(
    "Placements that `room.Explain` can explain, the newest; where several gateways share the store, of all of them, some 1 to " +
      "2 kB each in Redis.",
  ),
});
