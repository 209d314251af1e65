import type { Command } from "commander";
import type { Choose, Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { json, showTable } from "../output.ts";
import { ago } from "../span.ts";
import { count } from "../table.ts";

/** Adds the command about webhooks. */
export function webhookCommands(program: Command, choose: Choose): void {
  program.command("webhooks").description("list the webhooks, and how it goes with each")
    .option("--test", "send each a test event; ends with 1 if one does not take it")
    .action(({ test }: { test?: true }) => choose(test === true ? testWebhooks : listWebhooks));
}

async function listWebhooks(context: Context): Promise<void> {
  const { terminal, connection, json: asJson } = context;
  const { webhooks } = await connection.call("webhook.List", {});
  if (asJson) return terminal.print(json(webhooks));
  if (webhooks.length === 0) return terminal.note("no webhooks are configured");
  showTable(context, webhooks, [
    { title: "WEBHOOK", text: ({ webhook }) => webhook, flexible: true },
    { title: "STATE", text: ({ state }) => state },
    count("DELIVERED", ({ delivered }) => delivered),
    count("WAITING", ({ waiting }) => waiting),
    count("DROPPED", ({ dropped }) => dropped),
    count("FAILED", ({ failed }) => failed, 2),
    {
      title: "OLDEST",
      text: ({ oldest }) => oldest === null ? "" : ago(oldest, context.now()),
      leaveOut: 1,
    },
  ]);
}

async function testWebhooks(context: Context): Promise<number> {
  const { terminal, connection, json: asJson } = context;
  const { webhooks } = await connection.call("webhook.Test", {});
  if (asJson) terminal.print(json(webhooks));
  else if (webhooks.length === 0) terminal.note("no webhooks are configured");
  else {
    showTable(context, webhooks, [
      { title: "WEBHOOK", text: ({ webhook }) => webhook, flexible: true },
      { title: "DELIVERED", text: ({ delivered }) => delivered ? "yes" : "no" },
      { title: "HTTP", text: ({ status }) => status === null ? "" : String(status), side: "right" },
      { title: "TOOK", text: ({ milliseconds }) => `${milliseconds} ms`, side: "right", leaveOut: 1 },
      { title: "WHY", text: ({ reason }) => reason ?? "", flexible: true, leaveOut: 2 },
    ]);
  }
  return webhooks.every(({ delivered }) => delivered) ? EXIT.done : EXIT.refused;
}
