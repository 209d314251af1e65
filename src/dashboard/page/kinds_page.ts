import { type ComponentChild, h } from "preact";
import type { z } from "zod";
import type { ShownKind } from "../../edge/methods/admin/kind_methods.ts";
import { ActionButton } from "./confirm.ts";
import { mayChange } from "./fleet.ts";
import { measured, NOTHING, span } from "./format.ts";
import { Paged, useList } from "./lists.ts";
import { Name } from "./name.ts";
import { Table } from "./parts.ts";
import { call } from "./rpc.ts";

type Kind = z.output<typeof ShownKind>;

/** What was learned of kinds of rooms. */
export function KindsPage(): ComponentChild {
  const list = useList<Kind>("kind.List", "kinds", {});
  return h(
    "section",
    null,
    h("h1", null, "Kinds"),
    h(
      "p",
      null,
      "What the gateway has learned of the sizes of rooms, by their names. A new room is placed for the size that is marked ◆; what it was expected to come to was off by so many clients, on average.",
    ),
    h("p", null, h("button", { type: "button", onClick: list.again }, "Refresh")),
    h(Paged<Kind>, {
      list,
      none: "Nothing was learned yet.",
      children: ({ rows }) => h(KindTable, { kinds: rows, done: list.again }),
    }),
  );
}

function KindTable({ kinds, done }: { kinds: readonly Kind[]; done: () => void }): ComponentChild {
  const top = Math.max(1, ...kinds.map(({ p95, placedFor }) => Math.max(p95, placedFor)));
  return h(Table, {
    label: "Kinds of rooms",
    head: [
      ...["Namespace", "Names", "Rooms seen", "Mean", "Half are up to", "95 % are up to", "Placed for"],
      ...["Off by", "Sizes", "They grow for", ...(mayChange() ? ["Actions"] : [])],
    ],
    children: kinds.map((kind) =>
      h(KindLine, { kind, top, done, key: JSON.stringify([kind.namespace, kind.template]) })
    ),
  });
}

function KindLine({ kind, top, done }: { kind: Kind; top: number; done: () => void }): ComponentChild {
  const { namespace, template, rooms, mean, p50, p95, placedFor, growsFor, offBy } = kind;
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, namespace === null ? "all rooms" : h(Name, { name: namespace })),
    h("td", null, template === null ? "all names" : h(Name, { name: template })),
    h("td", { class: "number" }, measured(rooms)),
    h("td", { class: "number" }, measured(mean)),
    h("td", { class: "number" }, measured(p50)),
    h("td", { class: "number" }, measured(p95)),
    h("td", { class: "number" }, measured(placedFor)),
    h("td", { class: "number" }, offBy === null ? NOTHING : measured(offBy)),
    h("td", { class: "drawn" }, h(Sizes, { kind, top })),
    h("td", null, span(growsFor)),
    mayChange() && h("td", null, h(Forget, { kind, done })),
  );
}

/** Where the sizes lie: a thin line to where 95 % are, a thick one to where half are, and the size that is placed for. */
function Sizes({ kind: { p50, p95, placedFor }, top }: { kind: Kind; top: number }): ComponentChild {
  const x = (size: number) => 2 + size / top * 96;
  const says = `half up to ${measured(p50)}, 95 % up to ${measured(p95)}, placed for ${measured(placedFor)}`;
  const at = x(placedFor);
  return h(
    "svg",
    { class: "sizes", viewBox: "0 0 100 10", role: "img", "aria-label": says },
    h("title", null, says),
    h("line", { class: "most", x1: x(0), x2: x(p95), y1: 5, y2: 5 }),
    h("line", { class: "half", x1: x(0), x2: x(p50), y1: 5, y2: 5 }),
    h("path", { class: "placed", d: `M${at - 2} 5L${at} 1L${at + 2} 5L${at} 9Z` }),
  );
}

function Forget({ kind: { namespace, template }, done }: { kind: Kind; done: () => void }): ComponentChild {
  return h(ActionButton, {
    label: "Forget",
    harmful: true,
    explains:
      "What was learned of the sizes of these rooms is forgotten, and learned anew: for a kind whose rooms are other ones now.",
    async run(_form, signal) {
      await call("kind.Forget", { namespace, template }, signal);
      return "the kind is forgotten";
    },
    done,
  });
}
