import type { Address, Milliseconds } from "../../src/fleet/mod.ts";

/** What a server may be wanted to do, as far as its operators can tell. Times are the world's. */
export interface Wanted {
  readonly weight: number;
  readonly draining: boolean;
  readonly deadline: Milliseconds | undefined;
}

const INITIAL: Wanted = { weight: 1, draining: false, deadline: undefined };

/**
 * What operators want of servers, kept outside the gateway. A call whose answer never came may have had its effect or not:
 * all that is possible is kept, until an answer decides.
 */
export class Plans {
  readonly #possible = new Map<Address, readonly Wanted[]>();
  /** When it was last asked or answered what is wanted of a server. */
  readonly #changedAt = new Map<Address, Milliseconds>();
  /** What was wanted before, which some gateway may not know to be over. */
  readonly #before = new Map<Address, readonly Wanted[]>();

  /** @param untilAllKnow how long it may take until every gateway knows what one has answered */
  constructor(readonly now: () => Milliseconds, readonly untilAllKnow: Milliseconds = 0) {}

  possible(server: Address): readonly Wanted[] {
    return this.#possible.get(server) ?? [INITIAL];
  }

  /** @returns to be called with whether it was done, if ever that is known */
  ask(server: Address, change: Partial<Wanted>): (done: boolean) => void {
    const before = this.possible(server);
    const after = distinct(before.map((wanted) => ({ ...wanted, ...change })));
    this.#set(server, distinct([...before, ...after]));
    return (done) => this.#set(server, done ? after : before);
  }

  /** What may be wanted, as far as any gateway can know. */
  #somewhere(server: Address): readonly Wanted[] {
    const isKnown = this.now() - (this.#changedAt.get(server) ?? -Infinity) >= this.untilAllKnow;
    return isKnown ? this.possible(server) : [...this.possible(server), ...this.#before.get(server) ?? []];
  }

  #set(server: Address, possible: readonly Wanted[]): void {
    this.#before.set(server, this.#somewhere(server));
    this.#possible.set(server, possible);
    this.#changedAt.set(server, this.now());
  }

  /** Of deadlines nothing is certain any more: the wall clock was set where they are kept. */
  doubtDeadlines(): void {
    for (const [server, possible] of this.#possible) {
      const doubtful = possible.map((wanted) =>
        wanted.deadline === undefined ? wanted : { ...wanted, deadline: -Infinity }
      );
      this.#possible.set(server, distinct(doubtful));
    }
  }

  isSurelyOpen(server: Address): boolean {
    return this.#somewhere(server).every(({ draining, weight }) => !draining && weight > 0);
  }

  isSurelyClosed(server: Address): boolean {
    return this.#somewhere(server).every(({ draining, weight }) => draining || weight === 0);
  }

  /** Whether it was surely closed at that time, and nothing has been asked of it since. */
  wasSurelyClosed(server: Address, at: Milliseconds): boolean {
    return (this.#changedAt.get(server) ?? -Infinity) <= at && this.isSurelyClosed(server);
  }

  mayDrain(server: Address): boolean {
    return this.#somewhere(server).some(({ draining }) => draining);
  }

  /** Whether its deadline for draining may have passed by then. */
  mayEvict(server: Address, at: Milliseconds): boolean {
    return this.#somewhere(server).some(({ deadline }) => deadline !== undefined && deadline <= at);
  }

  /** Whether by then its deadline for draining had certainly passed, and the gateway had confirmed it. */
  mustEvict(server: Address, at: Milliseconds): boolean {
    return (this.#changedAt.get(server) ?? -Infinity) <= at &&
      this.possible(server).every(({ deadline = Infinity }) => Number.isFinite(deadline) && deadline <= at);
  }
}

function distinct(wanted: readonly Wanted[]): readonly Wanted[] {
  return [...new Map(wanted.map((each) => [JSON.stringify([each, String(each.deadline)]), each])).values()];
}
