import { groupName, type Task } from "../src/fleet/mod.ts";

/** A connection of a server, as far as it matters for what was read on it. */
export interface Line {
  broken: boolean;
}

/** What became of a call of a customer's backend: answered with success, with an error, or not at all. */
export type Answer = "acknowledged" | "refused" | "none";

/** A task that a backend asked for. */
interface Asked {
  readonly room: string;
  readonly kind: Task["task"];
  answer: Answer;
  /** Why it was refused. */
  why?: string;
  /** Unix time in seconds. */
  readonly at: number;
  /** Who has read it, and on which connection. */
  readonly reads: { readonly server: string; readonly line: Line }[];
}

/** Where a group of rooms is: the server, until when a client may join there by token (Unix seconds), and who is in. */
interface Hold {
  tokensUntil: number;
  members: number;
}

/**
 * What the gateway has promised, and what came of it. It is kept outside the gateway, from answers and from what servers
 * read alone, so that the gateway can be held to it however often it dies.
 */
export class Ledger {
  /** Promises that were broken. */
  readonly faults: string[] = [];
  readonly counts = { connects: 0, acknowledged: 0, bans: 0, reads: 0, again: 0 };
  readonly #holds = new Map<string, Map<string, Hold>>();
  readonly #asked = new Map<number, Asked>();
  readonly #closing = new Set<string>();
  /** Groups that may be split, and whose rooms may be closed to heal that: what they need went with a server or a disk. */
  readonly #excused = new Set<string>();
  /** Groups that have been moved, and until when (Unix time in seconds) those who were in them may be apart. */
  readonly #moving = new Map<string, number>();
  #number = 0;

  readonly #last = new Map<string, number>();

  /**
   * @param now Unix time in seconds
   * @param ordered which updates and messages of a room come in the order in which they were asked for, each after the
   *   answer to the one before: all, those that were acknowledged when they came, or none
   */
  constructor(readonly now: () => number, readonly ordered: "all" | "acknowledged" | "none") {}

  /** A Connect was answered: nobody may be in the group, or hold a token for it, on another server. */
  granted(group: string, server: string, tokenUntil: number): void {
    this.counts.connects++;
    const now = this.now();
    const holds = this.#holdsOf(group);
    if (!this.#mayBeSplit(group)) this.#checkHolds(group, server, holds, now);
    const hold = holds.get(server) ?? { tokensUntil: 0, members: 0 };
    hold.tokensUntil = Math.max(hold.tokensUntil, tokenUntil);
    holds.set(server, hold);
  }

  #checkHolds(group: string, server: string, holds: Map<string, Hold>, now: number): void {
    for (const [other, { tokensUntil, members }] of holds) {
      if (other === server) continue;
      if (members > 0) {
        this.faults.push(`${group} is split: ${server} beside ${other}, where ${members} are in it`);
      } else if (tokensUntil > now) {
        this.faults.push(`${group} is split: ${server} while tokens for ${other} are valid`);
      } else holds.delete(other);
    }
  }

  joined(group: string, server: string): void {
    const holds = this.#holdsOf(group);
    const hold = holds.get(server) ?? { tokensUntil: 0, members: 0 };
    hold.members++;
    holds.set(server, hold);
  }

  left(group: string, server: string): void {
    const hold = this.#holds.get(group)?.get(server);
    if (hold !== undefined) hold.members--;
  }

  /** The server is gone, with all rooms and members; whoever holds a token for it cannot use it. */
  serverGone(server: string): void {
    for (const holds of this.#holds.values()) holds.delete(server);
  }

  /** From now on the group may be split: what would have kept it together was lost. */
  excuse(group: string): void {
    this.#excused.add(group);
  }

  /** The group moves, and may be split until then; its rooms may be closed to heal that. */
  excuseUntil(group: string, until: number): void {
    this.#moving.set(group, until);
  }

  #mayBeSplit(group: string): boolean {
    return this.#excused.has(group) || (this.#moving.get(group) ?? -Infinity) > this.now();
  }

  /** Whether the group may be split for good. */
  isExcused(group: string): boolean {
    return this.#excused.has(group);
  }

  /** The groups that somebody is in, or may come to, on a server. */
  groupsOn(server: string): string[] {
    return [...this.#holds].flatMap(([group, holds]) => holds.has(server) ? [group] : []);
  }

  /** A number that no task has. */
  nextNumber(): number {
    return ++this.#number;
  }

  /** A backend is about to ask for the task with this number. */
  ask(number: number, room: string, kind: Task["task"]): void {
    this.#asked.set(number, { room, kind, answer: "none", at: this.now(), reads: [] });
    if (kind === "RoomClose") this.#closing.add(room);
  }

  /** @param why it was refused */
  answered(number: number, answer: Answer, why = ""): void {
    Object.assign(this.#asked.get(number)!, { answer, why });
    if (answer === "acknowledged") this.counts.acknowledged++;
  }

  /** A server has read a task. */
  read(server: string, task: Task, line: Line): void {
    this.counts.reads++;
    const [, room] = task.id;
    if (task.task === "RoomClose" && !this.#closing.has(room)) {
      if (!this.#mayBeSplit(groupName(room))) {
        this.faults.push(`${server} was told to close ${room}, and nobody had asked for it`);
      }
      return;
    }
    if (task.task === "RoomBanClient" && task.ban_time.secs === 0) return; // a lift, whose user's name has the ban's number
    const number = numberOf(task);
    const asked = this.#asked.get(number);
    if (asked === undefined || asked.room !== room) {
      return void this.faults.push(
        `${server} read a ${task.task} that nobody had asked for: ${JSON.stringify(task)}`,
      );
    }
    // A RoomClose may be the gateway's own, where the group is to leave the server.
    const ours = task.task === "RoomClose" && this.#mayBeSplit(groupName(room));
    if (asked.answer === "refused" && !ours) {
      this.faults.push(`${server} read ${task.task} ${number}, which was refused: ${asked.why}`);
    }
    if (asked.reads.length > 0) {
      this.counts.again++;
      const whole = asked.reads.some((before) => before.server === server && !before.line.broken);
      if (task.task === "RoomSendMessage" && whole) {
        this.faults.push(`message ${number} came twice, though its connection had not broken`);
      }
    }
    if (asked.reads.length === 0 && (this.ordered !== "acknowledged" || asked.answer === "acknowledged")) {
      this.#checkOrder(server, room, number, asked.kind);
    }
    asked.reads.push({ server, line });
  }

  /** Updates and messages of a room come in the order in which they were asked for, where each waited for the one before. */
  #checkOrder(server: string, room: string, number: number, kind: Task["task"]): void {
    if (this.ordered === "none" || (kind !== "RoomUpdate" && kind !== "RoomSendMessage")) return;
    const last = this.#last.get(room) ?? 0;
    if (number < last) this.faults.push(`${server} read ${kind} ${number} of ${room} after ${last}`);
    this.#last.set(room, Math.max(last, number));
  }

  /** To be asked once every server has had the time to fetch what waits for it. */
  close(): void {
    for (const [number, { kind, room, answer, at, reads }] of this.#asked) {
      if (answer === "acknowledged" && reads.length === 0 && !this.#excused.has(groupName(room))) {
        const ago = (this.now() - at).toFixed(1);
        this.faults.push(`${kind} ${number} for ${room} was acknowledged and never came, ${ago} s ago`);
      }
    }
  }

  #holdsOf(group: string): Map<string, Hold> {
    const known = this.#holds.get(group);
    if (known !== undefined) return known;
    const holds = new Map<string, Hold>();
    this.#holds.set(group, holds);
    return holds;
  }
}

/** Bytes that carry a task's number. */
export function bytesOf(number: number): number[] {
  return [number >>> 24, number >>> 16 & 255, number >>> 8 & 255, number & 255];
}

/** The number that a task carries: in its bytes, in its user's name, or in its room's. */
function numberOf(task: Task): number {
  switch (task.task) {
    case "RoomUpdate":
      return numberIn(task.user_data);
    case "RoomSendMessage":
      return numberIn(task.message);
    case "RoomBanClient":
      return Number(task.user_id.split("-")[1]);
    case "RoomClose":
      return Number(task.id[1].split("-")[1]);
  }
}

function numberIn(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
