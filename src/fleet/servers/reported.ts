import type { Change } from "../change.ts";
import type { RoomId } from "../ids.ts";
import type { Server } from "../state/server.ts";

/**
 * What others are to know of a server's last report.
 *
 * @param figures clients of rooms that are told one by one
 * @param toOthers whether there are other gateways, which learn from it as this one does
 */
export function reported(
  {
    address,
    lastReport,
    pool,
    version,
    load,
    loadKnown,
    clients,
    counted,
    cost,
    usage,
    works,
    roomCost,
    teaches,
  }: Server,
  figures: readonly (readonly [RoomId, number])[],
  toOthers: boolean,
): Change {
  const sums = Array.from(usage, ([{ customer }, { peers, rooms }]) => ({ customer, peers, rooms }));
  return {
    type: "server-reported",
    server: address,
    report: lastReport,
    pool,
    version,
    load,
    clients,
    cost: cost.stored(),
    usage: sums,
    ...(figures.length > 0 ? { figures } : {}),
    ...(toOthers && teaches ? { works: [...works] } : {}),
    ...(toOthers && counted !== clients ? { counted } : {}),
    ...(toOthers && roomCost.which > 0 ? { exponent: roomCost.which } : {}),
    ...(toOthers && !loadKnown ? { loadUnknown: true } : {}),
  };
}
