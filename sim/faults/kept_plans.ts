import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";
import type { Plans } from "./plans.ts";
import type { FaultyServer } from "./server.ts";

/** Where a gateway does not want of a server what its operators were told that it does. */
export function lostPlans(plans: Plans, hosts: readonly Host[]): string[] {
  return hosts.flatMap(({ gateway }) =>
    gateway.inspect(({ servers }) =>
      Array.from(servers).flatMap(({ address, weight, draining }) => {
        const planned = { weight, draining: draining !== undefined };
        const possible = plans.possible(address);
        const fits = possible.some((wanted) =>
          wanted.weight === planned.weight && wanted.draining === planned.draining
        );
        if (fits) return [];
        return [
          `${address} is planned as ${JSON.stringify(planned)}, and was to be ${JSON.stringify(possible)}`,
        ];
      })
    )
  );
}

/** Servers that should have been emptied by a deadline which has passed at that time, and have rooms. */
export function leftRooms(plans: Plans, servers: readonly FaultyServer[], at: Milliseconds): string[] {
  return servers.filter(({ address, roomNames }) => plans.mustEvict(address, at) && roomNames.length > 0).map(
    (
      { address, roomNames },
    ) => `${address} is past its deadline for draining, and has ${roomNames.join()}`,
  );
}
