import type { Command } from "commander";
import type { Forecast } from "../../edge/methods/admin/results.ts";
import type { Choose } from "../context.ts";
import { say, showTable } from "../output.ts";
import { type Column, count } from "../table.ts";
import { parseShare } from "./servers.ts";

/** Adds the command that tells how many servers are needed. */
export function forecastCommand(program: Command, choose: Choose): void {
  program.command("forecast").description(
    "tell how many servers are needed, now and within the hour, and which may be drained",
  )
    .option("--pool <name>", "only this pool")
    .option("--target <load>", "the load, 0 to 1, that servers are to have", parseShare)
    .action((options: { pool?: string; target?: number }) =>
      choose(async (context) => {
        const answer = await context.connection.call("fleet.Forecast", options);
        if (context.json) say(context, answer);
        else showTable(context, answer.pools, COLUMNS);
      })
    );
}

const COLUMNS: readonly Column<Forecast>[] = [
  { title: "POOL", text: ({ pool }) => pool, flexible: true },
  count("SERVERS", ({ servers }) => servers),
  needed("NEEDED", 0),
  ...[10, 30, 60].map((minutes) => needed(`IN ${minutes} MIN`, minutes)),
  { title: "MAY BE DRAINED", text: ({ drainable }) => drainable.join(" "), flexible: true },
];

function needed(title: string, after: number): Column<Forecast> {
  const text = ({ ahead }: Forecast) =>
    String(ahead.find(({ minutes }) => minutes === after)?.servers ?? "–");
  return { title, text, side: "right" };
}
