import type { Change } from "../change.ts";
import { markTold } from "../state/grant.ts";
import type { Model } from "../state/model.ts";

/**
 * The store has these changes now: answers may rely on the places they give.
 *
 * @param order place of the first in the order of all gateways' changes, where several share the store
 */
export function settle(model: Model, changes: readonly Change[], order?: number): void {
  changes.forEach((change, i) => {
    if (change.type === "group-placed") {
      const group = model.groups.get(change.namespace, change.group);
      if (group?.server.address === change.server) group.durable = true;
    } else if (change.type === "server-reported") {
      const server = model.servers.get(change.server);
      if (server !== undefined) server.untold = false;
    } else if (change.type === "granted") markTold(model.groups.room(change.room), change.user);
    else if (change.type === "task-queued" && order !== undefined && change.moved === undefined) {
      // It may have moved since.
      for (const { tasks } of model.servers) tasks.place(change.task, order + i);
    }
  });
}

/** The store is offered everything as it is now. @returns to be called once it has taken it */
export function settleAll(model: Model): () => void {
  const places = Array.from(model.groups, (group) => ({ group, server: group.server }));
  return () => {
    for (const { group, server } of places) if (group.server === server) group.durable = true;
  };
}
