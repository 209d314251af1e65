import { type ComponentChild, h } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { ServerRow } from "../state.ts";
import { Bar, BarKey, Spark } from "./chart.ts";
import { Select, TextFilter } from "./fields.ts";
import { mayChange, useFleet } from "./fleet.ts";
import { counted, measured, share } from "./format.ts";
import type { Minutes } from "./heat.ts";
import { Name } from "./name.ts";
import { State, STATES, Table } from "./parts.ts";
import { linkTo } from "./route.ts";
import { get, useAsked } from "./rpc.ts";
import { ServerActions } from "./server_actions.ts";
import { LOAD_PARTS, partsOf } from "./server_load.ts";

interface Row {
  readonly address: string;
  readonly its: ServerRow;
}

/** What is drawn of a server that has no history yet. */
const NONE: readonly (number | null)[] = [];

const collator = new Intl.Collator(undefined, { numeric: true });

/** Columns that the table can be sorted by. */
const COLUMNS: readonly { name: string; of: (row: Row) => string | number }[] = [
  { name: "Server", of: ({ address }) => address },
  { name: "State", of: ({ its }) => its.state },
  { name: "Load", of: ({ its }) => its.load },
  { name: "Expected", of: ({ its }) => its.expectedLoad },
  { name: "In parts", of: ({ its }) => its.expectedLoad },
  { name: "Clients", of: ({ its }) => its.clients },
  { name: "On their way", of: ({ its }) => its.grants },
  { name: "Rooms", of: ({ its }) => its.rooms },
  { name: "Tasks", of: ({ its }) => its.tasks },
  { name: "Weight", of: ({ its }) => its.weight },
  { name: "Pool", of: ({ its }) => its.pool },
  { name: "Version", of: ({ its }) => its.version },
];

const CHOICE = [["", "any"], ...STATES.map((state) => [state, state] as const)] as const;

/** All servers, sorted and filtered, with their load in parts. */
export function ServersPage(): ComponentChild {
  const { rows: { servers } } = useFleet();
  const [text, setText] = useState("");
  const [state, setState] = useState("");
  const [sorted, setSorted] = useState({ column: 0, down: false });
  const { result: minutes = {} } = useAsked(
    "minutes",
    (signal) => get<Minutes>("/dashboard/minutes", signal),
    30,
  );
  const rows = Array.from(servers, ([address, its]): Row => ({ address, its })).filter(({ address, its }) =>
    `${address} ${its.pool} ${its.version}`.includes(text) && (state === "" || its.state === state)
  );
  const { of } = COLUMNS[sorted.column]!;
  rows.sort((a, b) => compare(of(a), of(b)) * (sorted.down ? -1 : 1) || compare(a.address, b.address));
  const head = COLUMNS.map(({ name }, column) => {
    const is = sorted.column === column;
    const sign = is ? sorted.down ? " ▾" : " ▴" : "";
    const sort = () => setSorted({ column, down: is && !sorted.down });
    return h(
      "th",
      {
        scope: "col",
        role: "columnheader",
        "aria-sort": is ? sorted.down ? "descending" : "ascending" : "none",
        key: name,
      },
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
      h(TextFilter, { label: "Address, pool or version", text, filter: setText }),
      h(Select, { label: "State", options: CHOICE, value: state, choose: setState }),
      h("p", { role: "status" }, `${counted(rows.length)} of ${counted(servers.size)} servers`),
    ),
    h(BarKey, { names: LOAD_PARTS }),
    h(Table, {
      label: "Servers",
      columns: "servers",
      head: [...head, "Last hour", ...(mayChange() ? ["Actions"] : [])],
      children: rows.map(({ address, its }) =>
        h(ServerLine, { address, row: its, minutes: minutes[address] ?? NONE, key: address })
      ),
    }),
  );
}

/** A row; drawn anew only where it has changed, as most of 200 have not with each news. */
function ServerLine(its: Line): ComponentChild {
  const acts = mayChange();
  return useMemo(() => h(Cells, { ...its, acts }), [its.row, its.minutes, acts]);
}

interface Line {
  readonly address: string;
  readonly row: ServerRow;
  readonly minutes: readonly (number | null)[];
}

/** What hardly ever changes in a row is kept. */
function Cells({ address, row, minutes, acts }: Line & { readonly acts: boolean }): ComponentChild {
  const { state, pool, version, load, expectedLoad, clients, grants, rooms, weight, tasks } = row;
  return h(
    "tr",
    { role: "row" },
    useMemo(
      () => [
        h(
          "th",
          { scope: "row", role: "rowheader" },
          h("a", { href: linkTo("server", address) }, h(Name, { name: address })),
        ),
        cell(h(State, { state })),
      ],
      [address, state],
    ),
    cell(share(load), "number"),
    cell(share(expectedLoad), "number"),
    cell(h(Bar, { parts: partsOf(row) }), "drawn"),
    [clients, grants, rooms, tasks].map((count) => cell(counted(count), "number")),
    cell(measured(weight), "number"),
    useMemo(() => [cell(h(Name, { name: pool })), cell(h(Name, { name: version }))], [pool, version]),
    useMemo(() => cell(h(Spark, { values: minutes }), "drawn"), [minutes]),
    useMemo(() => acts && cell(h(ServerActions, { address, state, weight })), [acts, address, state, weight]),
  );
}

function cell(its: ComponentChild, kind = ""): ComponentChild {
  return h("td", { role: "cell", class: kind }, its);
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "string" ? collator.compare(a, String(b)) : a - Number(b);
}
