/**
 * What the schemas of several methods share: names, addresses and times.
 *
 * @module
 */
import { z } from "zod";
import { type Address, parseAddress } from "../../../fleet/mod.ts";
import { Name as CheckedName } from "../../../tokens/mod.ts";

/** A namespace, a room, a user or a customer. */
export const Name = CheckedName.meta({ type: "string", minLength: 1, maxLength: 1024 });

/** A room: its namespace and its name. */
export const RoomName = z.tuple([Name, Name]).describe("Namespace and name of the room.");

/** Address of a server, in any spelling. */
export const ServerAddress = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  context.addIssue("expected host:port, of a host that clients can reach and a port from 1 to 65535");
  return z.NEVER;
}).describe("Address of the server, `host:port`.");

/** As it is shown. */
export const ShownAddress = z.string().describe("Address of a server, `host:port`.");
export const ShownName = z.string();
/** The key of what is told apart by a namespace and a name in it. */
export const ScopedKey = z.tuple([z.string(), z.string()]);
export const ShownRoom = z.tuple([z.string(), z.string()]).describe("Namespace and name of the room.");
export const Time = z.iso.datetime().describe("A point in time, ISO 8601 in UTC.");
export const Count = z.int().min(0);
/** A count that is learned, and has fractions. */
export const Amount = z.number().min(0);
