import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
  resetSync,
} from "@logtape/logtape";
import { format } from "node:util";
import type { Settings } from "../config/schema.ts";
import { Output } from "./output.ts";
import { loggable, printable } from "../printable.ts";

/** The gateway's log. Messages never hold tokens, passwords or private keys. */
export const log = getLogger(["odin-gateway"]);

const LEVELS: Record<Settings["logLevel"], LogLevel> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warning",
  ERROR: "error",
  CRITICAL: "fatal",
};

/** What is still waiting when the gateway stops is written within so many milliseconds, or not at all. */
const STOP_WITHIN = 1000;

export type LogLevelName = keyof typeof LEVELS;

/** What is logged at present, and how; nothing while there is no log. */
let configured: Pick<Settings, "logLevel" | "logFormat"> | undefined;

/** Where lines go once they have their text; one for as long as the process logs, whatever is configured meanwhile. */
let output: Output | undefined;

/** Starts logging, to standard output; while that goes on, changes level and format, and no line is lost. */
export function startLog({ logLevel, logFormat }: Pick<Settings, "logLevel" | "logFormat">): void {
  configured = { logLevel, logFormat };
  const text = Deno.stdout.isTerminal() ? getAnsiColorFormatter : getTextFormatter;
  const json = getJsonLinesFormatter();
  const format = logFormat === "json"
    ? (record: LogRecord) => `${printable(json(record).trimEnd())}\n`
    : text({ value: (value) => printable(shown(value)), category: () => "" });
  output?.lostBy((lines) => format(lostLines(lines)));
  const lines = output ??= new Output(
    (bytes) => Deno.stdout.write(bytes),
    (lines) => format(lostLines(lines)),
  );
  configureSync({
    reset: true,
    sinks: { stdout: (record) => lines.line(format(bounded(record))) },
    loggers: [
      { category: ["odin-gateway"], sinks: ["stdout"], lowestLevel: LEVELS[logLevel] },
      { category: ["logtape", "meta"], sinks: ["stdout"], lowestLevel: "error" },
    ],
  });
}

/** The least severe level that is logged. */
export function logLevel(): LogLevelName {
  return configured?.logLevel ?? "INFO";
}

/** From now on what is less severe is not logged, until the next start or reload. */
export function setLogLevel(logLevel: LogLevelName): void {
  if (configured !== undefined) startLog({ ...configured, logLevel });
}

/** Writes what is still waiting to be written, and ends. */
export async function stopLog(): Promise<void> {
  const lines = output;
  output = configured = undefined;
  resetSync();
  await lines?.stop(STOP_WITHIN);
}

/**
 * Sends what libraries and the operator's own functions print to the log. `console` itself writes to standard output and
 * standard error at once, and so waits for their readers: a reader that stalls would stall every call.
 *
 * @returns what gives `console` back
 */
export function takeConsole(): () => void {
  const before = { ...console };
  const line = (level: "debug" | "info" | "warning" | "error") => (...values: unknown[]) => {
    log[level]("console: {text}", { text: format(...values) });
  };
  // All of them, those that write only now and then (`assert`, `count`, `timeEnd`) included: the runtime's own may block.
  const info = line("info");
  for (const [name, its] of Object.entries(before)) {
    if (typeof its === "function") Object.assign(console, { [name]: info });
  }
  const silent = () => {};
  const assert = (holds: unknown, ...values: unknown[]) =>
    holds ? undefined : line("error")("assertion failed:", ...values);
  Object.assign(console, {
    debug: line("debug"),
    trace: line("debug"),
    warn: line("warning"),
    error: line("error"),
    assert,
  });
  Object.assign(console, {
    clear: silent,
    groupEnd: silent,
    time: silent,
    countReset: silent,
    profile: silent,
    profileEnd: silent,
  });
  return () => void Object.assign(console, before);
}

/** Whether grants are logged at all: asked on the Connect path before a line is made. */
export function logsDebug(): boolean {
  return configured?.logLevel === "DEBUG";
}

/** The record with values of bounded length. What stands between the values are our own words. */
function bounded(record: LogRecord): LogRecord {
  const properties: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record.properties)) properties[name] = loggable(value);
  const message = record.message.map((part, i) => i % 2 === 0 ? part : loggable(part));
  return { ...record, message, properties };
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function lostLines(lines: number): LogRecord {
  return {
    category: ["odin-gateway"],
    level: "warning",
    message: ["", lines, " log lines are lost: standard output did not take them"],
    rawMessage: "{lines} log lines are lost: standard output did not take them",
    timestamp: Date.now(),
    properties: { lines },
  };
}
