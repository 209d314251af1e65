/**
 * What the schemas of several methods share: names, addresses, times, and pages of lists.
 *
 * @module
 */
import { z } from "zod";
import { type Address, parseAddress } from "../../../fleet/mod.ts";
import type { Listing, PageOf } from "../../../gateway/port.ts";
import { Name as CheckedName } from "../../../tokens/mod.ts";
import { RpcError } from "../../errors.ts";

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
export const ShownRoom = z.tuple([z.string(), z.string()]).describe("Namespace and name of the room.");
export const Time = z.iso.datetime().describe("A point in time, ISO 8601 in UTC.");
export const Count = z.int().min(0);
/** A count that is learned, and has fractions. */
export const Amount = z.number().min(0);

/** Entries of a page, by default and at most. */
const PAGE = { usual: 100, most: 1000 };

/** What every list takes besides its filters. */
export const Paging = {
  limit: z.int().min(1).max(PAGE.most).default(PAGE.usual).describe("Entries of a page, at most."),
  cursor: z.string().max(1200).optional().describe(
    "Continues a list: the `cursor` of its page before. The filters are then those that the list began with.",
  ),
};

/** What every list answers besides its entries. */
export const Cursor = z.string().nullable().describe(
  "Asks for the next page; null at the end. A page may be short, even empty, and not be the last. A list that nobody goes " +
    "on with for ten minutes is given up.",
);

/** A list from its beginning, with its filters, or from where the cursor says. */
export function listing<Params extends { readonly limit: number; readonly cursor?: string | undefined }>(
  { limit, cursor, ...filter }: Params,
): Listing<Omit<Params, "limit" | "cursor">> {
  return cursor === undefined ? { limit, filter } : { limit, cursor };
}

/**
 * A page as it is shown.
 *
 * @throws {RpcError} where its cursor is none
 */
export function shownPage<Item, Shown>(
  page: PageOf<Item>,
  show: (item: Item) => Shown,
): { readonly entries: Shown[]; readonly cursor: string | null } {
  if (page === "no-cursor") throw noCursor();
  return { entries: page.items.map(show), cursor: page.cursor ?? null };
}

/** What a call ends with whose cursor is none. */
export function noCursor(): RpcError {
  const data = [{ member: "cursor", reason: "not known" }];
  return new RpcError(
    "invalidParams",
    "cursor: not known here, or given up; begin the list anew, at one gateway",
    data,
  );
}
