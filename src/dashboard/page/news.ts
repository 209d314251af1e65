/// <reference lib="dom" />
/**
 * What the gateway tells, as it comes, or why nothing comes.
 *
 * @module
 */
import type { Happening } from "../activity.ts";
import type { Greeting } from "../live.ts";

/** Rows by section and name; `null` for one that is gone. */
export type Rows = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type News =
  | { readonly what: "hello"; readonly data: Greeting & { readonly activity: readonly Happening[] } }
  | { readonly what: "rows"; readonly data: Rows }
  | { readonly what: "activity"; readonly data: readonly Happening[] }
  | { readonly what: "beat" }
  | { readonly what: "lost"; readonly why: string };

/** Milliseconds without anything after which what is shown is not of now: the gateway says something every two seconds. */
const STALE = 5000;

/** Milliseconds without anything after which it is asked anew. */
const DEAD = 15_000;

/** Milliseconds after which it is asked anew where the gateway refused. */
const AGAIN = 2000;

/** Milliseconds that the gateway has to say why it refuses. */
const REASON = 4000;

/** Follows what the gateway tells. @returns what ends it */
export function follow(tell: (news: News) => void): () => void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let heard = Date.now();
  let lost = false;

  const take = (news: News) => {
    heard = Date.now();
    lost = news.what === "lost";
    tell(news);
  };
  const close = () => {
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    clearTimeout(again);
    heard = Date.now();
    source = new EventSource("/dashboard/live");
    for (const what of ["hello", "rows", "activity", "beat"] as const) {
      source.addEventListener(
        what,
        ({ data }: MessageEvent<string>) => take({ what, data: JSON.parse(data) }),
      );
    }
    source.onerror = async () => {
      if (source?.readyState !== EventSource.CLOSED) { // the browser tries again by itself
        return take({ what: "lost", why: "The gateway does not answer." });
      }
      close();
      const why = await reason();
      if (ended) return;
      if (why !== undefined) take({ what: "lost", why });
      again = setTimeout(open, AGAIN);
    };
  };
  const watch = setInterval(() => {
    const silent = Date.now() - heard;
    if (silent >= STALE && !lost) {
      lost = true;
      tell({ what: "lost", why: "The gateway has gone silent." });
    }
    if (silent >= DEAD && source !== undefined) open();
  }, 1000);
  open();
  return () => {
    ended = true;
    clearInterval(watch);
    clearTimeout(again);
    close();
  };
}

/** Why the gateway does not tell anything: an `EventSource` does not say it. */
async function reason(): Promise<string | undefined> {
  const asked = new AbortController();
  const timer = setTimeout(() => asked.abort(), REASON);
  try {
    const response = await fetch("/dashboard/live", { signal: asked.signal, credentials: "same-origin" });
    if (response.ok) return undefined;
    const said = (await response.json().catch(() => undefined))?.error?.message ?? "it does not say why";
    const todo = response.status === 401 ? " Reload the page to log in." : "";
    return `The gateway refuses (${response.status}): ${said}.${todo}`;
  } catch {
    return "The gateway does not answer.";
  } finally {
    clearTimeout(timer);
    asked.abort();
  }
}
