/**
 * Groups without a room, where several gateways share the store. Another gateway may have let somebody in a moment ago who is
 * on the way to the group: so it keeps its place for a while after all have been told that it is about to go. Whoever knows
 * better says so in that time, by opening a room of it; whoever is asked for it meanwhile asks the store first.
 *
 * @module
 */
import type { Change } from "../change.ts";
import { type Model, newName } from "../state/model.ts";
import type { Group } from "../state/room.ts";
import type { Milliseconds } from "../time.ts";

/** Longer than a gateway that the store takes for alive can be behind what it tells. */
export const LEAVE_FOR: Milliseconds = 3000;

/** Who did not tell of the leave releases the group only where the one who did has not: it may have ended. */
const OTHERS_WAIT: Milliseconds = 5000;

/** The group has no room, for a moment or until it is released. A gateway that is alone releases it itself, at once. */
export function keepPlace(model: Model, group: Group): void {
  if (model.shared) model.leaving.set(group, { leave: undefined, until: undefined });
}

/** The group is about to be released, and all are told. */
export function leave(model: Model, group: Group, now: Milliseconds, changes: Change[]): void {
  const leave = newName(model);
  model.leaving.set(group, { leave, until: now + LEAVE_FOR });
  const { namespace, name, server } = group;
  changes.push({
    type: "group-leaving",
    namespace: namespace.name,
    group: name,
    server: server.address,
    leave,
  });
}

/** Another gateway has told that the group is about to be released. */
export function followLeave(model: Model, group: Group, leave: string, now: Milliseconds): void {
  if (group.empty) model.leaving.set(group, { leave, until: now + LEAVE_FOR + OTHERS_WAIT });
}
