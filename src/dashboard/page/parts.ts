import { type ComponentChild, type ComponentChildren, h } from "preact";
import type { Asked } from "./rpc.ts";

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

/** A table that scrolls within itself where it is too wide. */
export function Table({ label, head, children }: {
  label: string;
  head: readonly ComponentChildren[];
  children: ComponentChildren;
}): ComponentChild {
  const cells = head.map((cell) => typeof cell === "string" ? h("th", { scope: "col" }, cell) : cell);
  return h(
    "div",
    { class: "scrolls", role: "region", "aria-label": label, tabIndex: 0 },
    h("table", null, h("thead", null, h("tr", null, cells)), h("tbody", null, children)),
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

/** A field with its label. */
export function Field({ label, children }: { label: string; children: ComponentChildren }): ComponentChild {
  return h("label", { class: "field" }, h("span", null, label), children);
}

/** A list that comes page by page: to its next page, and back to its beginning. */
export function Pager({ cursor, first, next, begin }: {
  cursor: string | null;
  first: boolean;
  next: (cursor: string) => void;
  begin: () => void;
}): ComponentChild {
  return h(
    "div",
    { class: "buttons" },
    h("button", { type: "button", disabled: first, onClick: begin }, "To the beginning"),
    h(
      "button",
      { type: "button", disabled: cursor === null, onClick: () => cursor !== null && next(cursor) },
      "Next page",
    ),
  );
}
