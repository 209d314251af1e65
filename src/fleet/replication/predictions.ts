import type { Change } from "../change.ts";
import { groupName, type RoomId } from "../ids.ts";
import { scopedKey } from "../scoped_key.ts";

/**
 * What this gateway has changed in its model before the store has put it into the order of all gateways' changes. Each change
 * sets something: a place, a room, a ban, a plan. What others have done to the same thing meanwhile comes earlier in that
 * order: it is held back, and means nothing once one's own change has been accepted.
 */
export class Predictions {
  /** How many changes on their way set a thing. */
  readonly #pending = new Map<string, number>();
  /** What others have changed meanwhile, in order. */
  #held: Change[] = [];

  /** These changes are in the model, and on their way into the store. */
  begin(changes: readonly Change[]): void {
    for (const key of keysOfAll(changes)) this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
  }

  /** What others have changed. @returns what is to be followed now */
  others(changes: readonly Change[]): readonly Change[] {
    if (this.#pending.size === 0) return changes;
    return changes.filter((change) => {
      if (!this.#isHeld(change)) return true;
      this.#held.push(change);
      return false;
    });
  }

  /**
   * The store has put these changes of this gateway into the order.
   *
   * @param instead what it says in place of those that it has refused
   * @returns what is to be followed now
   */
  end(changes: readonly Change[], instead: readonly Change[]): readonly Change[] {
    const keys = keysOfAll(changes);
    if (keys.length === 0 && instead.length === 0) return instead;
    const refused = new Set(keysOfAll(instead));
    const set = new Set(keys.filter((key) => !refused.has(key)));
    const released = this.#release(keys, (change) => keysOf(change).some((key) => set.has(key)));
    // It may have been set anew since, by a change that is on its way.
    return [...released, ...this.others(instead)];
  }

  /** These changes have been taken back, or will never come into the order. @returns what is to be followed now */
  drop(changes: readonly Change[]): readonly Change[] {
    return this.#release(keysOfAll(changes), () => false);
  }

  /** @param isOver which of what was held back is over, because it was set anew since */
  #release(keys: readonly string[], isOver: (change: Change) => boolean): readonly Change[] {
    for (const key of keys) {
      const left = (this.#pending.get(key) ?? 0) - 1;
      if (left > 0) this.#pending.set(key, left);
      else this.#pending.delete(key);
    }
    if (this.#held.length === 0) return [];
    const held = this.#held.filter((change) => !isOver(change));
    this.#held = held.filter((change) => this.#isHeld(change));
    return held.filter((change) => !this.#isHeld(change));
  }

  #isHeld(change: Change): boolean {
    return keysOf(change).some((key) => this.#pending.has(key)) ||
      scopesOf(change).some((key) => this.#pending.has(key));
  }
}

const NOTHING: readonly string[] = [];

function keysOfAll(changes: readonly Change[]): string[] {
  const keys: string[] = [];
  for (const change of changes) for (const key of keysOf(change)) keys.push(key);
  return keys;
}

/** What a change sets: of two that set the same, the later one counts. */
function keysOf(change: Change): readonly string[] {
  switch (change.type) {
    case "server-appeared":
    case "server-reported":
    case "server-enabled":
    case "server-disabled":
    case "server-removed":
      return [`server ${change.server}`];
    case "server-planned":
      return (change.part === undefined ? ["weight", "draining"] : [change.part])
        .map((part) => `${part} ${change.server}`);
    case "group-placed":
    case "group-leaving":
    case "group-released":
      return [groupKey([change.namespace, change.group])];
    case "room-opened":
    case "room-changed":
    case "room-closed":
      return [roomKey(change.room)];
    case "banned":
    case "ban-ended":
      return [`ban ${scopedKey(change.ban.room)} ${change.ban.user ?? ""}`];
    case "task-queued":
      return [`task ${change.task.sequence}`];
    case "task-ended":
      return [`task ${change.sequence}`];
    case "kind-learned":
      return [`kind ${scopedKey([change.kind.namespace, change.kind.template])}`];
    default: // many of these: grants
      return NOTHING;
  }
}

/** What a change is about and does not set: it waits while that is on its way. */
function scopesOf(change: Change): string[] {
  switch (change.type) {
    case "room-opened":
    case "room-changed":
    case "room-closed":
      return [groupKey([change.room[0], groupName(change.room[1])])];
    case "granted":
    case "grants-ended":
      return [roomKey(change.room), groupKey([change.room[0], groupName(change.room[1])])];
    case "group-young":
      return [groupKey([change.namespace, change.group])];
    default:
      return [];
  }
}

function groupKey(group: RoomId): string {
  return `group ${scopedKey(group)}`;
}

function roomKey(room: RoomId): string {
  return `room ${scopedKey(room)}`;
}
