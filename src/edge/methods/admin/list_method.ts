import { z } from "zod";
import type { Key } from "../../../fleet/mod.ts";
import type { Asked, Page } from "../../../lists/pages.ts";
import { parseParams } from "../../rpc/json_rpc.ts";
import type { AdminMethod } from "./method.ts";
import { refuseUnknownParams } from "./unknown_params.ts";

/** Entries of a page, by default and at most. */
const PAGE = { usual: 100, most: 1000 };

/** Longest cursor, in characters: five filters and a key of three names, 1024 bytes each, all of them escaped, in base64. */
const CURSOR = 72_000;

/** How a list is asked for and shown. */
export interface ListMethod<Filters extends z.ZodRawShape, Item, Entry extends z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly filters: Filters;
  readonly key: z.ZodType<Key>;
  /** What the answer calls the entries. */
  readonly entries: string;
  readonly entry: Entry;
  readonly page: (asked: Asked<z.output<z.ZodObject<Filters>>>) => Promise<Page<Item>>;
  readonly show: (item: Item) => z.input<Entry>;
}

/**
 * Declares a method that answers a list page by page. A cursor says all that is needed to go on: the list, its filters, and
 * the place. So any gateway can. One that somebody made up is checked as params are, and shows nothing else than they do.
 */
export function listMethod<Filters extends z.ZodRawShape, Item, Entry extends z.ZodType>(
  { name, summary, description, filters, key, entries, entry, page, show }: ListMethod<Filters, Item, Entry>,
): AdminMethod {
  const Filter = z.object(filters);
  const Continued = z.tuple([z.literal(name), Filter.strict(), z.uuid(), key]);
  const Paging = z.object({
    limit: z.int().min(1).max(PAGE.most).default(PAGE.usual).describe("Entries of a page, at most."),
    cursor: z.string().max(CURSOR).transform((text, context) => {
      const { success, data } = Continued.safeParse(parsed(text));
      if (success) return { filter: data[1], from: { list: data[2], after: data[3] } };
      context.addIssue("not known; begin the list anew");
      return z.NEVER;
    }).optional().describe(
      "Continues a list: the `cursor` of its page before. The filters are then those that the list began with.",
    ),
  });
  const Params = z.object({ ...filters, ...Paging.shape });
  return {
    name,
    summary,
    ...(description === undefined ? {} : { description }),
    does: "shows",
    params: Params,
    result: z.object({
      [entries]: z.array(entry),
      cursor: z.string().nullable().describe(
        "Asks for the next page, at any gateway; null at the end. A page may be short, even empty, and not be the last.",
      ),
    }),
    errors: [],
    call: async (params) => {
      refuseUnknownParams(Params, params);
      const { limit, cursor } = parseParams(Paging, params);
      const asked = cursor ?? { filter: parseParams(Filter, params) };
      const { items, next } = await page({ ...asked, limit });
      return {
        [entries]: items.map(show),
        cursor: next === undefined ? null : textOf([name, asked.filter, next.list, next.after]),
      };
    },
  };
}

/** The text of a cursor. */
function textOf(cursor: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** What it says; nothing where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined;
  }
}
