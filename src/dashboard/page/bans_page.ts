import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownBan } from "../../edge/methods/admin/ban_methods.ts";
import { ActionButton } from "./confirm.ts";
import { givenIn, SearchForm } from "./fields.ts";
import { mayChange } from "./fleet.ts";
import { moment, NOTHING } from "./format.ts";
import { type List, Paged, useList } from "./lists.ts";
import { Name, RoomName } from "./name.ts";
import { Table } from "./parts.ts";
import { linkTo } from "./route.ts";
import { call } from "./rpc.ts";

export type Ban = z.output<typeof ShownBan>;

const TEXTS = [
  ["namespace", "Namespace, exactly"],
  ["room", "Room, exactly"],
  ["user", "User, exactly"],
  ["customer", "Customer, exactly"],
] as const;

/** The bans in force. */
export function BansPage({ query }: { query: URLSearchParams }): ComponentChild {
  return h(
    "section",
    null,
    h("h1", null, "Bans"),
    h(SearchForm, { page: "bans", query, texts: TEXTS }),
    h(Found, { filter: givenIn(query, TEXTS), key: String(query) }),
  );
}

function Found({ filter }: { filter: object }): ComponentChild {
  return h(BanPages, { list: useList<Ban>("ban.List", "bans", filter), none: "No ban." });
}

/** Bans, page by page. @param done is told when one is lifted; if absent, the list is asked for again */
export function BanPages({ list, none, done = list.again }: {
  list: List<Ban>;
  none: string;
  done?: () => void;
}): ComponentChild {
  return h(Paged<Ban>, { list, none, children: ({ rows }) => h(BanTable, { bans: rows, done }) });
}

function BanTable({ bans, done }: { bans: readonly Ban[]; done: () => void }): ComponentChild {
  return h(Table, {
    label: "Bans",
    head: ["Room", "Who", "Until", "Customer", "By", ...(mayChange() ? ["Actions"] : [])],
    children: bans.map((ban) =>
      h(
        "tr",
        { key: JSON.stringify([ban.room, ban.user]) },
        h(
          "th",
          { scope: "row" },
          h("a", { href: linkTo("room", ...ban.room) }, h(RoomName, { room: ban.room })),
        ),
        h("td", null, ban.user === null ? "everybody" : h(Name, { name: ban.user })),
        h("td", null, moment(ban.until)),
        h("td", null, ban.customer === null ? NOTHING : h(Name, { name: ban.customer })),
        h("td", null, ban.by === null ? NOTHING : h(Name, { name: ban.by })),
        mayChange() && h("td", null, h(Lift, { ban, done })),
      )
    ),
  });
}

function Lift({ ban: { room, user }, done }: { ban: Ban; done: () => void }): ComponentChild {
  return h(ActionButton, {
    label: "Lift",
    explains: [
      user === null ? "Everybody" : h(Name, { name: user }),
      " may get into ",
      h(RoomName, { room }),
      " again.",
    ],
    async run(_form, signal) {
      await call("ban.Lift", user === null ? { room_id: room } : { room_id: room, user_id: user }, signal);
      return "the ban is lifted";
    },
    done,
  });
}
