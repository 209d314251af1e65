import type { Milliseconds } from "./time.ts";
import type { RoomId } from "./room.ts";
import { scopedKey } from "./scoped_key.ts";

/** A room, or one user in a room, that `Connect` refuses until the ban ends. */
export interface Ban {
  readonly room: RoomId;
  /** The user banned; without it, the room is banned for everybody. */
  readonly user?: string | undefined;
  readonly until: Milliseconds;
}

/** The bans in force. Each holds until it ends, wherever the room is placed (`PROTOCOL.md` §5). */
export class Bans {
  readonly #bans = new Map<string, Ban>();
  #sweep = this.#bans.entries();

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#bans.size;
  }

  /** The ban that keeps the user out of the room, if any. */
  find(room: RoomId, user: string, now: Milliseconds): Ban | undefined {
    if (this.#bans.size === 0) return undefined;
    return this.#inForce(key(room), now) ?? this.#inForce(key(room, user), now);
  }

  /** A new ban replaces the earlier one; one that has already ended lifts it. */
  set(ban: Ban, now: Milliseconds): void {
    const name = key(ban.room, ban.user);
    if (ban.until <= now) this.#bans.delete(name);
    else this.#bans.set(name, ban);
  }

  /** Whether one more ban fits under the limit; ended bans do not count. O(bans) only when the table is full. */
  hasRoomFor(ban: Ban, now: Milliseconds): boolean {
    if (ban.until <= now || this.#bans.has(key(ban.room, ban.user))) return true;
    if (this.#bans.size >= this.limit) {
      this.#sweep = this.#bans.entries();
      this.sweep(now, this.#bans.size);
    }
    return this.#bans.size < this.limit;
  }

  /** Forgets ended bans among the next few in turn, so that no call ever looks at all of them. */
  sweep(now: Milliseconds, steps = 1000): void {
    for (let step = 0; step < steps; step++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.#bans.entries();
        return;
      }
      const [name, ban] = next.value;
      if (ban.until <= now) this.#bans.delete(name);
    }
  }

  values(): IterableIterator<Ban> {
    return this.#bans.values();
  }

  #inForce(name: string, now: Milliseconds): Ban | undefined {
    const ban = this.#bans.get(name);
    return ban !== undefined && ban.until > now ? ban : undefined;
  }
}

/** One string for each room, or user in a room: no room's key begins with two numbers. */
function key(room: RoomId, user?: string): string {
  return user === undefined ? scopedKey(room) : `${room[1].length},${scopedKey(room)}${user}`;
}
