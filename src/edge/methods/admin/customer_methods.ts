import { z } from "zod";
import type { CustomerUsage, List } from "../../../fleet/mod.ts";
import type { GatewayPort } from "../../../gateway/port.ts";
import { Pages } from "../../../lists/pages.ts";
import { SlicedWork } from "../../../sliced_work.ts";
import type { KeyRing } from "../../../tokens/mod.ts";
import type { AdminFacts, CustomerList } from "./facts.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, adminMethod, notFound } from "./method.ts";
import { Count, Name, ShownAddress } from "./shapes.ts";

const Limit = z.number().min(0).nullable().describe("Null where there is no limit, or no licence.");
const PeersAndRooms = z.object({ peers: Count, rooms: Count });

export const ShownCustomer = z.object({
  id: z.string(),
  listed: z.boolean().describe(
    "Whether it is in the list of customers; else servers report rooms of it, or it is an unknown customer that is let in.",
  ),
  maxPeers: Limit,
  maxRooms: Limit,
  peers: Count.describe("Clients that count towards its licence: reported ones, and those on their way."),
  rooms: Count.describe("Rooms that count towards its licence."),
  keys: Count.describe("Access keys that can be used."),
  pools: z.array(z.string()).nullable().describe(
    "The only pools whose servers may take its rooms; null for any.",
  ),
});

export const ShownCustomerDetail = ShownCustomer.omit({ keys: true }).extend({
  reported: PeersAndRooms.describe("What the servers have reported."),
  granted: PeersAndRooms.describe("What was granted, and no report has shown yet."),
  keys: z.array(z.object({
    id: z.string().describe("Key id, the one in the header of its tokens."),
    namespace: z.string().describe("Namespace of the rooms that its tokens may join."),
    pools: z.array(z.string()).nullable().describe(
      "Null where it is bound to no other pools than the customer.",
    ),
    usable: z.boolean().describe("False where it is broken, or another key has its id; the log says why."),
  })),
  servers: z.array(z.object({ server: ShownAddress, peers: Count, rooms: Count }))
    .describe("The servers that reported something of it, those with the most peers first, at most 100."),
  furtherServers: Count,
});

/** The methods about customers. */
export function customerMethods(
  { gateway, admin }: { readonly gateway: GatewayPort; readonly admin: AdminFacts },
): readonly AdminMethod[] {
  const pages = new Pages<string>(() => performance.now(), () => new SlicedWork());
  return [
    listMethod({
      name: "customer.List",
      summary: "List the customers with what they use of their licences, page by page",
      filters: {
        listed: z.boolean().default(true).describe(
          "The customers in the list of customers; if false, those who use something and are not in it.",
        ),
        prefix: z.string().max(1024).optional().describe("Only those whose ids begin with this text."),
      },
      key: z.tuple([z.string()]),
      entries: "customers",
      entry: ShownCustomer,
      page: async ({ filter: { listed, prefix = "" }, ...asked }) => {
        const { view } = gateway;
        if (listed) {
          const { items, next } = await pages.read(listedIds(admin, prefix), asked);
          return { items: await view.usageOf(items), next };
        }
        const { items, next } = await view.customers({ filter: { prefix }, ...asked });
        return { items: items.filter(({ customer }) => !admin.customers.byId.has(customer)), next };
      },
      show: (usage) => showCustomer(usage, admin.customers),
    }),
    adminMethod({
      name: "customer.Show",
      summary: "Show a customer: its licence and what it uses of it, its keys by id, its servers",
      does: "shows",
      params: z.object({ id: Name.describe("The customer's id.") }),
      result: ShownCustomerDetail,
      errors: ["notFound"],
      run: async ({ id }) => {
        const [usage] = await gateway.view.usageOf([id]);
        const { customers } = admin;
        const customer = customers.byId.get(id);
        if (
          usage === undefined || customer === undefined && usage.reported.rooms + usage.granted.rooms === 0
        ) {
          throw notFound(
            "no such customer is in the list, or has a room; customer.List shows those that are",
          );
        }
        const { servers, further } = await gateway.view.serversOf(id);
        return {
          ...showCustomer(usage, customers),
          reported: usage.reported,
          granted: usage.granted,
          keys: (customer?.accessKeys ?? []).map(({ namespace = id, pools, publicKey: { kid } }) => ({
            id: kid,
            namespace,
            pools: pools === undefined ? null : [...pools],
            usable: isUsable(kid, id, customers.ring),
          })),
          servers: [...servers],
          furtherServers: further,
        };
      },
    }),
  ];
}

/** The ids of the listed customers. */
function listedIds(admin: AdminFacts, prefix: string): List<string, string> {
  return {
    entries: () => admin.customers.byId.keys(),
    fits: (id) => id.startsWith(prefix),
    keyOf: (id) => [id],
    now: (id) => admin.customers.byId.has(id) ? id : undefined,
    show: (id) => id,
  };
}

function showCustomer(
  { customer: id, reported, granted }: CustomerUsage,
  { byId, ring }: CustomerList,
): z.input<typeof ShownCustomer> {
  const customer = byId.get(id);
  return {
    id,
    listed: customer !== undefined,
    maxPeers: shownLimit(customer?.maxPeers),
    maxRooms: shownLimit(customer?.maxRooms),
    peers: reported.peers + granted.peers,
    rooms: reported.rooms + granted.rooms,
    keys: (customer?.accessKeys ?? []).filter(({ publicKey }) => isUsable(publicKey.kid, id, ring)).length,
    pools: customer?.pools === undefined ? null : [...customer.pools],
  };
}

function isUsable(kid: string, customer: string, ring: KeyRing): boolean {
  return ring.get(kid)?.customer === customer;
}

function shownLimit(limit: number | undefined): number | null {
  return limit === undefined || limit === Infinity ? null : limit;
}
