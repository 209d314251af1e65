import { type ComponentChild, type ComponentChildren, h } from "preact";
import { useState } from "preact/hooks";
import { Answer } from "./parts.ts";
import { type Asked, call, useAsked } from "./rpc.ts";

/** Rows that a page of a list has, at most. */
const FULL = 100;

/** A page of the gateway may be short, and not be the last. This one asks on, so many times and for so many milliseconds. */
const ON = { times: 20, time: 2000 };

/** Rows of a list, and the cursor by which it goes on; `null` at its end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly cursor: string | null;
}

/** A list of which a page is there. */
export interface List<Row> extends Asked<Page<Row>> {
  readonly isBegin: boolean;
  /** Shows the page with this cursor; without one, the first. */
  readonly turnTo: (cursor?: string) => void;
}

/** A method's list, page by page. @param name what the method calls the rows */
export function useList<Row>(method: string, name: string, filter: object): List<Row> {
  const [cursor, setCursor] = useState<string>();
  const first = cursor === undefined ? filter : { cursor };
  const key = JSON.stringify([method, first]);
  const asked = useAsked(key, (signal) => pageOf<Row>(method, name, first, signal));
  return { ...asked, isBegin: cursor === undefined, turnTo: setCursor };
}

async function pageOf<Row>(
  method: string,
  name: string,
  first: object,
  signal: AbortSignal,
): Promise<Page<Row>> {
  type Answer = { readonly cursor: string | null } & { readonly [name: string]: readonly Row[] };
  const until = performance.now() + ON.time;
  const rows: Row[] = [];
  let params = first;
  for (let times = 1;; times++) {
    const answer = await call<Answer>(method, { ...params, limit: FULL - rows.length }, signal);
    const { cursor } = answer;
    rows.push(...answer[name] ?? []);
    const goesOn = rows.length < FULL && times < ON.times && performance.now() < until;
    if (cursor === null || !goesOn) return { rows, cursor };
    params = { cursor };
  }
}

/** A page of a list, with the ways to the next one and back to the beginning. */
export function Paged<Row>({ list, none, children }: {
  list: List<Row>;
  /** What stands where the whole list is empty. */
  none: string;
  children: (page: Page<Row>) => ComponentChildren;
}): ComponentChild {
  const { isBegin, turnTo } = list;
  return h(Answer<Page<Row>>, {
    asked: list,
    children: (page) => [
      page.rows.length > 0
        ? children(page)
        : h("p", { role: "status" }, emptyText(none, isBegin, page.cursor === null)),
      !(isBegin && page.cursor === null) && h(
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

function emptyText(none: string, isBegin: boolean, isEnd: boolean): string {
  if (!isEnd) return "None among those looked at so far; there are more to look at.";
  return isBegin ? none : "There are no more.";
}
