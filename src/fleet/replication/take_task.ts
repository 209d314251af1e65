import type { Model } from "../state/model.ts";

/** Takes a task out of whichever queue it is in. */
export function takeTask(model: Model, sequence: number): void {
  for (const { tasks } of model.servers) {
    const task = tasks.get(sequence);
    if (task !== undefined) tasks.delete(task);
  }
}
