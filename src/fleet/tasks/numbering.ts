import type { Model } from "../state/model.ts";

/** Tasks that a gateway numbers before it comes to the numbers of the next one: 1,000 a second for two years. */
const TASKS = 2 ** 36;

/** How many gateways can be told apart; all numbers together are safe integers. */
export const GATEWAYS = 2 ** 17;

/**
 * From now on tasks get numbers of this gateway, which no other gives out; they go on growing. So do its other names.
 *
 * @param gateway from 0 to {@link GATEWAYS} - 1
 */
export function numberTasks(model: Model, gateway: number): void {
  model.gateway = gateway;
  model.taskSequence = model.handOvers = gateway * TASKS;
}

/** The gateway that has given out this number, of a task or of an answer with tasks. */
export function gatewayOf(number: number): number {
  return Math.floor(number / TASKS);
}

/** A task has this number already. */
export function skipNumber(model: Model, sequence: number): void {
  const own = gatewayOf(sequence) === gatewayOf(model.taskSequence);
  if (own) model.taskSequence = Math.max(model.taskSequence, sequence);
}
