import type { Command } from "commander";
import type { AdminResults, Explanation } from "../../edge/methods/admin/results.ts";
import type { Choose, Context } from "../context.ts";
import { listCommand } from "../list_command.ts";
import { json, say, showFacts, showTable } from "../output.ts";
import { ago, parseSpan, showSpan, until } from "../span.ts";
import { count } from "../table.ts";
import { shown } from "../width.ts";
import { percent } from "./server_table.ts";

/** Adds the commands about rooms. */
export function roomCommands(program: Command, choose: Choose): void {
  const rooms = program.command("rooms").description("list the rooms")
    .option("--namespace <name>", "only those of this namespace")
    .option("--customer <id>", "only those of this customer")
    .option("--server <address>", "only those on this server")
    .option("--prefix <text>", "only those whose names begin with this text");
  listCommand(rooms, choose, "room.List", {
    columns: () => [
      { title: "NAMESPACE", text: ({ id }) => id[0], flexible: true },
      { title: "ROOM", text: ({ id }) => id[1], flexible: true },
      { title: "CUSTOMER", text: ({ customer }) => customer, flexible: true, leaveOut: 1 },
      { title: "SERVER", text: ({ server }) => server, flexible: true },
      count("CLIENTS", ({ peers }) => peers),
      count("COMING", ({ grants }) => grants, 2),
    ],
    nothing: "there is no such room",
  });
  program.command("locate <namespace> <room>").description("say which server a room is on")
    .action((namespace: string, room: string) => choose((context) => locate(context, [namespace, room])));
  program.command("explain <namespace> <room>").description("say why a room is where it is")
    .action((namespace: string, room: string) => choose((context) => explain(context, [namespace, room])));
  program.command("close <namespace> <room>").description("close a room; its clients may come back at once")
    .option("--ban <time>", "keep it closed for so long, like 10m", parseSpan)
    .action((namespace: string, room: string, { ban }: { ban?: number }) =>
      choose((context) => close(context, [namespace, room], ban))
    );
}

type RoomId = readonly [namespace: string, room: string];

async function locate(context: Context, room_id: RoomId): Promise<void> {
  const room = await context.connection.call("room.Locate", { room_id });
  if (context.json) return context.terminal.print(json(room));
  showFacts(context, [
    ["server", room.server],
    ["customer", room.customer],
    ["group", room.group],
    ["state", room.listed ? "open" : "its place is kept, and its server does not list it"],
    ["clients", `${room.peers}, ${room.grants} coming`],
    ["banned", room.ban === null ? undefined : banText(room.ban, context.now())],
  ]);
}

function banText({ until: end, by }: { until: string; by: string | null }, now: number): string {
  return `until ${end} (${until(end, now)}), by ${by ?? "somebody who is not known"}`;
}

async function explain(context: Context, room_id: RoomId): Promise<void> {
  const explained = await context.connection.call("room.Explain", { room_id });
  if (context.json) return context.terminal.print(json(explained));
  const { explanation } = explained;
  if (explanation === null) {
    showFacts(context, [["server", explained.server], ["group", explained.group], ["why", explained.note]]);
    return;
  }
  const { size, expectedSize, relieved } = explanation;
  showFacts(context, [
    ["server", explained.server],
    ["group", explained.group],
    ["placed", `${explanation.at} (${ago(explanation.at, context.now())}) by ${explanation.by}`],
    ["moved from", relieved && `${relieved.server}, which was at ${percent(relieved.load)}`],
    ["kind", `${explanation.namespace} ${explanation.template}`],
    ["size", `placed for ${round(expectedSize)} clients; hardly any of its kind exceeds ${round(size)}`],
    ["pool", explanation.pool],
    ["full", explanation.overCeiling ? "all servers would have been above the ceiling" : undefined],
  ]);
  context.terminal.print("");
  showCandidates(context, explanation);
}

function showCandidates(
  context: Context,
  { candidates, furtherCandidates, leftOut, furtherLeftOut, server }: NonNullable<Explanation["explanation"]>,
): void {
  showTable(context, candidates, [
    { title: "CANDIDATE", text: ({ address }) => address, flexible: true },
    { title: "CHOSEN", text: ({ address }) => address === server ? "yes" : "" },
    { title: "EXPECTED LOAD", text: ({ expectedLoad }) => percent(expectedLoad), side: "right" },
    { title: "LOAD", text: ({ load }) => percent(load), side: "right" },
    count("CLIENTS", ({ clients }) => clients),
    count("COMING", ({ grants }) => grants, 1),
    { title: "GROWTH", text: ({ growth }) => round(growth), side: "right", leaveOut: 2 },
    count("WEIGHT", ({ weight }) => weight, 3),
  ]);
  if (furtherCandidates > 0) context.terminal.print(`and ${furtherCandidates} more candidates`);
  for (const { server, reason } of leftOut) {
    context.terminal.print(shown(`left out: ${server}, ${reason}`));
  }
  if (furtherLeftOut > 0) context.terminal.print(`and ${furtherLeftOut} more left out`);
}

async function close(context: Context, room_id: RoomId, ban: number | undefined): Promise<void> {
  const where = `${room_id[1]} of ${room_id[0]}`;
  const closed = ban === undefined ? "" : ` Nobody gets in for ${showSpan(ban)}.`;
  context.confirm(`Close room ${where}?${closed}`);
  const answer = await context.connection.call("room.Close", { room_id, ban_time: ban });
  say(
    context,
    answer,
    `${closeText(answer, where)}${
      answer.ban === null ? "" : "; banned " + banText(answer.ban, context.now())
    }`,
  );
}

function closeText({ server }: AdminResults["room.Close"], where: string): string {
  return server === null
    ? `no server has room ${where}`
    : `${server} closes room ${where} when it reports next`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
