/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownRoomEntry } from "../../edge/methods/admin/room_methods.ts";
import { counted } from "./format.ts";
import { Name, RoomName } from "./name.ts";
import { Field, Paged, Table, useList } from "./parts.ts";
import { linkTo, linkWith } from "./route.ts";

type Room = z.output<typeof ShownRoomEntry>;
interface RoomList {
  readonly rooms: readonly Room[];
  readonly cursor: string | null;
}

/** What rooms can be searched by, with the words for it. */
const FILTERS = [
  ["namespace", "Namespace, exactly"],
  ["prefix", "Name begins with"],
  ["customer", "Customer, exactly"],
  ["server", "Server"],
] as const;

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
  const list = useList<RoomList>("room.List", filter);
  return h(Paged<RoomList, Room>, {
    list,
    none: "No room.",
    rows: ({ rooms }) => rooms,
    children: (rooms, { cursor }) => [
      h("p", { role: "status" }, roomsText(rooms.length, list.isBegin, cursor !== null)),
      h(RoomTable, { rooms }),
    ],
  });
}

function roomsText(count: number, isBegin: boolean, more: boolean): string {
  return `${counted(count)} ${count === 1 ? "room" : "rooms"}${isBegin && !more ? "" : " on this page"}${
    more ? ", and there are more" : ""
  }`;
}

function RoomTable({ rooms }: { rooms: readonly Room[] }): ComponentChild {
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
