import * as fleet from "../fleet/mod.ts";
import type { List, Model, RoomInfo } from "../fleet/mod.ts";
import { SlicedWork } from "../sliced_work.ts";
import type { ShownFleet } from "./port.ts";
import type { Clocks } from "./timers.ts";
import { shownTimes } from "./view.ts";

/**
 * All servers, rooms and kinds. O(servers + rooms), in slices between which the model goes on changing: what comes or
 * goes meanwhile is there or not, and every room once, on a server that is there.
 */
export async function wholeFleet(model: Model, clocks: Clocks): Promise<ShownFleet> {
  const work = new SlicedWork();
  const met = new Map<string, RoomInfo>(); // a room that has moved is met twice: where it is now is what counts
  for await (const room of inSlices(fleet.roomList(model, {}), work)) {
    const [namespace, name] = room.id;
    met.set(`${namespace.length} ${namespace}${name}`, room);
  }
  const kinds = [];
  for await (const kind of inSlices(fleet.kindList(model, {}), work)) kinds.push(kind);
  const servers = Array.from(model.servers, fleet.serverInfo); // they are few
  const addresses = new Set(servers.map(({ address }) => address));
  return {
    servers: servers.map((server) => ({ ...server, ...shownTimes(clocks, server) })),
    rooms: Array.from(met.values()).filter(({ server }) => addresses.has(server)),
    kinds,
  };
}

async function* inSlices<Entry, Item>(list: List<Entry, Item>, work: SlicedWork): AsyncGenerator<Item> {
  for (const entry of list.entries()) {
    yield list.show(entry);
    if (work.due) await work.letOthersPass();
  }
}
