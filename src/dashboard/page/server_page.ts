import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownServerDetail } from "../../edge/methods/admin/server_methods.ts";
import type { ServerHistory } from "../history/history.ts";
import { Bar, BarKey } from "./chart.ts";
import { mayChange, useFleet } from "./fleet.ts";
import { counted, measured, moment, NOTHING, share } from "./format.ts";
import { Name } from "./name.ts";
import { Answer, Facts, State, Table } from "./parts.ts";
import { HourAndDay, useRecorded } from "./recorded.ts";
import { linkTo, linkWith } from "./route.ts";
import { useCall } from "./rpc.ts";
import { ServerActions } from "./server_actions.ts";
import { LOAD_PARTS, partsOf } from "./server_load.ts";

type Detail = z.output<typeof ShownServerDetail>;

/** All that is known of a server. */
export function ServerPage({ address }: { address: string }): ComponentChild {
  const { rows: { servers } } = useFleet();
  const row = servers.get(address);
  const asked = useCall<Detail>("server.Show", { address });
  const recorded = useRecorded<ServerHistory>("server", address);
  return h(
    "section",
    null,
    h("h1", null, "Server ", h(Name, { name: address, whole: true })),
    row !== undefined && h(
      "div",
      { class: "now" },
      h(Facts, {
        facts: [
          ["State", h(State, { state: row.state })],
          ["Load", share(row.load)],
          ["Expected load", share(row.expectedLoad)],
          ["Clients", counted(row.clients)],
          ["On their way", counted(row.grants)],
          [
            "Rooms",
            h("a", { href: linkWith("rooms", { server: address }) }, `${counted(row.rooms)}, show them`),
          ],
          ["Weight", share(row.weight)],
          ["Tasks that wait", counted(row.tasks)],
        ],
      }),
      h(BarKey, { names: LOAD_PARTS }),
      h("div", { class: "wide" }, h(Bar, { parts: partsOf(row) })),
      mayChange() && h(ServerActions, { address, state: row.state, weight: row.weight, done: asked.again }),
    ),
    h(Answer<ServerHistory | null>, {
      asked: recorded,
      children: (found) =>
        found === null ? h("p", null, "Nothing was recorded of it yet.") : h(Courses, found),
    }),
    h("h2", null, "All that is known of it"),
    h("p", null, h("button", { type: "button", onClick: asked.again }, "Refresh")),
    h(Answer<Detail>, { asked, children: (detail) => h(Known, { detail }) }),
  );
}

function Courses({ server, steps }: ServerHistory): ComponentChild {
  return h(HourAndDay, {
    title: (of) => `Load, last ${of}`,
    steps,
    format: share,
    courses: [["reported", server.load], ["expected", server.expected]],
  });
}

function Known({ detail }: { detail: Detail }): ComponentChild {
  const { draining, customers, furtherCustomers } = detail;
  const drains = draining === null
    ? "no"
    : `${draining.empty ? "yes, and empty: it can be stopped" : "yes"}${
      draining.deadline === null ? "" : `, until ${moment(draining.deadline)}`
    }`;
  return h(
    "div",
    null,
    h(Facts, {
      facts: [
        ["Pool", h(Name, { name: detail.pool })],
        ["Version", h(Name, { name: detail.version })],
        ["Draining", drains],
        ["Load of one client", measured(detail.loadPerClient)],
        ["Load without noise", share(detail.steadyLoad)],
        ["Clients still to come by growth", measured(detail.growth)],
        ["Groups", counted(detail.groups)],
        ["Rooms it does not list", counted(detail.unlistedRooms)],
        ["Rooms of other servers that it lists", counted(detail.foreignRooms)],
        ["Rooms it was told to close", counted(detail.closingRooms)],
        ["Key", h(Name, { name: detail.keyId })],
        ["First seen", moment(detail.firstSeen)],
        ["Last report", moment(detail.lastSeen)],
      ],
    }),
    h("h2", null, "Customers on it"),
    customers.length === 0 ? h("p", null, NOTHING) : h(Table, {
      label: "Customers on this server",
      head: ["Customer", "Clients", "Rooms"],
      children: customers.map(({ customer, peers, rooms }) =>
        h(
          "tr",
          { key: customer },
          h(
            "th",
            { scope: "row" },
            h("a", { href: linkTo("customer", customer) }, h(Name, { name: customer })),
          ),
          h("td", { class: "number" }, counted(peers)),
          h("td", { class: "number" }, counted(rooms)),
        )
      ),
    }),
    furtherCustomers > 0 && h("p", null, `and ${counted(furtherCustomers)} more`),
  );
}
