import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownCustomer, ShownCustomerDetail } from "../../edge/methods/admin/customer_methods.ts";
import type { CustomerHistory } from "../history/history.ts";
import { Bar } from "./chart.ts";
import { givenIn, SearchForm, Select } from "./fields.ts";
import { useFleet } from "./fleet.ts";
import { counted, measured } from "./format.ts";
import { Paged, useList } from "./lists.ts";
import { Name } from "./name.ts";
import { Answer, Facts, Table } from "./parts.ts";
import { HourAndDay, useRecorded } from "./recorded.ts";
import { linkTo, linkWith } from "./route.ts";
import { useCall } from "./rpc.ts";

type Customer = z.output<typeof ShownCustomer>;
type Detail = z.output<typeof ShownCustomerDetail>;

const TEXTS = [["prefix", "Id begins with"]] as const;

const LISTED = [["", "those in the list of customers"], ["no", "others that use something"]] as const;

/** Customers, with what they use of their licences. */
export function CustomersPage({ query }: { query: URLSearchParams }): ComponentChild {
  const listed = query.get("listed") === "no" ? "no" : "";
  return h(
    "section",
    null,
    h("h1", null, "Customers"),
    h(SearchForm, {
      page: "customers",
      query,
      texts: TEXTS,
      children: h(Select, { label: "Show", name: "listed", options: LISTED, value: listed }),
    }),
    h(Found, { filter: { ...givenIn(query, TEXTS), listed: listed === "" }, key: String(query) }),
  );
}

function Found({ filter }: { filter: object }): ComponentChild {
  const { rows: { customers: live } } = useFleet();
  const list = useList<Customer>("customer.List", "customers", filter);
  return h(Paged<Customer>, {
    list,
    none: "No customer.",
    children: ({ rows: customers }) =>
      h(Table, {
        label: "Customers",
        head: ["Customer", "Clients", "of", "Rooms", "of", "Keys", "Pools"],
        children: customers.map((customer) =>
          h(CustomerLine, { customer: { ...customer, ...live.get(customer.id) }, key: customer.id })
        ),
      }),
  });
}

function CustomerLine(
  { customer: { id, peers, maxPeers, rooms, maxRooms, keys, pools } }: { customer: Customer },
): ComponentChild {
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h("a", { href: linkTo("customer", id) }, h(Name, { name: id }))),
    h("td", { class: "number" }, counted(peers)),
    h("td", { class: "drawn" }, h(Licence, { used: peers, of: maxPeers })),
    h("td", { class: "number" }, counted(rooms)),
    h("td", { class: "drawn" }, h(Licence, { used: rooms, of: maxRooms })),
    h("td", { class: "number" }, counted(keys)),
    h("td", null, pools === null ? "any" : pools.join(", ")),
  );
}

/** What is used of a limit, where there is one. */
function Licence({ used, of }: { used: number; of: number | null }): ComponentChild {
  if (of === null) return h("span", null, "no limit");
  const full = used >= of ? " ✗ reached" : used >= 0.8 * of ? " ▲ near" : "";
  return h(
    "span",
    null,
    h(Bar, { parts: [{ name: "used", value: of === 0 ? 1 : used / of }] }),
    ` ${counted(of)}${full}`,
  );
}

/** A customer: its licence, its keys, its servers, and its last day. */
export function CustomerPage({ id }: { id: string }): ComponentChild {
  const asked = useCall<Detail>("customer.Show", { id });
  const recorded = useRecorded<CustomerHistory>("customer", id);
  return h(
    "section",
    null,
    h("h1", null, "Customer ", h(Name, { name: id, whole: true })),
    h("p", null, h("button", { type: "button", onClick: asked.again }, "Refresh")),
    h(Answer<Detail>, { asked, children: (detail) => h(Known, { detail }) }),
    h(Answer<CustomerHistory | null>, {
      asked: recorded,
      children: (found) =>
        found === null
          ? h(
            "p",
            null,
            "Nothing was recorded of it: it uses nothing now, or a hundred others were there before.",
          )
          : h(Courses, found),
    }),
  );
}

function Courses({ customer, steps }: CustomerHistory): ComponentChild {
  return h(HourAndDay, {
    title: (of) => `Last ${of}`,
    steps,
    format: measured,
    courses: [["clients", customer.peers], ["rooms", customer.rooms]],
  });
}

function Known({ detail }: { detail: Detail }): ComponentChild {
  const {
    peers,
    maxPeers,
    rooms,
    maxRooms,
    reported,
    granted,
    keys,
    servers,
    furtherServers,
    pools,
    listed,
  } = detail;
  return h(
    "div",
    null,
    h(Facts, {
      facts: [
        ["Clients", h("span", null, `${counted(peers)} of `, h(Licence, { used: peers, of: maxPeers }))],
        ["Rooms", h("span", null, `${counted(rooms)} of `, h(Licence, { used: rooms, of: maxRooms }))],
        ["Reported", `${counted(reported.peers)} clients, ${counted(reported.rooms)} rooms`],
        ["On their way", `${counted(granted.peers)} clients, ${counted(granted.rooms)} rooms`],
        ["Pools", pools === null ? "any" : pools.join(", ")],
        ["In the list of customers", listed ? "yes" : "no"],
        ["Its rooms", h("a", { href: linkWith("rooms", { customer: detail.id }) }, "show them")],
      ],
    }),
    h("h2", null, "Keys"),
    h(Table, {
      label: "Keys",
      head: ["Key", "Namespace", "Pools", "Can be used"],
      children: keys.map(({ id, namespace, pools, usable }, i) =>
        h(
          "tr",
          { key: i },
          h("th", { scope: "row" }, h(Name, { name: id })),
          h("td", null, h(Name, { name: namespace })),
          h("td", null, pools === null ? "those of the customer" : pools.join(", ")),
          h("td", null, usable ? "✓ yes" : "✗ no: the log says why"),
        )
      ),
    }),
    h("h2", null, "Servers"),
    h(Table, {
      label: "Servers with something of this customer",
      head: ["Server", "Clients", "Rooms"],
      children: servers.map(({ server, peers, rooms }) =>
        h(
          "tr",
          { key: server },
          h("th", { scope: "row" }, h("a", { href: linkTo("server", server) }, h(Name, { name: server }))),
          h("td", { class: "number" }, counted(peers)),
          h("td", { class: "number" }, counted(rooms)),
        )
      ),
    }),
    furtherServers > 0 && h("p", null, `and ${counted(furtherServers)} more`),
  );
}
