import { type Command, InvalidArgumentError, Option } from "commander";
import type { AdminResults } from "../../edge/methods/admin/results.ts";
import type { Choose, Context } from "../context.ts";
import { EXIT, Failure, refused } from "../failure.ts";
import { listCommand } from "../list_command.ts";
import { json, say, showFacts, showTable } from "../output.ts";
import { ago, parseSpan, showSpan, until } from "../span.ts";
import { count } from "../table.ts";
import { percent, serverColumns, stateOf } from "./server_table.ts";

/** How often a server that is draining is looked at, in milliseconds. */
const LOOK_EVERY = 1000;

/** While it is, a gateway may be away for so long, in milliseconds. */
const PATIENCE = 120_000;

/** Adds the commands about servers. */
export function serverCommands(program: Command, choose: Choose): void {
  const servers = program.command("servers").description("list the servers")
    .option("--pool <name>", "only those of this pool")
    .addOption(
      new Option("--state <state>", "only those in this state").choices(["open", "silent", "draining"]),
    );
  listCommand(servers, choose, "server.List", {
    columns: (context) => serverColumns(context.terminal, context.now()),
    nothing: "no such server is known",
  });
  program.command("server <address>").description("show all that is known of a server")
    .action((address: string) => choose((context) => showServer(context, address)));
  program.command("drain <address>").description(
    "take a server out: it gets no new rooms, and keeps what it has",
  )
    .option("--deadline <time>", "close the rooms that are still there after so long, like 10m", parseSpan)
    .option("--wait", "until nothing is left on it")
    .action((address: string, options: { deadline?: number; wait?: true }) =>
      choose((context) => drain(context, address, options))
    );
  program.command("resume <address>").description("take a server in again: it gets new rooms")
    .action((address: string) =>
      choose(async (context) => {
        const plan = await context.connection.call("server.Resume", { address });
        say(context, plan, `${address} gets new rooms again${endedDeadline(plan, context.now())}`);
      })
    );
  program.command("weight <address> <share>")
    .description("give a server a share, 0 to 1, of the new rooms that it would take")
    .action((address: string, share: string) => {
      const weight = parseShare(share);
      choose(async (context) => {
        if (weight === 0) context.confirm(`With weight 0 ${address} gets no new rooms. Set it?`);
        const plan = await context.connection.call("server.SetWeight", { address, weight });
        say(context, plan, `${address} takes ${percent(plan.weight)} of what it could`);
      });
    });
  program.command("forget <address>").description("forget a silent server, with its rooms and tasks")
    .action((address: string) =>
      choose(async (context) => {
        const { report, tasks } = await context.connection.call("server.Show", { address });
        context.confirm(`Forget ${address}, with ${report.rooms} rooms and ${tasks} tasks that wait for it?`);
        say(context, await context.connection.call("server.Forget", { address }), `${address} is forgotten`);
      })
    );
}

export function parseShare(text: string): number {
  const share = Number(text);
  if (text.trim() === "" || !(share >= 0 && share <= 1)) {
    throw new InvalidArgumentError("<share>: expected a number from 0 to 1.");
  }
  return share;
}

async function showServer(context: Context, address: string): Promise<void> {
  const server = await context.connection.call("server.Show", { address });
  if (context.json) return context.terminal.print(json(server));
  const now = context.now();
  const { report, draining } = server;
  showFacts(context, [
    ["address", server.address],
    ["pool", server.pool],
    ["version", server.version],
    ["state", stateOf(server)],
    ["closed", draining === null || draining.deadline === null ? undefined : until(draining.deadline, now)],
    ["weight", String(server.weight)],
    ["load", `${percent(report.load)}, ${percent(server.steadyLoad)} without the noise of single reports`],
    ["clients", `${report.clients}, ${server.grants} coming, ${Math.round(server.growth)} expected on top`],
    ["rooms", `${report.rooms} listed, ${server.unlistedRooms} not listed, in ${server.groups} groups`],
    ["to be closed", `${server.closingRooms} by command, ${server.foreignRooms} that another server holds`],
    ["tasks", `${server.tasks} waiting, ${server.taskBytes} characters`],
    ["key id", server.keyId],
    ["first seen", `${server.firstSeen} (${ago(server.firstSeen, now)})`],
    ["last seen", `${server.lastSeen} (${ago(server.lastSeen, now)})`],
  ]);
  if (server.customers.length === 0) return;
  context.terminal.print("");
  showTable(context, server.customers, [
    { title: "CUSTOMER", text: ({ customer }) => customer, flexible: true },
    count("CLIENTS", ({ peers }) => peers),
    count("ROOMS", ({ rooms }) => rooms),
  ]);
  if (server.furtherCustomers > 0) context.terminal.print(`and ${server.furtherCustomers} more customers`);
}

async function drain(
  context: Context,
  address: string,
  { deadline, wait }: { readonly deadline?: number; readonly wait?: true },
): Promise<void> {
  const { connection } = context;
  const { report } = await connection.call("server.Show", { address });
  const closes = deadline === undefined ? "" : ` What is still there after ${showSpan(deadline)} is closed.`;
  context.confirm(`Drain ${address}, with ${report.rooms} rooms and ${report.clients} clients?${closes}`);
  const plan = await connection.call("server.Drain", { address, deadline });
  if (wait !== true || !context.json) {
    say(context, plan, `${address} gets no new rooms${closesWhen(plan, context.now())}`);
  }
  if (wait !== true) return;
  for (let last = ""; true; await context.sleep(LOOK_EVERY)) {
    const server = await patiently(context, () => connection.call("server.Show", { address }));
    if (server.draining === null) throw refused(`${address} is not draining any more`);
    if (server.draining.empty) return say(context, server, `${address} is empty: it can be stopped`);
    const left = `${server.report.rooms} rooms and ${server.report.clients} clients are left`;
    if (left !== last && !context.json) context.terminal.print(left);
    last = left;
  }
}

/** A gateway that is restarted meanwhile is waited for. */
async function patiently<Result>(context: Context, ask: () => Promise<Result>): Promise<Result> {
  const end = context.now() + PATIENCE;
  while (true) {
    try {
      return await ask();
    } catch (error) {
      const isAway = error instanceof Failure && error.exitCode === EXIT.unreachable;
      if (!isAway || context.now() > end) throw error;
      await context.sleep(LOOK_EVERY);
    }
  }
}

type Plan = AdminResults["server.Drain"];

function closesWhen({ draining }: Plan, now: number): string {
  const deadline = draining?.deadline ?? null;
  return deadline === null ? "" : `; what is left is closed ${until(deadline, now)}`;
}

function endedDeadline({ replacedDeadline }: Plan, now: number): string {
  return replacedDeadline === undefined
    ? ""
    : `; its deadline, ${until(replacedDeadline, now)}, has been ended`;
}
