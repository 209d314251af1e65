import { type ComponentChild, type ComponentChildren, h } from "preact";
import { useState } from "preact/hooks";
import type { ServerRow } from "../state.ts";
import { type Asked, useCall } from "./rpc.ts";

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

/** A list of which a page is there. */
export interface List<Page> extends Asked<Page> {
  readonly isBegin: boolean;
  /** Shows the page with this cursor; without one, the first. */
  readonly turnTo: (cursor?: string) => void;
}

/** A method's list, page by page. */
export function useList<Page>(method: string, filter: object): List<Page> {
  const [cursor, setCursor] = useState<string>();
  const asked = useCall<Page>(method, cursor === undefined ? filter : { cursor });
  return { ...asked, isBegin: cursor === undefined, turnTo: setCursor };
}

/** A page of a list, with the ways to the next one and back to the beginning. */
export function Paged<Page extends { readonly cursor: string | null }, Row>({ list, rows, none, children }: {
  list: List<Page>;
  rows: (page: Page) => readonly Row[];
  /** What stands where the whole list is empty. */
  none: string;
  children: (rows: readonly Row[], page: Page) => ComponentChildren;
}): ComponentChild {
  const { isBegin, turnTo } = list;
  return h(Answer<Page>, {
    asked: list,
    children: (page) => [
      rows(page).length > 0
        ? children(rows(page), page)
        : h("p", { role: "status" }, emptyText(none, isBegin, page.cursor === null)),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", disabled: isBegin, onClick: () => turnTo() }, "To the beginning"),
        h(
          "button",
          {
            type: "button",
            disabled: page.cursor === null,
            onClick: () => page.cursor !== null && turnTo(page.cursor),
          },
          "Next page",
        ),
      ),
    ],
  });
}

/** A page may be empty, and not be the last (docs/api.md). */
function emptyText(none: string, isBegin: boolean, isEnd: boolean): string {
  if (!isEnd) return "None among those looked at so far; there are more to look at.";
  return isBegin ? none : "There are no more.";
}
