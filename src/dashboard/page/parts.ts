import { type ComponentChild, type ComponentChildren, h } from "preact";
import type { ServerRow } from "../state.ts";
import type { Asked } from "./rpc.ts";

/** The states of servers, in the order in which they are shown. */
export const STATES = [
  "open",
  "silent",
  "draining",
  "weight 0",
] as const satisfies readonly ServerRow["state"][];

/** A state in words, with a sign that is told apart without its colour. */
export function State({ state }: { state: string }): ComponentChild {
  const sign = SIGNS[state] ?? "•";
  return h(
    "span",
    { class: `state ${state.replace(/\W/g, "-")}` },
    h("span", { "aria-hidden": true }, sign),
    ` ${state}`,
  );
}

const SIGNS: Readonly<Record<string, string>> = {
  open: "●",
  silent: "✗",
  draining: "▼",
  "weight 0": "○",
  error: "✗",
  warning: "▲",
  info: "•",
};

/**
 * A table that scrolls within itself where it is too wide.
 *
 * @param columns names how wide its columns are (`style.css`), so that each row can be laid out by itself, and only where it
 * can be seen; if absent, the browser looks at all rows. Its cells have roles then, as it is no table by its layout.
 */
export function Table({ label, head, columns, children }: {
  label: string;
  head: readonly ComponentChildren[];
  columns?: string;
  children: ComponentChildren;
}): ComponentChild {
  const cells = head.map((cell) =>
    typeof cell === "string" ? h("th", { scope: "col", role: "columnheader" }, cell) : cell
  );
  return h(
    "div",
    { class: "scrolls", role: "region", "aria-label": label, tabIndex: 0 },
    h(
      "table",
      { role: "table", class: columns === undefined ? "" : `rows ${columns}` },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, cells)),
      h("tbody", { role: "rowgroup" }, children),
    ),
  );
}

/** Names with their values. */
export function Facts(
  { facts }: { facts: readonly (readonly [string, ComponentChildren])[] },
): ComponentChild {
  return h(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) => h("div", { key: name }, h("dt", null, name), h("dd", null, value))),
  );
}

/** What was asked for, once it is there; until then that it comes, or why it does not. */
export function Answer<Result>({ asked, children }: {
  asked: Asked<Result>;
  children: (result: Result) => ComponentChildren;
}): ComponentChild {
  const { result, error, again } = asked;
  return h(
    "div",
    { "aria-busy": result === undefined && error === undefined },
    error !== undefined && h(
      "p",
      { class: "error", role: "alert" },
      `✗ ${error} `,
      h("button", { type: "button", onClick: again }, "Try again"),
    ),
    result === undefined ? error === undefined && h("p", null, "Loading …") : children(result),
  );
}
