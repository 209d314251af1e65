/// <reference lib="dom" />
/**
 * One stream of news for all pages of a browser: a shared worker, since browsers allow six connections to a host, and each
 * page that is seen would take one for good.
 *
 * @module
 */
import type { Happening } from "../activity.ts";
import type { Greeting } from "../live.ts";
import { follow, type News, type Rows } from "./news.ts";

/** What a page says to the worker. */
export type Wish = "follow" | "leave";

/** Happenings that are kept for a page that comes later. */
const KEPT = 500;

const pages = new Set<MessagePort>();
let greeting: Greeting | undefined;
let rows: Record<string, Record<string, unknown>> = {};
let activity: readonly Happening[] = [];
let lost: News | undefined;
let end: (() => void) | undefined;

/** Keeps what a page that comes later has to be told. */
function keep(news: News): void {
  lost = news.what === "lost" ? news : undefined;
  switch (news.what) {
    case "hello": {
      const { activity: its, ...rest } = news.data;
      const before = greeting?.version;
      [greeting, activity, rows] = [rest, its, {}];
      // Another version has another worker, for pages that come from now on.
      if (before !== undefined && before !== rest.version) setTimeout(() => globalThis.close(), 0);
      break;
    }
    case "rows":
      merge(news.data);
      break;
    case "activity":
      activity = [...activity, ...news.data].slice(-KEPT);
      break;
    case "beat":
    case "lost":
      break;
    default:
      news satisfies never;
  }
}

function merge(changed: Rows): void {
  for (const [section, its] of Object.entries(changed)) {
    const kept = new Map(Object.entries(rows[section] ?? {}));
    for (const [name, row] of Object.entries(its)) {
      if (row === null) kept.delete(name);
      else kept.set(name, row);
    }
    rows[section] = Object.fromEntries(kept);
  }
}

function begin(page: MessagePort): void {
  const tell = (news: News) => page.postMessage(news);
  if (greeting !== undefined) {
    tell({ what: "hello", data: { ...greeting, activity } });
    if (Object.keys(rows).length > 0) tell({ what: "rows", data: rows });
  }
  if (lost !== undefined) tell(lost);
  pages.add(page);
  end ??= follow((news) => {
    keep(news);
    for (const page of pages) page.postMessage(news);
  });
}

function leave(page: MessagePort): void {
  pages.delete(page);
  if (pages.size > 0) return;
  end?.();
  [end, greeting, lost] = [undefined, undefined, undefined];
}

globalThis.addEventListener("connect", (event) => {
  const [page] = (event as MessageEvent).ports;
  if (page === undefined) return;
  page.onmessage = ({ data }: MessageEvent<Wish>) => data === "follow" ? begin(page) : leave(page);
});
