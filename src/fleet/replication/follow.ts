import type { Change, ChangeOf } from "../change.ts";
import type { Ban } from "../facts.ts";
import { tellBans } from "../rooms/banning.ts";
import { forgetNames } from "../state/forgotten_names.ts";
import { ownGrants } from "../state/grant.ts";
import { kindOf, observe } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import { followFate, followHandOver, passOn } from "../tasks/hand_over.ts";
import { skipNumber } from "../tasks/numbering.ts";
import { takeTask, waitingTask } from "../tasks/waiting.ts";
import type { Milliseconds } from "../time.ts";
import { followEnd, followGrants, followGroup, followRoom } from "./follow_room.ts";
import { appear, followReport, followServer } from "./follow_server.ts";

/**
 * Does in this model what another gateway did in its own, as the store tells it: in order, and each change once. What
 * it has no place for (a server that is not known, say) is left out.
 *
 * @returns what this gateway has to say to it: somebody is on the way to a room that another one gave up, or a room is here
 * that another one did not know
 */
export function follow(model: Model, changes: readonly Change[], now: Milliseconds): Change[] {
  const objections: Change[] = [];
  for (const change of changes) followOne(model, change, now, objections);
  return objections;
}

function followOne(model: Model, change: Change, now: Milliseconds, objections: Change[]): void {
  switch (change.type) {
    case "server-appeared":
      appear(model, change, now);
      return;
    case "server-reported":
      return followReport(model, change, now);
    case "server-enabled":
    case "server-disabled":
    case "server-removed":
    case "server-evicting":
    case "server-drained":
    case "server-planned":
      return followServer(model, change, now);
    case "group-placed":
    case "group-leaving":
    case "group-released":
    case "group-young":
      return followGroup(model, change, now, objections);
    case "room-opened":
    case "room-changed":
      return followRoom(model, change, now);
    case "room-closed":
      return followEnd(model, change, now, objections);
    case "granted":
    case "grants-ended":
      return followGrants(model, change, now, objections);
    case "size-observed":
      return followSize(model, change, now);
    case "kind-learned": // all that was learned is told as observations, but not that it is to be forgotten
      if (change.kind.sizes === undefined) model.kinds.restore(change.kind);
      if (change.names === true) forgetNames(model, change.kind);
      return;
    case "figures-wanted":
      for (const server of model.servers) server.figuresWanted = true;
      for (const granted of ownGrants(model.grants)) objections.push({ ...granted, again: true });
      return;
    case "name-learned":
    case "group-explained": // the store is asked for it
    case "customers-listed": // of concern to who lets customers in
      return;
    case "banned":
      return followBan(model, change.ban, now, objections);
    case "ban-ended": {
      const { ban, lifted } = change;
      // One that has ended by itself may have been set anew here.
      const known = lifted ? undefined : model.bans.get(ban.room, ban.user);
      if (known === undefined || known.until <= ban.until) model.bans.set({ ...ban, until: -Infinity }, now);
      return;
    }
    case "task-queued":
      return followTask(model, change);
    case "task-ended":
      return takeTask(model, change.sequence);
    case "handed-over":
      return followHandOver(model, change, now);
    case "hand-over-ended":
      return followFate(model, change, now);
    case "server-odd":
    case "server-stalled":
    case "collision":
    case "close-ignored":
    case "miscounted":
      return; // of concern to its own gateway only, or told by the changes that come with them
    default:
      change satisfies never;
  }
}

/** A room or a user is banned. Where the other gateway did not know the room, and this one has it from its server, that is told. */
function followBan(model: Model, ban: Ban, now: Milliseconds, objections: Change[]): void {
  const known = model.bans.get(ban.room, ban.user);
  if (known?.until === ban.until) return; // this very one
  model.bans.set(ban, now);
  const room = model.groups.room(ban.room);
  if (ban.told !== undefined || room?.listed !== true || !room.group.server.heardHere) return;
  tellBans(model, room, (each) => each === ban, now, objections);
}

/** A task is in the queue of a server now; where it was in another one, what is known of it goes with it. */
function followTask(model: Model, { server: address, task, order }: ChangeOf<"task-queued">): void {
  skipNumber(model, task.sequence);
  const server = model.servers.get(address);
  const known = waitingTask(model, task.sequence);
  if (known === undefined) server?.tasks.add(task, order);
  else if (server !== undefined && server !== known.server) passOn(known.server, server, known.task);
}

/** What a group came to is learned here as well; what it comes to later is a correction of that. */
function followSize(
  model: Model,
  { namespace, group: name, observed, earlier }: ChangeOf<"size-observed">,
  now: Milliseconds,
): void {
  observe(model, kindOf(namespace, name), name, observed, earlier, now);
  const young = model.groups.get(namespace, name)?.young;
  if (young !== undefined) young.learned = { ...observed, at: earlier?.at ?? now };
}
