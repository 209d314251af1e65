/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownBan } from "../../edge/methods/admin/ban_methods.ts";
import { ActionButton } from "./confirm.ts";
import { mayChange } from "./fleet.ts";
import { moment, NOTHING } from "./format.ts";
import { Name, RoomName } from "./name.ts";
import { Field, type List, Paged, Table, useList } from "./parts.ts";
import { linkTo, linkWith } from "./route.ts";
import { call } from "./rpc.ts";

type Ban = z.output<typeof ShownBan>;
export interface BanList {
  readonly bans: readonly Ban[];
  readonly cursor: string | null;
}

const FILTERS = [["namespace", "Namespace"], ["room", "Room"], ["user", "User"], [
  "customer",
  "Customer",
]] as const;

/** The bans in force. */
export function BansPage({ query }: { query: URLSearchParams }): ComponentChild {
  const filter = Object.fromEntries(FILTERS.flatMap(([name]) => {
    const value = query.get(name) ?? "";
    return value === "" ? [] : [[name, value]];
  }));
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    location.hash = linkWith(
      "bans",
      Object.fromEntries(FILTERS.map(([name]) => [name, String(form.get(name) ?? "")])),
    );
  };
  return h(
    "section",
    null,
    h("h1", null, "Bans"),
    h(
      "form",
      { class: "filters", role: "search", onSubmit: search, key: String(query) },
      FILTERS.map(([name, label]) =>
        h(Field, {
          label: `${label}, exactly`,
          key: name,
          children: h("input", { type: "search", name, maxLength: 1024, defaultValue: filter[name] ?? "" }),
        })
      ),
      h("button", { type: "submit", class: "main" }, "Search"),
    ),
    h(Found, { filter, key: JSON.stringify(filter) }),
  );
}

function Found({ filter }: { filter: Readonly<Record<string, string>> }): ComponentChild {
  const list = useList<BanList>("ban.List", filter);
  return h(BanPages, { list, none: "No ban." });
}

/** Bans, page by page. @param done is told when one is lifted; if absent, the list is asked for again */
export function BanPages({ list, none, done = list.again }: {
  list: List<BanList>;
  none: string;
  done?: () => void;
}): ComponentChild {
  return h(Paged<BanList, Ban>, {
    list,
    none,
    rows: ({ bans }) => bans,
    children: (bans) => h(BanTable, { bans, done }),
  });
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
    async run() {
      await call("ban.Lift", user === null ? { room_id: room } : { room_id: room, user_id: user });
      return "the ban is lifted";
    },
    done,
  });
}
