import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownRoomEntry } from "../../edge/methods/admin/room_methods.ts";
import { givenIn, SearchForm } from "./fields.ts";
import { counted } from "./format.ts";
import { Paged, useList } from "./lists.ts";
import { Name, RoomName } from "./name.ts";
import { Table } from "./parts.ts";
import { linkTo } from "./route.ts";

type Room = z.output<typeof ShownRoomEntry>;

const TEXTS = [
  ["namespace", "Namespace, exactly"],
  ["prefix", "Name begins with"],
  ["customer", "Customer, exactly"],
  ["server", "Server"],
] as const;

/** Search through the rooms, page by page. */
export function RoomsPage({ query }: { query: URLSearchParams }): ComponentChild {
  return h(
    "section",
    null,
    h("h1", null, "Rooms"),
    h(SearchForm, { page: "rooms", query, texts: TEXTS }),
    h(Found, { filter: givenIn(query, TEXTS), key: String(query) }),
  );
}

function Found({ filter }: { filter: object }): ComponentChild {
  const list = useList<Room>("room.List", "rooms", filter);
  return h(Paged<Room>, {
    list,
    none: "No room.",
    children: ({ rows: rooms, cursor }) => [
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
