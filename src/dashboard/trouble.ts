import type { Change } from "../fleet/mod.ts";
import type { Problem } from "../edge/methods/admin/status.ts";

/** What happened within so many milliseconds is trouble of now; what happens again within them goes on. */
const RECENT = 10 * 60_000;

/** Troubles that are remembered; of more, the oldest is forgotten. */
const REMEMBERED = 100;

const SORTS = {
  collision: {
    what: "reported rooms that another server holds",
    todo: "see whether it was cut off for a while, or two servers have one address; it is told to close them",
  },
  "close-ignored": {
    what: "keeps rooms open that it was told to close",
    todo: "see the server's own log; if it stays so, drain and restart it",
  },
  "server-odd": {
    what: "does what it should not",
    todo: "see Activity, and the gateway's log, for what it is",
  },
} as const;

type Sort = keyof typeof SORTS;

/** What servers did in the last minutes that an operator should look at, which the fleet's figures do not show. */
export class Trouble {
  readonly #found = new Map<
    string,
    { readonly sort: Sort; readonly server: string; times: number; last: number }
  >();

  constructor(readonly now: () => number = () => performance.now()) {}

  readonly changed = (change: Change): void => {
    if (change.type === "collision") this.#note("collision", change.loser);
    else if (change.type === "close-ignored" || change.type === "server-odd") {
      this.#note(change.type, change.server);
    }
  };

  problems(): Problem[] {
    const now = this.now();
    for (const [key, { last }] of this.#found) if (now - last > RECENT) this.#found.delete(key);
    return Array.from(this.#found.values(), ({ sort, server, times }) => ({
      severity: "warning",
      what: `server ${server} ${SORTS[sort].what} (${
        times === 1 ? "once" : `${times} times, the last`
      } within ten minutes)`,
      todo: SORTS[sort].todo,
      about: { server },
    }));
  }

  #note(sort: Sort, server: string): void {
    const key = `${sort} ${server}`;
    const now = this.now();
    const before = this.#found.get(key);
    this.#found.delete(key);
    if (this.#found.size >= REMEMBERED) this.#found.delete(this.#found.keys().next().value!);
    const goesOn = before !== undefined && now - before.last <= RECENT;
    this.#found.set(key, { sort, server, times: goesOn ? before.times + 1 : 1, last: now });
  }
}
