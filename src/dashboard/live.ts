import type { Stream } from "../edge/http/message.ts";
import type { Happening } from "./activity.ts";
import type { State } from "./state.ts";

/** Pages that are told at a time. */
const VIEWERS = 32;

/** Updates without news after which it is said all the same that the gateway lives; pages miss it after 5 seconds. */
const QUIET = 2;

/** Rows by section and name; `null` for one that is gone. */
type Rows = Record<string, Record<string, unknown>>;

/** Whoever looks. */
interface Viewer {
  readonly send: (text: string) => void;
  readonly end: () => void;
}

/** What a page is told of itself when it comes. */
export interface Greeting {
  /** Name of the user; nothing where there are no users. */
  readonly user: string | null;
  readonly mayChange: boolean;
  readonly version: string;
}

/**
 * Tells every page that looks what has changed, by server-sent events. What is told is made once, however many look: the
 * text of each row is compared with what it was.
 */
export class Live {
  readonly #viewers = new Set<Viewer>();
  /** The rows that were told last, as JSON. */
  readonly #told = new Map<string, Map<string, string>>();
  #quiet = 0;

  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  /** Whether anything was told since somebody began to look. */
  get hasTold(): boolean {
    return this.#told.size > 0;
  }

  get isFull(): boolean {
    return this.#viewers.size >= VIEWERS;
  }

  /** A page that looks from now on; `arrived` is asked to tell the state as soon as can be. */
  stream(greeting: Greeting, happenings: () => readonly Happening[], arrived: () => void): Stream {
    return {
      open: (send, end) => {
        const viewer = { send, end };
        this.#viewers.add(viewer);
        send(`retry: 1000\n${event("hello", { ...greeting, activity: happenings() })}`);
        if (this.#told.size > 0) send(event("rows", this.#all()));
        arrived();
        return () => this.#viewers.delete(viewer);
      },
    };
  }

  /** Tells what has changed since the last time. */
  tell(state: State, happenings: readonly Happening[]): void {
    const changed = this.#changes(state);
    let text = changed === undefined ? "" : event("rows", changed);
    if (happenings.length > 0) text += event("activity", happenings);
    if (text === "" && ++this.#quiet >= QUIET) text = event("beat", {});
    if (text === "") return;
    this.#quiet = 0;
    for (const { send } of this.#viewers) send(text);
  }

  /** Nobody looks: what was told is out of date by the time that somebody does. */
  forget(): void {
    this.#told.clear();
  }

  /** Ends all of them; pages come back by themselves. */
  stop(): void {
    for (const { end } of this.#viewers) end();
    this.#viewers.clear();
  }

  #all(): Rows {
    const rows = Array.from(this.#told, ([section, its]) => [
      section,
      Object.fromEntries(Array.from(its, ([name, json]) => [name, JSON.parse(json)])),
    ]);
    return Object.fromEntries(rows);
  }

  #changes(state: State): Rows | undefined {
    const changed: Rows = {};
    for (const [section, rows] of Object.entries<ReadonlyMap<string, unknown>>(state)) {
      const told = this.#told.get(section) ?? new Map<string, string>();
      this.#told.set(section, told);
      const its = new Map<string, unknown>();
      for (const [name, row] of rows) {
        const json = JSON.stringify(row);
        if (told.get(name) === json) continue;
        told.set(name, json);
        its.set(name, row);
      }
      if (told.size > rows.size) {
        for (const name of told.keys()) {
          if (rows.has(name)) continue;
          told.delete(name);
          its.set(name, null);
        }
      }
      if (its.size > 0) changed[section] = Object.fromEntries(its);
    }
    return Object.keys(changed).length === 0 ? undefined : changed;
  }
}

/** One event; JSON has no line breaks of its own. */
function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
