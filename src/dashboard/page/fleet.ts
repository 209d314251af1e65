/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import type { Happening } from "../activity.ts";
import type { Greeting } from "../live.ts";
import { follow, type News } from "./news.ts";
import type { Wish } from "./shared_news.ts";
import type { CustomerRow, FleetRow, ServerRow } from "../state.ts";
import type { Problem } from "../../edge/methods/admin/status.ts";

/** Happenings that the page keeps. */
const KEPT = 500;

/** What the page knows of the fleet, as it is told. */
export interface Fleet {
  /** Whether it is told what happens now; false until the first time, and while the gateway does not answer. */
  connected: boolean;
  /** Unix time of the last news, in milliseconds; 0 before the first. */
  heard: number;
  /** Why nothing is told, while nothing is. */
  lost: string;
  greeting: Greeting | undefined;
  readonly servers: Map<string, ServerRow>;
  readonly customers: Map<string, CustomerRow>;
  readonly refusals: Map<string, number>;
  readonly fleet: Map<string, FleetRow>;
  readonly problems: Map<string, readonly Problem[]>;
  activity: readonly Happening[];
}

const fleet: Fleet = {
  connected: false,
  heard: 0,
  lost: "",
  greeting: undefined,
  servers: new Map(),
  customers: new Map(),
  refusals: new Map(),
  fleet: new Map(),
  problems: new Map(),
  activity: [],
};

const SECTIONS = ["servers", "customers", "refusals", "fleet", "problems"] as const;

const watchers = new Set<() => void>();
let end: (() => void) | undefined;

/** The fleet; what is shown of it is shown anew with each news. */
export function useFleet(): Fleet {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const told = () => setTurn((turn) => turn + 1);
    watchers.add(told);
    return () => void watchers.delete(told);
  }, []);
  return fleet;
}

/** Whether the user may change something. */
export function mayChange(): boolean {
  return fleet.greeting?.mayChange === true;
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
  if (news.what === "lost") {
    fleet.connected = false;
    fleet.lost = news.why;
    return tell();
  }
  fleet.heard = Date.now();
  const isBack = !fleet.connected;
  fleet.connected = true;
  switch (news.what) {
    case "hello": {
      const { activity, ...greeting } = news.data;
      // Another version of the gateway has another page.
      if (fleet.greeting !== undefined && fleet.greeting.version !== greeting.version) {
        return location.reload();
      }
      fleet.greeting = greeting;
      fleet.activity = activity;
      for (const section of SECTIONS) fleet[section].clear();
      return; // the rows come at once
    }
    case "rows":
      for (const section of SECTIONS) take(fleet[section] as Map<string, unknown>, news.data[section]);
      return tell();
    case "activity": {
      const newest = fleet.activity.at(-1)?.number ?? 0;
      fleet.activity = [...fleet.activity, ...news.data.filter(({ number }) => number > newest)].slice(-KEPT);
      return tell();
    }
    case "beat":
      return isBack ? tell() : undefined;
    default:
      news satisfies never;
  }
}

function take(rows: Map<string, unknown>, changed: Readonly<Record<string, unknown>> | undefined): void {
  for (const [name, row] of Object.entries(changed ?? {})) {
    if (row === null) rows.delete(name);
    else rows.set(name, row);
  }
}

function tell(): void {
  for (const watcher of watchers) watcher();
}
