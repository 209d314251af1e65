import type { Change } from "../change.ts";
import type { Model } from "../state/model.ts";

/**
 * Changes that could not be told to the store that several gateways share: those that it is to have as soon as it can be
 * reached, and those that the next reports tell anew, or that the others come to by themselves.
 */
export function unsent(changes: readonly Change[]): { lasting: Change[]; passing: Change[] } {
  const { lasting = [], passing = [] } = Object.groupBy(changes, ({ type }) => {
    switch (type) {
      case "task-queued":
      case "task-ended":
      case "handed-over":
      case "hand-over-ended":
      case "server-evicting":
      case "kind-learned":
        return "lasting";
      default:
        return "passing";
    }
  });
  return { lasting, passing };
}

/** Only this gateway knows what these servers have reported. */
export function markUntold(model: Model, changes: readonly Change[]): void {
  for (const change of changes) {
    const server = change.type === "server-reported" ? model.servers.get(change.server) : undefined;
    if (server !== undefined) server.untold = server.figuresWanted = true;
  }
}
