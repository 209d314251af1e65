import type { Command } from "commander";
import type { GatewayStatus, Server } from "../../edge/methods/admin/results.ts";
import type { Choose, Context } from "../context.ts";
import { Failure } from "../failure.ts";
import { parseCount } from "../list_command.ts";
import { jsonLine } from "../output.ts";
import { parseSpan } from "../span.ts";
import { type Column, layOut, line, titles } from "../table.ts";
import { coloured, type Terminal } from "../terminal.ts";
import { cut, shown } from "../width.ts";
import { callsOf, headline, problemLines } from "./gateway.ts";
import { colourOfLoad, percent, serverColumns } from "./server_table.ts";

/** Servers that are looked at, at most; those with the highest loads are shown. */
const SERVERS = 1000;

/** Columns of a load bar. */
const BAR = 20;

/** Adds the live view. */
export function topCommand(program: Command, choose: Choose): void {
  program.command("top").description("watch the servers, the calls and what is wrong; ends with q or Ctrl-C")
    .option("--interval <time>", "look again after so long", parseSpan, 2)
    .option("--count <n>", "look so many times, and end", parseCount)
    .action(({ interval, count }: { interval: number; count?: number }) =>
      choose((context) => watch(context, Math.max(0.1, interval) * 1000, count))
    );
}

/** What was seen at one look. */
interface Look {
  readonly status: GatewayStatus;
  readonly servers: readonly Server[];
  /** Whether there are more servers than were looked at. */
  readonly more: boolean;
}

async function watch(context: Context, interval: number, count: number | undefined): Promise<void> {
  const { terminal } = context;
  const isLive = terminal.isTerminal && count === undefined && !context.json;
  using screen = isLive ? new LiveScreen(terminal) : undefined;
  let before: GatewayStatus | undefined;
  const unlessLeft = <Result>(waiting: Promise<Result>) => screen?.unlessLeft(waiting) ?? waiting;
  for (let i = 0; i < (count ?? (isLive ? Infinity : 1)); i++) {
    if (i > 0) await unlessLeft(context.sleep(interval));
    if (screen?.isLeft === true) return;
    const look = await unlessLeft(lookAt(context)).catch((error: unknown) => {
      if (screen === undefined || !(error instanceof Failure)) throw error;
      screen.show([coloured(terminal, "red", cut(`error: ${shown(error.message)}`, terminal.columns))]);
    });
    if (look === undefined) continue;
    if (context.json) terminal.print(jsonLine(look));
    else {
      const lines = frame(context, look, before);
      if (screen === undefined) lines.forEach((line) => terminal.print(line));
      else screen.show(lines);
    }
    before = look.status;
  }
}

async function lookAt({ connection }: Context): Promise<Look> {
  const status = await connection.call("gateway.Status", {});
  const servers: Server[] = [];
  for await (const { entries } of connection.list("server.List", {}, SERVERS + 1)) servers.push(...entries);
  const more = servers.splice(SERVERS).length > 0;
  servers.sort((a, b) => b.report.load - a.report.load || (a.address < b.address ? -1 : 1));
  return { status, servers, more };
}

/** The lines of one look; rates are those since the one before. */
function frame(
  context: Context,
  { status, servers, more }: Look,
  before: GatewayStatus | undefined,
): string[] {
  const { terminal, connection } = context;
  const fit = (text: string) => cut(text, terminal.columns);
  const head = [
    coloured(terminal, "bold", fit(`${headline(connection, status)}, ${status.time}`)),
    fit(rates(status, before)),
    ...(more
      ? [coloured(terminal, "yellow", fit(`only ${SERVERS} servers were looked at: there are more`))]
      : []),
    fit(`${status.rooms} rooms, ${status.grants} clients coming, ${status.tasks} tasks, ${status.bans} bans`),
    ...problemLines(terminal, status),
    "",
  ];
  const room = Math.max(3, terminal.rows - head.length - 2);
  const rows = servers.slice(0, room);
  const layout = layOut(columns(terminal, context.now()), rows, terminal.columns);
  const rest = servers.length - rows.length;
  return [
    ...head,
    coloured(terminal, "bold", titles(layout)),
    ...rows.map((row) => line(layout, row)),
    ...(rest > 0 ? [fit(`and ${rest} more servers with less load`)] : []),
  ];
}

function rates(status: GatewayStatus, before: GatewayStatus | undefined): string {
  if (before === undefined) return "grants, refusals and reports a second: with the next look";
  const seconds = (Date.parse(status.time) - Date.parse(before.time)) / 1000;
  const rate = (...counts: readonly [now: number, then: number][]) => {
    const more = counts.reduce((sum, [now, then]) => sum + now - then, 0);
    return seconds > 0 ? (Math.max(0, more) / seconds).toFixed(1) : "0.0";
  };
  const of = (method: string) => [callsOf(status.calls, method), callsOf(before.calls, method)] as const;
  const [now, then] = of("Connect");
  const reports = ["sfu.Report", "SubmitReport"].map((method): [number, number] => {
    const [now, then] = of(method);
    return [now.success, then.success];
  });
  return `${rate([now.success, then.success])} grants/s, ${rate([now.rejected, then.rejected])} refused/s, ` +
    `${rate([now.failure, then.failure])} failed/s, ${rate(...reports)} reports/s`;
}

function columns(terminal: Terminal, now: number): readonly Column<Server>[] {
  const bar: Column<Server> = {
    title: "LOAD",
    text: ({ report: { load } }) => {
      const full = Math.round(load * BAR);
      return `${"█".repeat(full)}${"░".repeat(BAR - full)} ${percent(load).padStart(5)}`;
    },
    colour: (text, { report: { load } }) => coloured(terminal, colourOfLoad(load), text),
  };
  return serverColumns(terminal, now).map((column) => column.title === "LOAD" ? bar : column);
}

/** The whole terminal, until `q`, Ctrl-C, or the end; then it is as it was. */
class LiveScreen implements Disposable {
  isLeft = false;
  readonly #left: Promise<void>;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write("\x1b[?1049h\x1b[?25l");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#left = promise;
    const leave = () => {
      this.isLeft = true;
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, leave);
    if (Deno.stdin.isTerminal()) this.#readKeys(leave);
  }

  /** What is waited for; nothing if the view is left before. */
  async unlessLeft<Result>(waiting: Promise<Result>): Promise<Result | void> {
    return await Promise.race([waiting, this.#left]);
  }

  show(lines: readonly string[]): void {
    this.#terminal.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
  }

  [Symbol.dispose](): void {
    if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(false);
    this.#terminal.write("\x1b[?25h\x1b[?1049l");
  }

  async #readKeys(leave: () => void): Promise<void> {
    Deno.stdin.setRaw(true, { cbreak: true });
    const keys = new Uint8Array(16);
    for (let read; (read = await Deno.stdin.read(keys)) !== null;) {
      if ([...keys.subarray(0, read)].some((key) => key === 0x71 || key === 0x03)) return leave();
    }
  }
}
