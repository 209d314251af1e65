/**
 * The fleet: rooms, servers, usage, bans and tasks, in the one model that holds them, and the named operations
 * that change it. Pure: no I/O, no clock, no randomness of its own; imports nothing of ours outside this folder.
 * An operation takes the model, plain input and `now`, changes the model, and returns its result together with
 * the list of {@link Change}s, which the shell (`gateway.ts`) makes durable before it lets the answer go.
 *
 * @module
 */
export { addressAt, parseAddress } from "./address.ts";
export * from "./state/ban.ts";
export * from "./change.ts";
export * from "./operations/connect.ts";
export { plan, plannedBy, planOf, welcomeAgain } from "./servers/draining.ts";
export { demandText, restoreDemand } from "./state/demand.ts";
export { restoreRoomCost, roomCostText } from "./state/room_cost.ts";
export * from "./state/explanation.ts";
export * from "./facts.ts";
export { follow } from "./replication/follow.ts";
export { Predictions } from "./replication/predictions.ts";
export { markUntold, unsent } from "./replication/unsent.ts";
export { Reconciler } from "./replication/reconcile.ts";
export { forgetKind, type ForgottenKind } from "./operations/forget_kind.ts";
export { forecast, type NeedForecast, type PoolForecast } from "./operations/forecast.ts";
export { canForget, type ForgetRefusal, forgetServer } from "./operations/forget_server.ts";
export * from "./state/grant.ts";
export { GATEWAYS, numberTasks } from "./tasks/numbering.ts";
export {
  endHandOver,
  handOverTasks,
  hasOthersHandOvers,
  hasTasks,
  numberHandOver,
  othersHandingOver,
} from "./tasks/hand_over.ts";
export { OPEN_HAND_OVERS } from "./state/hand_overs.ts";
export * from "./ids.ts";
export * from "./operations/figures.ts";
export * from "./operations/info.ts";
export * from "./operations/look.ts";
export {
  type Kind,
  type LearnedKind,
  type LearnedName,
  type Lesson,
  nameTemplate,
  type Observation,
  type StoredCost,
  type StoredSizes,
} from "./learning/mod.ts";
export * from "./servers/life_cycle.ts";
export * from "./operations/manage.ts";
export type { KeptCount, Miscount } from "./miscount.ts";
export * from "./state/model.ts";
export { settle, settleAll } from "./replication/settle.ts";
export { holder } from "./rooms/opening.ts";
export { type Strategy } from "./placement/strategy.ts";
export { strategies, type StrategyName, strategyOf } from "./placement/mod.ts";
export * from "./operations/placing.ts";
export type { ReportedRoom } from "./rooms/listing.ts";
export { type Report, report, reportInSlices } from "./operations/report.ts";
export { rebalance, type Rebalanced } from "./operations/rebalance.ts";
export * from "./replication/restore.ts";
export * from "./replication/snapshot.ts";
export * from "./replication/stored_key.ts";
export * from "./state/room.ts";
export * from "./state/server.ts";
export { isUnvouched, unvouchedCustomer } from "./unvouched.ts";
export * from "./settings.ts";
export * from "./task.ts";
export * from "./time.ts";
export type { Undo } from "./undo.ts";
export { NOT_PLACED } from "./state/task_queue.ts";
export * from "./state/usage.ts";
export * from "./operations/lists.ts";
