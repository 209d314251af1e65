/**
 * The fleet: rooms, servers, usage, bans and tasks, in the one model that holds them, and the named operations
 * that change it. Pure: no I/O, no clock, no randomness of its own; imports nothing of ours outside this folder.
 * An operation takes the model, plain input and `now`, changes the model, and returns its result together with
 * the list of {@link Change}s, which the shell (`gateway.ts`) makes durable before it lets the answer go.
 *
 * @module
 */
export { addressAt, parseAddress } from "./address.ts";
export * from "./ban.ts";
export * from "./change.ts";
export * from "./connect.ts";
export { plan, planOf, welcomeAgain } from "./draining.ts";
export * from "./explanation.ts";
export * from "./facts.ts";
export { follow } from "./follow.ts";
export { forgetKind } from "./forget.ts";
export * from "./grant.ts";
export { endHandOver, type Fate, handOverTasks } from "./hand_over.ts";
export * from "./ids.ts";
export * from "./info.ts";
export {
  type Kind,
  type LearnedKind,
  nameTemplate,
  type StoredCost,
  type StoredSizes,
} from "./learning/mod.ts";
export * from "./life_cycle.ts";
export * from "./management.ts";
export * from "./model.ts";
export { holder, settle, settleAll, yieldGroup } from "./opening.ts";
export { type Strategy } from "./placement/strategy.ts";
export { strategies, type StrategyName } from "./placement/mod.ts";
export * from "./placing.ts";
export { type Report, report, type ReportedRoom, reportInSlices } from "./report.ts";
export * from "./restore.ts";
export * from "./room.ts";
export * from "./server.ts";
export * from "./settings.ts";
export * from "./task.ts";
export * from "./time.ts";
export type { Undo } from "./undo.ts";
export * from "./usage.ts";
