/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { ServerRow } from "../state.ts";
import { Bar, BarKey, Spark } from "./chart.ts";
import { mayChange, useFleet } from "./fleet.ts";
import { counted, measured, share } from "./format.ts";
import type { Minutes } from "./heat.ts";
import { Name } from "./name.ts";
import { Field, State, Table } from "./parts.ts";
import { linkTo } from "./route.ts";
import { get, useAsked } from "./rpc.ts";
import { ServerActions } from "./server_actions.ts";
import { LOAD_PARTS, partsOf } from "./server_load.ts";

type Row = ServerRow & { readonly address: string };

/** Columns that the table can be sorted by. */
const COLUMNS: readonly { name: string; of: (row: Row) => string | number }[] = [
  { name: "Server", of: ({ address }) => address },
  { name: "State", of: ({ state }) => state },
  { name: "Load", of: ({ load }) => load },
  { name: "Expected", of: ({ expectedLoad }) => expectedLoad },
  { name: "In parts", of: ({ expectedLoad }) => expectedLoad },
  { name: "Clients", of: ({ clients }) => clients },
  { name: "On their way", of: ({ grants }) => grants },
  { name: "Rooms", of: ({ rooms }) => rooms },
  { name: "Tasks", of: ({ tasks }) => tasks },
  { name: "Weight", of: ({ weight }) => weight },
  { name: "Pool", of: ({ pool }) => pool },
  { name: "Version", of: ({ version }) => version },
];

const STATES = ["open", "silent", "draining", "weight 0"];

/** All servers, sorted and filtered, with their load in parts. */
export function ServersPage(): ComponentChild {
  const { servers } = useFleet();
  const [text, setText] = useState("");
  const [state, setState] = useState("");
  const [sorted, setSorted] = useState({ column: 0, down: false });
  const { result: minutes = {} } = useAsked("minutes", () => get<Minutes>("/dashboard/minutes"), 30);
  const rows = Array.from(servers, ([address, row]): Row => ({ address, ...row }))
    .filter((row) =>
      `${row.address} ${row.pool} ${row.version}`.includes(text) && (state === "" || row.state === state)
    );
  const { of } = COLUMNS[sorted.column]!;
  rows.sort((a, b) => compare(of(a), of(b)) * (sorted.down ? -1 : 1) || compare(a.address, b.address));
  const head = COLUMNS.map(({ name }, column) => {
    const is = sorted.column === column;
    const sign = is ? sorted.down ? " ▾" : " ▴" : "";
    const sort = () => setSorted({ column, down: is && !sorted.down });
    return h(
      "th",
      { scope: "col", "aria-sort": is ? sorted.down ? "descending" : "ascending" : "none", key: name },
      h("button", { type: "button", class: "sort", onClick: sort }, name + sign),
    );
  });
  return h(
    "section",
    null,
    h("h1", null, "Servers"),
    h(
      "form",
      { class: "filters", role: "search", onSubmit: (event: Event) => event.preventDefault() },
      h(Field, {
        label: "Address, pool or version",
        children: h("input", {
          type: "search",
          value: text,
          onInput: ({ currentTarget }) => setText(currentTarget.value),
        }),
      }),
      h(Field, {
        label: "State",
        children: h(
          "select",
          { value: state, onChange: (event: Event) => setState((event.target as HTMLSelectElement).value) },
          h("option", { value: "" }, "any"),
          STATES.map((its) => h("option", { value: its, key: its }, its)),
        ),
      }),
      h("p", { role: "status" }, `${counted(rows.length)} of ${counted(servers.size)} servers`),
    ),
    h(BarKey, { names: LOAD_PARTS }),
    h(Table, {
      label: "Servers",
      head: [...head, "Last hour", ...(mayChange() ? ["Actions"] : [])],
      children: rows.map((row) =>
        h(ServerLine, { row, minutes: minutes[row.address] ?? [], key: row.address })
      ),
    }),
  );
}

function ServerLine({ row, minutes }: { row: Row; minutes: readonly (number | null)[] }): ComponentChild {
  const { address, state, pool, version, load, expectedLoad, clients, grants, rooms, weight, tasks } = row;
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h("a", { href: linkTo("server", address) }, h(Name, { name: address }))),
    h("td", null, h(State, { state })),
    h("td", { class: "number" }, share(load)),
    h("td", { class: "number" }, share(expectedLoad)),
    h("td", { class: "drawn" }, h(Bar, { parts: partsOf(row) })),
    h("td", { class: "number" }, counted(clients)),
    h("td", { class: "number" }, counted(grants)),
    h("td", { class: "number" }, counted(rooms)),
    h("td", { class: "number" }, counted(tasks)),
    h("td", { class: "number" }, measured(weight)),
    h("td", null, h(Name, { name: pool })),
    h("td", null, h(Name, { name: version })),
    h("td", { class: "drawn" }, h(Spark, { values: minutes })),
    mayChange() && h("td", null, h(ServerActions, { address, state, weight })),
  );
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b);
}
