import type { Address, Change, Milliseconds, Model } from "../fleet/mod.ts";
import type { Durability } from "./durability.ts";
import type { Arrival } from "./port.ts";
import { orNothing } from "./store_error.ts";
import { clockOffset, type Clocks, toUnixTime } from "./timers.ts";

/** Name, in a store that several gateways share, of the unix time until when they wait for servers to report. */
const WAIT = "start-wait";

/**
 * The wait after a start that knows no servers: every server that may be alive has its chance to report before a room is
 * placed that it may host. It ends with its time, once all is taken in that began to come within it, or as soon as all
 * servers that are expected have been heard.
 */
export class StartWait {
  readonly #model: Model;
  readonly #expected: number;
  readonly #heard = new Set<Address>();
  /** When the reports began to come that have not been taken in entirely. */
  readonly #coming = new Map<number, Milliseconds>();
  /** End of the wait, while there is one. */
  #until: Milliseconds | undefined;
  #arrivals = 0;

  /** @param expected servers after which the wait is over; Infinity where that is not known */
  constructor(model: Model, expected = Infinity) {
    this.#model = model;
    this.#expected = expected;
  }

  begin(until: Milliseconds): void {
    this.#until = this.#model.startWaitUntil = until;
    // Of servers that others have heard meanwhile the rooms are known.
    if (this.#model.shared) {
      for (const { enabled, address } of this.#model.servers) if (enabled) this.heard(address);
    }
  }

  /** The start took a while, which is added to the model's own end. */
  prolong(): void {
    if (this.#until !== undefined) this.#until = this.#model.startWaitUntil;
  }

  /** Whether rooms that are not known are still refused. */
  get lasts(): boolean {
    return this.#until !== undefined;
  }

  heard(server: Address): void {
    if (this.#until !== undefined) this.#heard.add(server);
  }

  /** Another gateway has heard a server, and told of its rooms. */
  followed(change: Change): void {
    if (change.type === "server-reported") this.heard(change.server);
  }

  comes(now: Milliseconds): Arrival {
    const id = this.#arrivals++;
    this.#coming.set(id, now);
    return { id };
  }

  came({ id }: Arrival): void {
    this.#coming.delete(id);
  }

  /** Ends the wait if it is over. */
  look(now: Milliseconds): void {
    const until = this.#until;
    if (until === undefined) return;
    // Time in which the gateway itself did not run is added to the model's own end.
    const end = Math.max(until, this.#model.startWaitUntil);
    const late = [...this.#coming.values()].some((since) => since <= until);
    if (this.#heard.size < this.#expected && (now < end || late)) {
      this.#model.startWaitUntil = Math.max(end, now + 1);
      return;
    }
    this.#until = undefined;
    this.#model.startWaitUntil = -Infinity;
  }
}

/**
 * Until when a gateway that starts waits for servers to report, if it does: with others, as long as the first of them.
 *
 * @param end of the wait of one that is alone
 * @param waits whether it waits at all; where that is true, with an empty store only
 */
export async function waitUntil(
  end: Milliseconds,
  waits: boolean | "always",
  { store, replication }: Durability,
  model: Model,
  clocks: Clocks,
): Promise<Milliseconds | undefined> {
  if (waits === false) return undefined;
  const isNew = model.servers.size === 0;
  if (replication !== undefined) {
    const others = Number(await orNothing(store.value(WAIT)) ?? NaN) - clockOffset(clocks);
    if (others > clocks.now()) return waits === "always" ? end : others;
    if (isNew) await orNothing(store.setValue(WAIT, String(Math.round(toUnixTime(clocks, end)))));
  }
  return isNew || waits === "always" ? end : undefined;
}
