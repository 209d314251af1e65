import { Argument, type Command } from "commander";
import type { GatewayStatus } from "../../edge/methods/admin/results.ts";
import type { Connection } from "../connection.ts";
import type { Choose, Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { json, say, showFacts, showTable } from "../output.ts";
import { showSpan } from "../span.ts";
import { count } from "../table.ts";
import { coloured, type Terminal } from "../terminal.ts";
import { cut, shown } from "../width.ts";
import { percent } from "./server_table.ts";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/** Adds the commands about the gateway itself. */
export function gatewayCommands(program: Command, choose: Choose): void {
  program.command("status")
    .description(
      "show the gateway in numbers and what is wrong; ends with 1 if something is that keeps somebody out",
    )
    .action(() => choose(showStatus));
  program.command("log-level").description("change what is logged, until the next start or reload")
    .addArgument(
      new Argument("<level>", "the least severe level").choices([
        ...LEVELS,
        ...LEVELS.map((l) => l.toLowerCase()),
      ]),
    )
    .action((level: string) =>
      choose(async (context) => {
        const answer = await context.connection.call("log.SetLevel", { level: level.toUpperCase() });
        say(context, answer, `logged from ${answer.level} on; before, from ${answer.before} on`);
      })
    );
  program.command("config").description("show the configuration in force, as JSON, without secrets")
    .action(() =>
      choose(async (context) => {
        const { config } = await context.connection.call("config.Show", {});
        context.terminal.print(json(config));
      })
    );
  program.command("reload").description("read the configuration, the customers and the certificate again")
    .option("--customers", "the customers only")
    .action(({ customers }: { customers?: true }) =>
      choose((context) => customers === true ? reloadCustomers(context) : reloadConfig(context))
    );
}

async function showStatus(context: Context): Promise<number> {
  const { terminal, connection, json: asJson } = context;
  const status = await connection.call("gateway.Status", {});
  if (asJson) terminal.print(json(status));
  else {
    showFacts(context, [
      ["gateway", headline(connection, status)],
      ["rooms", `${status.rooms}; ${status.grants} clients on their way`],
      ["waiting", `${status.tasks} tasks, ${status.bans} bans in force`],
      ["customers", String(status.customers)],
      ...gatewayFacts(status),
      ["Connect", connects(status)],
    ]);
    terminal.print("");
    if (status.pools.length > 0) showPools(context, status);
    for (const line of problemLines(terminal, status)) terminal.print(line);
  }
  return status.problems.some(({ severity }) => severity === "error") ? EXIT.refused : EXIT.done;
}

/** The gateways that share the store, where there are several. */
function gatewayFacts({ gateways }: GatewayStatus): [string, string][] {
  if (gateways.length === 0) return [];
  const text = ({ number, version, lag, self }: GatewayStatus["gateways"][number]) =>
    `${number}${self ? " (this one)" : ""} ${version}${lag > 0 ? `, ${lag} changes behind` : ""}`;
  return [["gateways", gateways.map(text).join("; ")]];
}

/** Which gateway it is, and for how long it has been up. */
export function headline({ shownUrl }: Connection, { version, time, started }: GatewayStatus): string {
  return `ODIN Gateway ${version} at ${shownUrl}, up for ${
    showSpan((Date.parse(time) - Date.parse(started)) / 1000)
  }`;
}

function connects({ calls }: GatewayStatus): string {
  const { success, rejected, failure } = callsOf(calls, "Connect");
  return `${success} granted, ${rejected} refused, ${failure} failed since the start`;
}

/** Calls of a method. */
export function callsOf(calls: GatewayStatus["calls"], method: string) {
  return calls.find(({ name }) => name === method) ?? { success: 0, rejected: 0, failure: 0 };
}

function showPools(context: Context, { pools }: GatewayStatus): void {
  showTable(context, pools, [
    { title: "POOL", text: ({ pool }) => pool, flexible: true },
    count("OPEN", ({ open }) => open),
    count("SILENT", ({ silent }) => silent),
    count("DRAINING", ({ draining }) => draining, 1),
    { title: "LOAD", text: ({ load }) => percent(load), side: "right" },
    count("CLIENTS", ({ clients }) => clients),
    count("COMING", ({ grants }) => grants, 2),
  ]);
  context.terminal.print("");
}

/** What is wrong, a line each. */
export function problemLines(terminal: Terminal, { problems }: GatewayStatus): string[] {
  if (problems.length === 0) return [coloured(terminal, "green", "all is well")];
  return problems.map(({ severity, what }) => {
    const text = cut(`${severity}: ${shown(what)}`, terminal.columns);
    return coloured(terminal, severity === "error" ? "red" : "yellow", text);
  });
}

async function reloadConfig(context: Context): Promise<void> {
  const answer = await context.connection.call("config.Reload", {});
  const { changed, restart, warnings } = answer;
  const lines = [
    changed.length === 0
      ? "nothing differs from before that could be changed"
      : `in force now: ${changed.join(", ")}`,
    ...restart.map(({ member, reason }) => `takes a restart: ${member}, ${reason}`),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  say(context, answer, ...lines);
}

async function reloadCustomers(context: Context): Promise<void> {
  const answer = await context.connection.call("customers.Reload", {});
  const { customers, keys, warnings } = answer;
  const lines = warnings.map((warning) => `warning: ${warning}`);
  say(context, answer, `${customers} customers with ${keys} keys are in force`, ...lines);
}
