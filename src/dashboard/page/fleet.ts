/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import { follow, type News } from "./news.ts";
import type { Wish } from "./shared_news.ts";
import { Told } from "./told.ts";

const told = new Told();
const watchers = new Set<() => void>();
let end: (() => void) | undefined;

/** The fleet; what is shown of it is shown anew with each news. */
export function useFleet(): Told {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const showAnew = () => setTurn((turn) => turn + 1);
    watchers.add(showAnew);
    return () => void watchers.delete(showAnew);
  }, []);
  return told;
}

/** Whether the user may change something. */
export function mayChange(): boolean {
  return told.greeting?.mayChange === true;
}

/** Listens while the page can be seen: one that cannot needs no news. */
export function listen(): void {
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", turn);
  turn();
}

function turn(): void {
  if (document.visibilityState === "hidden") leave();
  else end ??= begin();
}

function leave(): void {
  end?.();
  end = undefined;
}

/** Begins to listen: with all pages of this browser together where it can, else alone. @returns what ends it */
function begin(): () => void {
  if (typeof SharedWorker === "undefined") return follow(hear);
  // Anew each time: the worker of another version may have ended meanwhile.
  const worker = new SharedWorker(workerUrl(), { type: "module" });
  const { port } = worker;
  const wish = (wish: Wish) => port.postMessage(wish);
  let alone: (() => void) | undefined;
  const leave = () => {
    wish("leave");
    port.close();
    alone?.();
  };
  worker.onerror = () => alone ??= follow(hear);
  port.onmessage = ({ data }: MessageEvent<News>) => hear(data);
  wish("follow");
  return leave;
}

/** The only script that this page starts, in the form that its Content-Security-Policy asks for. */
let url: string | undefined;
function workerUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const createScriptURL = () => "/dashboard/shared_news.ts";
  return url ??= trustedTypes?.createPolicy("news", { createScriptURL }).createScriptURL("") ??
    createScriptURL();
}

/** What the page uses of Trusted Types, which TypeScript's library does not know. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(): string },
  ): { createScriptURL(input: string): string };
}

function hear(news: News): void {
  const wasLost = told.lost !== undefined;
  if (told.take(news)) return location.reload(); // another version of the gateway has another page
  // After a greeting the rows come at once, and of a beat nothing is seen.
  if (news.what === "hello" || (news.what === "beat" && !wasLost)) return;
  for (const watcher of watchers) watcher();
}
