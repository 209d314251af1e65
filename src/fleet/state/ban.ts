import type { Ban } from "../facts.ts";
import type { RoomId } from "../ids.ts";
import type { Milliseconds } from "../time.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Miscounts } from "./miscounts.ts";
import { Shares, unitsOf } from "./shares.ts";

/** Bans that one sweep looks at, and that a call looks at which meets a full table. */
const STEPS = 1000;
const STEPS_WHEN_FULL = 10_000;

/** The bans in force. Each holds until it ends, wherever the room is placed (`docs/protocol.md` §5). */
export class Bans {
  readonly #bans = new Map<string, Ban>();
  readonly #shares: Shares;
  #sweep = this.#bans.entries();
  /** Those that made room and of which nobody has been told yet. */
  #ended: Ban[] = [];

  constructor(limit: number, share: number, miscounts: Miscounts) {
    this.#shares = new Shares(limit, share, miscounts);
  }

  /** From now on these bounds hold; bans that are there already stay. */
  configure(limit: number, share: number): void {
    this.#shares.configure(limit, share);
  }

  get size(): number {
    return this.#bans.size;
  }

  /** The ban that keeps the user out of the room, if any. */
  find(room: RoomId, user: string, now: Milliseconds): Ban | undefined {
    if (this.#bans.size === 0) return undefined;
    return this.#inForce(banKey(room), now) ?? this.#inForce(banKey(room, user), now);
  }

  /** The ban of exactly this room, or user in it, whether or not it has ended. */
  get(room: RoomId, user: string | undefined): Ban | undefined {
    return this.#bans.get(banKey(room, user));
  }

  /** A new ban replaces the earlier one; one that has already ended lifts it. */
  set(ban: Ban, now: Milliseconds): void {
    const name = banKey(ban.room, ban.user);
    this.#delete(name);
    if (ban.until <= now) return;
    this.#bans.set(name, ban);
    this.#shares.add(ownerOf(ban), unitsOfBan(ban));
  }

  /** Takes a ban back, and puts the one before it in force again; for a call that is refused. */
  putBack(ban: Ban, before: Ban | undefined): void {
    const name = banKey(ban.room, ban.user);
    this.#delete(name);
    if (before === undefined) return;
    this.#bans.set(name, before);
    this.#shares.add(ownerOf(before), unitsOfBan(before));
  }

  /** Whether one more ban fits under the limits. Where the table is full, some that have ended make room. */
  hasRoomFor(ban: Ban, now: Milliseconds): boolean {
    if (ban.until <= now || this.#bans.has(banKey(ban.room, ban.user))) return true;
    if (this.#admits(ban)) return true;
    this.#ended.push(...this.#forget(now, STEPS_WHEN_FULL));
    return this.#admits(ban);
  }

  /**
   * Forgets ended bans among the next few in turn, so that no call ever looks at all of them.
   *
   * @returns those that have ended
   */
  sweep(now: Milliseconds): Ban[] {
    const ended = [...this.#ended, ...this.#forget(now, STEPS)];
    this.#ended = [];
    return ended;
  }

  values(): IterableIterator<Ban> {
    return this.#bans.values();
  }

  #forget(now: Milliseconds, steps: number): Ban[] {
    const ended: Ban[] = [];
    for (let step = 0; step < steps; step++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.#bans.entries();
        break;
      }
      const [name, ban] = next.value;
      if (ban.until > now) continue;
      this.#delete(name);
      ended.push(ban);
    }
    return ended;
  }

  #admits(ban: Ban): boolean {
    return this.#shares.admits(ownerOf(ban), unitsOfBan(ban));
  }

  #delete(name: string): void {
    const ban = this.#bans.get(name);
    if (ban === undefined) return;
    this.#bans.delete(name);
    this.#shares.take(ownerOf(ban), unitsOfBan(ban));
  }

  #inForce(name: string, now: Milliseconds): Ban | undefined {
    const ban = this.#bans.get(name);
    return ban !== undefined && ban.until > now ? ban : undefined;
  }
}

function ownerOf({ customer, room }: Ban): string {
  return customer ?? room[0];
}

function unitsOfBan({ room: [namespace, name], user = "" }: Ban): number {
  return unitsOf(namespace, name, user);
}

/** One string for each room, or user in a room: no room's key begins with two numbers. */
export function banKey(room: RoomId, user?: string): string {
  return user === undefined ? scopedKey(room) : `${room[1].length},${scopedKey(room)}${user}`;
}
