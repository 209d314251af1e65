import { networkOf } from "./caller_network.ts";
import { log } from "./log.ts";

/** How often what was refused is summed up, in milliseconds. */
export const REFUSALS_SUMMED_EVERY = 10_000;

/** Causes by caller, or by customer, that are told apart within that time; what comes on top is counted together. */
const TOLD_APART = 50;

/** What the log needs to know of something that was refused; what the edge tells has all of it. */
export interface ToldRefusal {
  readonly call: string;
  readonly kind: string;
  /** One of few: what is counted together. */
  readonly cause: string;
  /** In full, for the first line. */
  readonly reason: string;
  readonly address: string;
  /** For whom it speaks, where that is known. */
  readonly customer: string | undefined;
  readonly room?: { readonly namespace: string; readonly name: string | undefined } | undefined;
}

/** A cause by which calls of somebody are refused. */
interface Repeated {
  readonly call: string;
  readonly who: string;
  readonly cause: string;
  /** How many were refused since the last line about them. */
  more: number;
}

/**
 * Log lines about refused calls, so few that nobody can fill a disk by being refused: the first of a cause and a caller in
 * full, then how many more there were, every {@link REFUSALS_SUMMED_EVERY}. Strangers and customers are told apart in
 * tables of their own: the ones cannot hide the others.
 */
export class Refusals {
  readonly #strangers = new Table();
  readonly #customers = new Table();

  /** Something was refused. A fault of ours has a line of its own. */
  tell({ call, kind, cause, reason, address, customer, room }: ToldRefusal): void {
    if (kind === "internal") return;
    if (customer === undefined) {
      if (!this.#strangers.isFirst(call, networkOf(address), cause)) return;
      log.info("{call} from {caller} is refused: {reason}", { call, caller: address, reason });
    } else if (this.#customers.isFirst(call, `customer ${customer}`, cause)) {
      if (room?.name === undefined) {
        return log.info("{call} of customer {customer} is refused: {reason}", { call, customer, reason });
      }
      const { name, namespace } = room;
      log.info("{call} of customer {customer} to room {room} of {namespace} is refused: {reason}", {
        ...{ call, customer, namespace, reason },
        room: name,
      });
    }
  }

  /** Says how many more there were; to be called every {@link REFUSALS_SUMMED_EVERY}, and at the end. */
  sumUp(): void {
    for (const table of [this.#strangers, this.#customers]) {
      for (const { call, who, cause, more } of table.takeRepeated()) {
        log.info("{call} of {who} is refused {more} times more: {cause}", { call, who, more, cause });
      }
    }
  }
}

class Table {
  readonly #repeated = new Map<string, Repeated>();
  /** What no place is left for, by cause. Causes are few, and calls are methods that there are. */
  readonly #others = new Map<string, Repeated>();

  /** Counts one, and says whether it is to be told in full. */
  isFirst(call: string, who: string, cause: string): boolean {
    const key = `${call}\n${cause}\n${who}`;
    const known = this.#repeated.get(key);
    if (known !== undefined) {
      known.more++;
      return false;
    }
    if (this.#repeated.size < TOLD_APART) {
      this.#repeated.set(key, { call, who, cause, more: 0 });
      return true;
    }
    const others = this.#others.get(cause);
    if (others !== undefined) others.more++;
    else if (this.#others.size < TOLD_APART) {
      this.#others.set(cause, { call: "a call", who: "others", cause, more: 1 });
    }
    return false;
  }

  /** What was refused again since the last time. Of whom nothing was refused, the next is a first one again. */
  takeRepeated(): Repeated[] {
    const repeated: Repeated[] = [];
    for (const [key, sum] of this.#repeated) {
      if (sum.more === 0) {
        this.#repeated.delete(key);
        continue;
      }
      repeated.push({ ...sum });
      sum.more = 0;
    }
    repeated.push(...this.#others.values());
    this.#others.clear();
    return repeated;
  }
}
