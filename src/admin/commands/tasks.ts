import type { Command } from "commander";
import type { Choose } from "../context.ts";
import { listCommand } from "../list_command.ts";
import { say } from "../output.ts";
import { showSpan, until } from "../span.ts";
import { amount, count } from "../table.ts";

/** Adds the commands about what waits for servers, and about what was learned of rooms. */
export function taskCommands(program: Command, choose: Choose): void {
  const tasks = program.command("tasks").description("list the tasks that wait for their servers")
    .option("--server <address>", "only those for this server")
    .option("--namespace <name>", "only those for rooms of this namespace")
    .option("--room <name>", "only those for rooms of this name")
    .option("--customer <id>", "only those of this customer");
  listCommand(tasks, choose, "task.List", {
    columns: (context) => [
      { title: "TASK", text: ({ task }) => task },
      { title: "SERVER", text: ({ server }) => server, flexible: true },
      { title: "NAMESPACE", text: ({ room }) => room[0], flexible: true },
      { title: "ROOM", text: ({ room }) => room[1], flexible: true },
      { title: "STATE", text: ({ state }) => state },
      { title: "ENDS", text: ({ expires }) => until(expires, context.now()), leaveOut: 2 },
      count("SIZE", ({ size }) => size, 3),
      { title: "CUSTOMER", text: ({ customer }) => customer, flexible: true, leaveOut: 1 },
    ],
    nothing: "no such task waits",
  });
  const kinds = program.command("kinds").description("list what was learned of kinds of rooms")
    .option("--namespace <name>", "only those of this namespace");
  listCommand(kinds, choose, "kind.List", {
    columns: () => [
      { title: "NAMESPACE", text: ({ namespace }) => namespace ?? "(all)", flexible: true },
      { title: "NAMES", text: ({ template }) => template ?? "(all)", flexible: true },
      amount("ROOMS", ({ rooms }) => rooms),
      amount("MEAN", ({ mean }) => mean, 1),
      amount("P50", ({ p50 }) => p50, 2),
      amount("P95", ({ p95 }) => p95),
      amount("PLACED FOR", ({ placedFor }) => placedFor),
      amount("OFF BY", ({ offBy }) => offBy, 4),
      { title: "GROW FOR", text: ({ growsFor }) => showSpan(growsFor), side: "right", leaveOut: 3 },
    ],
    nothing: "nothing was learned of such rooms",
  });
  program.command("forget-kind [namespace] [names]")
    .description(
      "forget what was learned of a kind of rooms; without names of a namespace, without both of all rooms",
    )
    .action((namespace: string | undefined, template: string | undefined) =>
      choose(async (context) => {
        const where = namespace === undefined ? "" : ` of ${namespace}`;
        context.confirm(`Forget what was learned of ${template ?? "all rooms"}${where}?`);
        const answer = await context.connection.call("kind.Forget", { namespace, template });
        const { names, note } = answer;
        say(
          context,
          answer,
          names === 0 ? "forgotten" : `forgotten; names of rooms that went with it: ${names}`,
          ...note === undefined ? [] : [note],
        );
      })
    );
}
