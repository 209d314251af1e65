import { z } from "zod";
import type { PoolForecast } from "../../../fleet/mod.ts";
import type { GatewayPort } from "../../../gateway/port.ts";
import { type AdminMethod, adminMethod } from "./method.ts";
import { Amount, Count, ShownAddress } from "./shapes.ts";

/** What a pool will need. */
export const ShownForecast = z.object({
  pool: z.string(),
  servers: Count.describe("Servers that are alive and take new rooms."),
  alive: Count.describe("Servers that are alive, also those that take no new rooms."),
  capacity: Amount.describe(
    "Clients that they could take at a load of 1, beside what loads them without clients, as learned from their reports.",
  ),
  ahead: z.array(z.object({
    minutes: Count.describe("From now."),
    clients: Amount.describe("Clients that are to be expected then."),
    servers: Count.describe("Servers that these need; further ones are reckoned as large as the usual one."),
  })).describe("Now, and in 10, 30 and 60 minutes."),
  drainable: z.array(ShownAddress).describe(
    "Servers that none of these times needs, nor the last hour did, with a tenth of all clients to spare, the emptiest " +
      "first: they may be drained. None until a quarter of an hour is known.",
  ),
  draining: z.array(ShownAddress).describe(
    "Servers that drain and would take new rooms again if resumed, the fullest first; none of weight 0.",
  ),
  drained: z.array(ShownAddress).describe("Those of them on which nothing is left: they may be stopped."),
});

/** The methods about the fleet as a whole. */
export function fleetMethods({ gateway }: { readonly gateway: GatewayPort }): readonly AdminMethod[] {
  return [
    adminMethod({
      name: "fleet.Forecast",
      summary: "Tell how many servers are needed, now and within the hour, and which may be drained",
      description:
        "From the clients that are there and on their way, from what young rooms will grow by, and from how the number of " +
        "clients has changed in the last quarter of an hour. For whoever starts and stops servers.",
      does: "shows",
      params: z.object({
        pool: z.string().optional().describe("Only this pool, also while no server of it is known."),
        target: z.number().min(0.05).max(1).optional().describe(
          "Load that servers are to have. If absent, `placement.target`.",
        ),
      }),
      result: z.object({ pools: z.array(ShownForecast) }),
      errors: [],
      run: async ({ pool, target }) => {
        const pools = await gateway.view.forecast(pool, target);
        return { pools: pools.map(showForecast) };
      },
    }),
  ];
}

function showForecast(
  { ahead, drainable, draining, drained, ...pool }: PoolForecast,
): z.input<typeof ShownForecast> {
  return {
    ...pool,
    ahead: ahead.map(({ after, ...need }) => ({ minutes: after / 60_000, ...need })),
    drainable: [...drainable],
    draining: [...draining],
    drained: [...drained],
  };
}
