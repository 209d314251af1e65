import type { Change } from "../../fleet/mod.ts";

/** So many are kept, and for so long, in milliseconds: Redis writes its file every second, and may be set back by minutes. */
const MOST = 10_000;
const KEPT_FOR = 120_000;

/**
 * Changes that replace or end what is stored: that they happened shows nowhere once a store has lost them. What only adds something
 * is put in again from what a gateway knows (`offer`).
 */
const TYPES: ReadonlySet<Change["type"]> = new Set<Change["type"]>([
  "banned",
  "ban-ended",
  "server-planned",
  "task-ended",
  "server-appeared",
  "server-removed",
]);
const NAMED = new RegExp(`"(?:${[...TYPES].join("|")})"`);

/** A change, what it is about, and a place in the order that tells it from earlier ones about the same. */
export interface Placed {
  readonly about: string;
  readonly place: number;
  readonly change: Change;
}

/** Where something stands in the log. */
interface Entry {
  readonly id: string;
  readonly request: string;
  /** Of the last of its changes. */
  readonly place: number;
}

interface Remembered extends Entry {
  readonly at: number;
  readonly changes: readonly Change[];
}

/** What was changed lately by any gateway and cannot be told from what is there now, for a store that has lost it. */
export class Recent {
  readonly #entries: Remembered[] = [];
  #size = 0;

  /**
   * @param text the changes as they stand in the log
   * @param read the changes in it, called where some may be of these
   */
  note(entry: Entry, text: string, read: () => readonly Change[]): void {
    if (!NAMED.test(text)) return;
    const changes = read().filter(({ type }) => TYPES.has(type));
    const at = performance.now();
    this.#entries.push({ ...entry, at, changes });
    this.#size += changes.length;
    while (this.#size > MOST || this.#entries[0]!.at < at - KEPT_FOR) {
      this.#size -= this.#entries.shift()!.changes.length;
    }
  }

  /** Of all that was remembered the id and the request, the newest first. */
  get entries(): readonly (readonly [id: string, request: string])[] {
    return this.#entries.map(({ id, request }) => [id, request] as const).reverse();
  }

  /** Of so many that were remembered last the last change of each thing that they are about, oldest first. */
  newest(count: number): readonly Placed[] {
    const last = new Map<string, Placed>();
    for (const entry of this.#entries.slice(this.#entries.length - count)) {
      for (const change of entry.changes) {
        const about = whatIsMeant(change);
        last.delete(about); // the last comes at its own place
        last.set(about, { about, place: entry.place, change });
      }
    }
    return [...last.values()];
  }
}

function whatIsMeant(change: Change): string {
  switch (change.type) {
    case "banned":
    case "ban-ended":
      return JSON.stringify(["ban", ...change.ban.room, change.ban.user ?? ""]);
    case "server-appeared":
    case "server-removed":
      return JSON.stringify(["server", change.server]);
    case "server-planned":
      return JSON.stringify(["plan", change.server, change.part ?? ""]);
    case "task-ended":
      return JSON.stringify(["task", change.sequence]);
    default:
      return JSON.stringify(change); // none of those that are remembered
  }
}
