/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { z } from "zod";
import type { ShownRoomEntry } from "../../edge/methods/admin/room_methods.ts";
import { counted } from "./format.ts";
import { Name, RoomName } from "./name.ts";
import { Answer, Field, Pager, Table } from "./parts.ts";
import { linkTo, linkWith } from "./route.ts";
import { useCall } from "./rpc.ts";

interface RoomList {
  readonly rooms: readonly z.output<typeof ShownRoomEntry>[];
  readonly cursor: string | null;
}

/** What rooms can be searched by, with the words for it. */
const FILTERS = [
  ["namespace", "Namespace, exactly"],
  ["prefix", "Name begins with"],
  ["customer", "Customer, exactly"],
  ["server", "Server"],
] as const;

/** Rooms of a page: a million rooms are ten thousand pages, of which the browser has one. */
const PAGE = 100;

/** Search through the rooms, page by page. */
export function RoomsPage({ query }: { query: URLSearchParams }): ComponentChild {
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    location.hash = linkWith(
      "rooms",
      Object.fromEntries(FILTERS.map(([name]) => [name, String(form.get(name) ?? "")])),
    );
  };
  const filter = Object.fromEntries(FILTERS.flatMap(([name]) => {
    const value = query.get(name) ?? "";
    return value === "" ? [] : [[name, value]];
  }));
  return h(
    "section",
    null,
    h("h1", null, "Rooms"),
    h(
      "form",
      { class: "filters", role: "search", onSubmit: search, key: String(query) },
      FILTERS.map(([name, label]) =>
        h(Field, {
          label,
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
  const [cursor, setCursor] = useState<string>();
  const asked = useCall<RoomList>(
    "room.List",
    cursor === undefined ? { ...filter, limit: PAGE } : { cursor, limit: PAGE },
  );
  return h(Answer<RoomList>, {
    asked,
    children: ({ rooms, cursor: next }) => [
      h("p", { role: "status" }, roomsText(rooms.length, cursor === undefined, next !== null)),
      h(RoomTable, { rooms }),
      h(Pager, {
        cursor: next,
        first: cursor === undefined,
        next: setCursor,
        begin: () => setCursor(undefined),
      }),
    ],
  });
}

function roomsText(count: number, first: boolean, more: boolean): string {
  if (count === 0) return more ? "None among those looked at so far; there are more to look at." : "No room.";
  return `${counted(count)} ${count === 1 ? "room" : "rooms"}${first && !more ? "" : " on this page"}${
    more ? ", and there are more" : ""
  }`;
}

export function RoomTable({ rooms }: { rooms: RoomList["rooms"] }): ComponentChild {
  return h(Table, {
    label: "Rooms",
    head: ["Room", "Customer", "Server", "Clients", "On their way"],
    children: rooms.map(({ id, customer, server, peers, grants }) =>
      h(
        "tr",
        { key: JSON.stringify(id) },
        h("th", { scope: "row" }, h("a", { href: linkTo("room", ...id) }, h(RoomName, { room: id }))),
        h("td", null, h("a", { href: linkTo("customer", customer) }, h(Name, { name: customer }))),
        h("td", null, h("a", { href: linkTo("server", server) }, h(Name, { name: server }))),
        h("td", { class: "number" }, counted(peers)),
        h("td", { class: "number" }, counted(grants)),
      )
    ),
  });
}
