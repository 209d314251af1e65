import type { Ban } from "../facts.ts";
import type { RoomId } from "../ids.ts";
import type { Milliseconds } from "../time.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Miscounts } from "./miscounts.ts";
import { Shares, unitsOf } from "./shares.ts";

/** Bans that one sweep looks at, and that a call looks at which meets a full table. */
const STEPS = 1000;
const STEPS_WHEN_FULL = 10_000;

/** The bans of one room. */
interface RoomBans {
  /** Of everybody. */
  room: Ban | undefined;
  /** Of single users, by their name. */
  readonly users: Map<string, Ban>;
}

/** The bans in force. Each holds until it ends, wherever the room is placed (`docs/protocol.md` §5). */
export class Bans {
  readonly #rooms = new Map<string, RoomBans>();
  readonly #shares: Shares;
  #size = 0;
  #sweep = this.values();
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
    return this.#size;
  }

  /** The ban that keeps the user out of the room, if any. */
  find(room: RoomId, user: string, now: Milliseconds): Ban | undefined {
    if (this.#size === 0) return undefined;
    const bans = this.#rooms.get(scopedKey(room));
    if (bans === undefined) return undefined;
    if (bans.room !== undefined && bans.room.until > now) return bans.room;
    const ban = bans.users.get(user);
    return ban !== undefined && ban.until > now ? ban : undefined;
  }

  /** The ban of exactly this room, or user in it, whether or not it has ended. */
  get(room: RoomId, user: string | undefined): Ban | undefined {
    const bans = this.#rooms.get(scopedKey(room));
    return user === undefined ? bans?.room : bans?.users.get(user);
  }

  /** All bans of the room and of users in it, whether or not they have ended; the room's first. */
  of(room: RoomId): Ban[] {
    const bans = this.#size === 0 ? undefined : this.#rooms.get(scopedKey(room));
    return bans === undefined ? [] : [...inOrder(bans)];
  }

  /** A new ban replaces the earlier one; one that has already ended lifts it. */
  set(ban: Ban, now: Milliseconds): void {
    this.#delete(ban);
    if (ban.until > now) this.#add(ban);
  }

  /** Takes a ban back, and puts the one before it in force again; for a call that is refused. */
  putBack(ban: Ban, before: Ban | undefined): void {
    this.#delete(ban);
    if (before !== undefined) this.#add(before);
  }

  /** Whether one more ban fits under the limits. Where the table is full, some that have ended make room. */
  hasRoomFor(ban: Ban, now: Milliseconds): boolean {
    if (ban.until <= now || this.get(ban.room, ban.user) !== undefined) return true;
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

  *values(): Generator<Ban, void, void> {
    for (const bans of this.#rooms.values()) yield* inOrder(bans);
  }

  #forget(now: Milliseconds, steps: number): Ban[] {
    const ended: Ban[] = [];
    for (let step = 0; step < steps; step++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.values();
        break;
      }
      const ban = next.value;
      if (ban.until > now) continue;
      this.#delete(ban);
      ended.push(ban);
    }
    return ended;
  }

  #admits(ban: Ban): boolean {
    return this.#shares.admits(ownerOf(ban), unitsOfBan(ban));
  }

  #add(ban: Ban): void {
    const key = scopedKey(ban.room);
    let bans = this.#rooms.get(key);
    if (bans === undefined) this.#rooms.set(key, bans = { room: undefined, users: new Map() });
    if (ban.user === undefined) bans.room = ban;
    else bans.users.set(ban.user, ban);
    this.#size++;
    this.#shares.add(ownerOf(ban), unitsOfBan(ban));
  }

  /** The ban of that room, or of that user in it, is no more. */
  #delete({ room, user }: Ban): void {
    const key = scopedKey(room);
    const bans = this.#rooms.get(key);
    const ban = user === undefined ? bans?.room : bans?.users.get(user);
    if (bans === undefined || ban === undefined) return;
    if (user === undefined) bans.room = undefined;
    else bans.users.delete(user);
    if (bans.room === undefined && bans.users.size === 0) this.#rooms.delete(key);
    this.#size--;
    this.#shares.take(ownerOf(ban), unitsOfBan(ban));
  }
}

function* inOrder({ room, users }: RoomBans): Generator<Ban, void, void> {
  if (room !== undefined) yield room;
  yield* users.values();
}

function ownerOf({ customer, room }: Ban): string {
  return customer ?? room[0];
}

function unitsOfBan({ room: [namespace, name], user = "" }: Ban): number {
  return unitsOf(namespace, name, user);
}
