/// <reference lib="dom" />
/**
 * One stream of news for all pages of a browser: a shared worker, since browsers allow six connections to a host, and each
 * page that is seen would take one for good.
 *
 * @module
 */
import { follow } from "./news.ts";
import { Told } from "./told.ts";

/** What a page says to the worker. */
export type Wish = "follow" | "leave";

const pages = new Set<MessagePort>();
let told = new Told();
let end: (() => void) | undefined;

function begin(page: MessagePort): void {
  for (const news of told.again()) page.postMessage(news);
  pages.add(page);
  end ??= follow((news) => {
    // Another version has another worker, for pages that come from now on.
    if (told.take(news)) setTimeout(() => globalThis.close(), 0);
    for (const page of pages) page.postMessage(news);
  });
}

function leave(page: MessagePort): void {
  pages.delete(page);
  if (pages.size > 0) return;
  end?.();
  [end, told] = [undefined, new Told()];
}

globalThis.addEventListener("connect", (event) => {
  const [page] = (event as MessageEvent).ports;
  if (page === undefined) return;
  page.onmessage = ({ data }: MessageEvent<Wish>) => data === "follow" ? begin(page) : leave(page);
});
