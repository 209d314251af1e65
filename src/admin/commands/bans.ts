import type { Command } from "commander";
import type { Choose } from "../context.ts";
import { listCommand } from "../list_command.ts";
import { say } from "../output.ts";
import { until } from "../span.ts";

/** Adds the commands about bans. */
export function banCommands(program: Command, choose: Choose): void {
  const bans = program.command("bans")
    .description("list the bans: whom, where, until when, and who asked for it")
    .option("--namespace <name>", "only those of rooms of this namespace")
    .option("--room <name>", "only those of rooms of this name")
    .option("--banned <user id>", "only those of this user")
    .option("--customer <id>", "only those of this customer")
    .option("--by <key id>", 'only those that this key asked for, or "operator <name>"');
  listCommand(bans, choose, "ban.List", {
    params: ({ banned: user, ...filters }) => ({ user, ...filters }),
    columns: (context) => [
      { title: "NAMESPACE", text: ({ room }) => room[0], flexible: true },
      { title: "ROOM", text: ({ room }) => room[1], flexible: true },
      { title: "USER", text: ({ user }) => user ?? "(everybody)", flexible: true },
      { title: "ENDS", text: ({ until: end }) => until(end, context.now()) },
      { title: "BY", text: ({ by }) => by ?? "", flexible: true },
      { title: "CUSTOMER", text: ({ customer }) => customer ?? "", flexible: true, leaveOut: 1 },
    ],
    nothing: "there is no such ban",
  });
  program.command("lift <namespace> <room> [user]")
    .description("lift the ban of a user, or without one the ban of the whole room")
    .action((namespace: string, room: string, user: string | undefined) =>
      choose(async (context) => {
        const whom = user === undefined ? "everybody" : `user ${user}`;
        context.confirm(`Lift the ban of ${whom} in room ${room} of ${namespace}?`);
        const answer = await context.connection.call("ban.Lift", {
          room_id: [namespace, room],
          user_id: user,
        });
        const { by } = answer.lifted;
        say(
          context,
          answer,
          `the ban of ${whom} is lifted; ${by ?? "somebody who is not known"} had asked for it`,
        );
      })
    );
}
