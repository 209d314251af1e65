import type { Server } from "../../edge/methods/admin/results.ts";
import { ago, until } from "../span.ts";
import { type Column, count } from "../table.ts";
import { type Colour, coloured, type Terminal } from "../terminal.ts";

/** From these loads on a server is nearly full, or full. */
const HIGH = 0.8;
const FULL = 0.95;

/** What a server does, in a word. */
export function stateOf({ disabled, draining, weight }: Server): string {
  if (disabled) return "silent";
  if (draining !== null) return draining.empty ? "empty" : "draining";
  return weight === 0 ? "weight 0" : "open";
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** Columns of a table of servers. */
export function serverColumns(terminal: Terminal, now: number): readonly Column<Server>[] {
  return [
    { title: "ADDRESS", text: ({ address }) => address, flexible: true },
    { title: "POOL", text: ({ pool }) => pool, flexible: true, leaveOut: 2 },
    { title: "STATE", text: stateOf, colour: (text, server) => byState(terminal, server, text) },
    {
      title: "LOAD",
      text: ({ report }) => percent(report.load),
      side: "right",
      colour: (text, { report }) => coloured(terminal, colourOfLoad(report.load), text),
    },
    count("CLIENTS", ({ report }) => report.clients),
    count("COMING", ({ grants }) => grants, 3),
    count("ROOMS", ({ report }) => report.rooms, 1),
    count("TASKS", ({ tasks }) => tasks, 4),
    count("WEIGHT", ({ weight }) => weight, 5),
    { title: "HEARD", text: ({ lastSeen }) => ago(lastSeen, now), side: "right", leaveOut: 6 },
    {
      title: "CLOSED",
      text: ({ draining }) =>
        draining === null || draining.deadline === null ? "" : until(draining.deadline, now),
      leaveOut: 7,
    },
    { title: "VERSION", text: ({ version }) => version, flexible: true, leaveOut: 8 },
  ];
}

export function colourOfLoad(load: number): Colour {
  return load >= FULL ? "red" : load >= HIGH ? "yellow" : "green";
}

function byState(terminal: Terminal, server: Server, text: string): string {
  const state = stateOf(server);
  return coloured(terminal, state === "silent" ? "red" : state === "open" ? "green" : "yellow", text);
}
