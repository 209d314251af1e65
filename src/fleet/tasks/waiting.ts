import type { Model } from "../state/model.ts";
import type { Server } from "../state/server.ts";
import type { QueuedTask } from "../task.ts";

/** A task that waits, and the server in whose queue it is. O(servers) */
export function waitingTask(
  model: Model,
  sequence: number,
): { readonly server: Server; readonly task: QueuedTask } | undefined {
  for (const server of model.servers) {
    const task = server.tasks.get(sequence);
    if (task !== undefined) return { server, task };
  }
  return undefined;
}

/** Takes a task out of whichever queue it is in. */
export function takeTask(model: Model, sequence: number): void {
  const found = waitingTask(model, sequence);
  found?.server.tasks.delete(found.task);
}
