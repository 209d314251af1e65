import {
  configure,
  dispose,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";
import type { Settings } from "../config/schema.ts";
import type { Change } from "../fleet/mod.ts";

/** The gateway's log. Messages never hold tokens, passwords or private keys. */
export const log = getLogger(["odin-gateway"]);

const LEVELS: Record<Settings["logLevel"], LogLevel> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warning",
  ERROR: "error",
  CRITICAL: "fatal",
};

/** Lines are collected for so long, or until there is this much of them, before they are written. */
const FLUSH_AFTER = { milliseconds: 20, bytes: 32 * 1024 };

/** Starts logging, to standard output. */
export async function startLog(
  { logLevel, logFormat }: Pick<Settings, "logLevel" | "logFormat">,
): Promise<void> {
  const text = Deno.stdout.isTerminal() ? getAnsiColorFormatter : getTextFormatter;
  const format = logFormat === "json" ? getJsonLinesFormatter() : text({ value: "bare", category: () => "" });
  await configure({
    reset: true,
    sinks: { stdout: bufferedSink((record) => format(record)) },
    loggers: [
      { category: ["odin-gateway"], sinks: ["stdout"], lowestLevel: LEVELS[logLevel] },
      { category: ["logtape", "meta"], sinks: ["stdout"], lowestLevel: "error" },
    ],
  });
}

/** Writes what is still waiting to be written. */
export const stopLog = dispose;

/** Whether grants are logged at all: asked on the Connect path before a line is made. */
export function logsDebug(settings: Pick<Settings, "logLevel">): boolean {
  return settings.logLevel === "DEBUG";
}

/** One line for a change in the fleet. */
export function logChange(change: Change): void {
  switch (change.type) {
    case "server-appeared":
      return log.info("server {server} appeared in pool {pool}, version {version}", { ...change });
    case "server-reported":
    case "group-released":
    case "kind-learned":
      return;
    case "server-planned":
      return log.info("server {server} is to take {weight} of what it could; draining: {draining}", {
        server: change.server,
        weight: change.weight,
        draining: change.draining !== undefined,
      });
    case "server-drained":
      return log.info("server {server} is empty: it can be stopped", { ...change });
    case "close-ignored":
      return log.warning("room {room} is still on {server}, which was told to close it: told again", {
        ...change,
      });
    case "server-enabled":
      return log.info("server {server} reports again", { ...change });
    case "server-disabled":
      return log.warning("server {server} is silent: it gets no new rooms", { ...change });
    case "server-removed":
      return log.warning("server {server} is removed", { ...change });
    case "group-placed":
      if (change.from === undefined) return;
      return log.info("group {group} of {namespace} moved from {from} to {server}", { ...change });
    case "room-opened":
      return change.listed
        ? log.info("room {room} of customer {customer} is open on {server}", { ...change })
        : log.info("room {room} of customer {customer} is placed on {server}", { ...change });
    case "room-closed":
      return log.info("room {room} on {server} is closed", { ...change });
    case "collision":
      return log.warning("room {room} is on {holder} already: {loser} is told to close it", { ...change });
    case "banned":
      return log.info("ban in room {room}, user {user}", {
        room: change.ban.room,
        user: change.ban.user ?? "(all)",
      });
    case "task-queued":
      return log.debug("task {kind} {sequence} for room {room} waits for {server}", {
        server: change.server,
        kind: change.task.kind,
        sequence: change.task.sequence,
        room: change.task.room,
      });
    case "task-ended":
      return log.debug("task {sequence} is done", { ...change });
  }
}

function bufferedSink(format: (record: LogRecord) => string) {
  const encoder = new TextEncoder();
  let waiting = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    let bytes = encoder.encode(waiting);
    waiting = "";
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  };
  const sink = (record: LogRecord) => {
    const line = format(record);
    waiting += line.endsWith("\n") ? line : `${line}\n`;
    if (waiting.length >= FLUSH_AFTER.bytes || record.level === "error" || record.level === "fatal") flush();
    else timer ??= setTimeout(flush, FLUSH_AFTER.milliseconds);
  };
  sink[Symbol.dispose] = flush;
  return sink;
}
