import type { Command } from "commander";
import type { CustomerEntry } from "../../edge/methods/admin/results.ts";
import type { Choose, Context } from "../context.ts";
import { listCommand } from "../list_command.ts";
import { json, showFacts, showTable } from "../output.ts";
import { count } from "../table.ts";
import { coloured, type Terminal } from "../terminal.ts";

/** Fraction of a licence from which on its use is marked. */
const NEAR = 0.8;

/** Adds the commands about customers. */
export function customerCommands(program: Command, choose: Choose): void {
  const customers = program.command("customers")
    .description("list the customers with what they use of their licences")
    .option("--prefix <text>", "only those whose ids begin with this text")
    .option("--unlisted", "those who use something, and are not in the list of customers");
  listCommand(customers, choose, "customer.List", {
    params: ({ unlisted, ...filters }) => ({ listed: unlisted !== true, ...filters }),
    columns: (context) => [
      { title: "CUSTOMER", text: ({ id }) => id, flexible: true },
      ...usageColumns(context.terminal),
      count("KEYS", ({ keys }) => keys, 2),
      { title: "POOLS", text: ({ pools }) => pools?.join(" ") ?? "any", flexible: true, leaveOut: 1 },
    ],
    nothing: "there is no such customer",
  });
  program.command("customer <id>").description("show a customer: its licence, its keys by id, its servers")
    .action((id: string) => choose((context) => showCustomer(context, id)));
}

function usageColumns(terminal: Terminal) {
  const used = (used: number, limit: number | null) => limit === null ? String(used) : `${used} of ${limit}`;
  const colour = (text: string, used: number, limit: number | null) =>
    limit === null || used === 0 || used < NEAR * limit
      ? text
      : coloured(terminal, used >= limit ? "red" : "yellow", text);
  return [
    {
      title: "CLIENTS",
      text: ({ peers, maxPeers }: CustomerEntry) => used(peers, maxPeers),
      side: "right" as const,
      colour: (text: string, { peers, maxPeers }: CustomerEntry) => colour(text, peers, maxPeers),
    },
    {
      title: "ROOMS",
      text: ({ rooms, maxRooms }: CustomerEntry) => used(rooms, maxRooms),
      side: "right" as const,
      colour: (text: string, { rooms, maxRooms }: CustomerEntry) => colour(text, rooms, maxRooms),
    },
  ];
}

async function showCustomer(context: Context, id: string): Promise<void> {
  const customer = await context.connection.call("customer.Show", { id });
  if (context.json) return context.terminal.print(json(customer));
  const { reported, granted } = customer;
  showFacts(context, [
    ["customer", customer.id],
    ["listed", customer.listed ? undefined : "no: it is not in the list of customers"],
    ["clients", `${ofLicence(customer.peers, customer.maxPeers)}; ${granted.peers} coming`],
    [
      "rooms",
      `${ofLicence(customer.rooms, customer.maxRooms)}; ${reported.rooms} reported`,
    ],
    ["pools", customer.pools?.join(" ") ?? "any"],
  ]);
  if (customer.keys.length > 0) {
    context.terminal.print("");
    showTable(context, customer.keys, [
      { title: "KEY ID", text: ({ id }) => id },
      { title: "NAMESPACE", text: ({ namespace }) => namespace, flexible: true },
      { title: "POOLS", text: ({ pools }) => pools?.join(" ") ?? "", flexible: true, leaveOut: 1 },
      { title: "USABLE", text: ({ usable }) => usable ? "yes" : "no: see the log" },
    ]);
  }
  if (customer.servers.length === 0) return;
  context.terminal.print("");
  showTable(context, customer.servers, [
    { title: "SERVER", text: ({ server }) => server, flexible: true },
    count("CLIENTS", ({ peers }) => peers),
    count("ROOMS", ({ rooms }) => rooms),
  ]);
  if (customer.furtherServers > 0) context.terminal.print(`and ${customer.furtherServers} more servers`);
}

function ofLicence(used: number, limit: number | null): string {
  return limit === null ? `${used}, without a limit` : `${used} of ${limit}`;
}
