import { type Ban, type Change, isBetweenGateways } from "../fleet/mod.ts";
import type { Observer } from "../gateway/observers.ts";
import type { AuditRecord } from "../ops/audit.ts";
import { MOST, newest } from "./newest.ts";

/** A name within a sentence, so that the page can show it as text, and lead to it. */
export interface Named {
  readonly is: "server" | "room" | "user" | "customer" | "caller";
  readonly name: string;
  /** Of a room. */
  readonly namespace?: string;
}

export type Severity = "info" | "warning" | "error";

/** Something that happened, as a sentence with names in it. */
export interface Happening {
  /** Grows by one with each. */
  readonly number: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** A call of an operator; a call of a customer, or a ban; what happened in the fleet. */
  readonly sort: "operators" | "customers" | "fleet";
  readonly severity: Severity;
  readonly parts: readonly (string | Named)[];
}

/** Characters of a call's params that are shown. */
const PARAMS = 300;

/** Methods that no operator calls, but servers that start. */
const OF_SERVERS: ReadonlySet<string> = new Set(["sfu.GridConfig", "GetConfig"]);

/** What a name is, by the role of who called; of any other, it is a user's. */
const CALLERS: Readonly<Record<string, string>> = { customer: "key ", host: "signal " };

/** The last things that happened, up to twice as many as a page shows: changes in the fleet, and calls that somebody decided on. */
export class Activity {
  #kept: Happening[] = [];
  #number = 0;

  /** @param shows whether a method only shows something: of those, only refused calls are kept */
  constructor(readonly shows: (method: string) => boolean, readonly unixTime: () => number = Date.now) {}

  readonly observer: Observer = {
    changed: (change) => this.#changed(change),
    followed: (change) => this.#changed(change), // what other gateways do happens to the same fleet
    paused: (gap) =>
      this.#add("fleet", "warning", `the gateway did not run for ${(gap / 1000).toFixed(1)} s`),
    clockSet: (by) => this.#add("fleet", "warning", `the wall clock was set by ${(by / 1000).toFixed(1)} s`),
    storeFailed: () =>
      this.#add(
        "fleet",
        "error",
        "the store cannot be written: known rooms are served, all else is refused",
      ),
    storeLost: () =>
      this.#add("fleet", "error", "the store has lost data: what this gateway knows was put back"),
    storeRecovered: () => this.#add("fleet", "info", "the store can be written again"),
  };

  /** A call that the audit has recorded. */
  readonly audited = ({ role, by, customer, address, method, params, outcome, error }: AuditRecord): void => {
    if (outcome === "success" && this.shows(method)) return;
    const who: (string | Named)[] = by === undefined
      ? ["somebody without a name"]
      : [CALLERS[role] ?? "user ", { is: "caller", name: by }];
    const whose: (string | Named)[] = customer === undefined
      ? []
      : [" of ", { is: "customer", name: customer }];
    const text = JSON.stringify(params) ?? "";
    const shown = text === "{}" ? "" : ` ${text.length > PARAMS ? `${text.slice(0, PARAMS)}…` : text}`;
    const end = error === undefined ? "" : `: ${error.message}`;
    const sort = role === "customer" ? "customers" : OF_SERVERS.has(method) ? "fleet" : "operators";
    const severity = outcome === "success" ? "info" : outcome === "rejected" ? "warning" : "error";
    this.#add(
      sort,
      severity,
      ...who,
      ...whose,
      ` at ${address} called ${method}${shown}${end}`,
    );
  };

  /** What is kept with a number above this one, the oldest first. */
  since(number: number): readonly Happening[] {
    return number >= this.#number ? [] : this.#kept.filter((its) => its.number > number);
  }

  get newest(): number {
    return this.#number;
  }

  #changed(change: Change): void {
    const its = ofChange(change);
    const sort = change.type === "banned" || change.type === "ban-ended" ? "customers" : "fleet";
    if (its !== undefined) this.#add(sort, ...its);
  }

  #add(sort: Happening["sort"], severity: Severity, ...parts: (string | Named)[]): void {
    this.#kept.push({ number: ++this.#number, at: this.unixTime(), sort, severity, parts });
    // In one go from time to time, so that a crowd of happenings does not move all of them each time.
    if (this.#kept.length >= 2 * MOST) this.#kept = newest(this.#kept);
  }
}

type Told = [Severity, ...(string | Named)[]];

const server = (name: string): Named => ({ is: "server", name });
const room = ([namespace, name]: readonly [string, string]): Named => ({ is: "room", namespace, name });

/** What people want to know of a change; nothing of what happens all day. */
function ofChange(change: Change): Told | undefined {
  if (isBetweenGateways(change)) return undefined;
  switch (change.type) {
    case "server-appeared":
      return ["info", "server ", server(change.server), ` appeared in pool ${change.pool}`];
    case "server-planned": {
      const { weight, draining } = change;
      const share = weight === 1 ? "all" : `${Math.round(weight * 100)} %`;
      const end = draining === undefined
        ? ""
        : draining.deadline === undefined
        ? ", and is draining"
        : ", and is draining, with a deadline";
      return ["info", "server ", server(change.server), ` is to take ${share} of what it could${end}`];
    }
    case "server-evicting": {
      const rest = ` is past its deadline for draining: ${change.rooms} rooms are closed there`;
      return ["warning", "server ", server(change.server), rest];
    }
    case "server-odd":
      return ["warning", "server ", server(change.server), `: ${change.what}`];
    case "server-stalled": {
      const { why, load } = change;
      const at = `${Math.round(100 * load)} % load`;
      return why === undefined
        ? [
          "info",
          "server ",
          server(change.server),
          ` is too full no more, or rooms leave it again: it is at ${at}`,
        ]
        : ["warning", "server ", server(change.server), ` stays at ${at}, and no room leaves it: ${why}`];
    }
    case "server-drained":
      return ["info", "server ", server(change.server), " is empty: it can be stopped"];
    case "server-enabled":
      return ["info", "server ", server(change.server), " reports again"];
    case "server-disabled":
      return ["warning", "server ", server(change.server), " is silent: it gets no new rooms"];
    case "server-removed":
      return ["warning", "server ", server(change.server), " is removed"];
    case "group-placed": {
      if (change.from === undefined) return undefined;
      const { namespace, group, from, overload } = change;
      const why = overload === undefined ? [] : [`, because its load was ${Math.round(100 * overload)} %`];
      return [
        "info",
        "group ",
        room([namespace, group]),
        " moved from ",
        server(from),
        " to ",
        server(change.server),
        ...why,
      ];
    }
    case "collision": {
      const { holder, loser } = change;
      const told = [" is on ", server(holder), " already: ", server(loser), " is told to close it"];
      return ["warning", "room ", room(change.room), ...told];
    }
    case "close-ignored":
      return [
        "warning",
        "room ",
        room(change.room),
        " is still on ",
        server(change.server),
        ", which was told to close it",
      ];
    case "miscounted":
      return ["error", `the gateway has counted ${change.count} wrong, and put it right: please report it`];
    case "banned":
      return ["info", ...whom(change.ban), " is banned from room ", room(change.ban.room)];
    case "ban-ended": {
      const how = change.lifted ? " was lifted" : " has ended";
      return ["info", "the ban of ", ...whom(change.ban), " from room ", room(change.ban.room), how];
    }
    case "task-ended":
      return change.expired
        ? ["warning", `task ${change.sequence} was given up: its server did not fetch it`]
        : undefined;
    case "server-reported":
    case "group-released":
    case "room-opened":
    case "room-changed":
    case "room-closed":
    case "kind-learned":
    case "name-learned":
    case "task-queued":
      return undefined;
    default:
      return change satisfies never;
  }
}

function whom({ user }: Ban): (string | Named)[] {
  return user === undefined ? ["everybody"] : ["user ", { is: "user", name: user }];
}
