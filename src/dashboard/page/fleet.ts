/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import type { Happening } from "../activity.ts";
import type { Greeting } from "../live.ts";
import type { CustomerRow, FleetRow, ServerRow } from "../state.ts";
import type { Problem } from "../../edge/methods/admin/status.ts";

/** Happenings that the page keeps. */
const KEPT = 500;

/** Milliseconds after which it is tried again to be told, where the browser does not. */
const AGAIN = 2000;

/** What the page knows of the fleet, as it is told. */
export interface Fleet {
  /** Whether it is told what happens now; false until the first time, and while the gateway does not answer. */
  connected: boolean;
  /** Unix time of the last news, in milliseconds; 0 before the first. */
  heard: number;
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
let source: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;

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

/** Listens while the page can be seen: one that cannot needs no news, and takes no connection. */
export function listen(): void {
  document.addEventListener("visibilitychange", follow);
  follow();
}

function follow(): void {
  clearTimeout(again);
  if (document.visibilityState === "hidden") return close();
  if (source !== undefined) return;
  source = new EventSource("/dashboard/live");
  on<Greeting & { activity: readonly Happening[] }>("hello", ({ activity, ...greeting }) => {
    // Another version of the gateway has another page.
    if (fleet.greeting !== undefined && fleet.greeting.version !== greeting.version) return location.reload();
    fleet.greeting = greeting;
    fleet.activity = activity;
    fleet.connected = true;
    for (const section of SECTIONS) fleet[section].clear();
  });
  on<Record<string, Record<string, unknown>>>("rows", (changed) => {
    for (const section of SECTIONS) take(fleet[section] as Map<string, unknown>, changed[section]);
  });
  on<readonly Happening[]>("activity", (happenings) => {
    const newest = fleet.activity.at(-1)?.number ?? 0;
    fleet.activity = [...fleet.activity, ...happenings.filter(({ number }) => number > newest)].slice(-KEPT);
  });
  source.onerror = () => {
    fleet.connected = false;
    tell();
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    again = setTimeout(follow, AGAIN);
  };
}

function on<Data>(name: string, take: (data: Data) => void): void {
  source!.addEventListener(name, ({ data }: MessageEvent<string>) => {
    take(JSON.parse(data));
    fleet.heard = Date.now();
    if (name !== "hello") tell();
  });
}

function take(rows: Map<string, unknown>, changed: Readonly<Record<string, unknown>> | undefined): void {
  for (const [name, row] of Object.entries(changed ?? {})) {
    if (row === null) rows.delete(name);
    else rows.set(name, row);
  }
}

function close(): void {
  source?.close();
  source = undefined;
}

function tell(): void {
  for (const watcher of watchers) watcher();
}
