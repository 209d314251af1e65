import type { Change, ConnectInput, Milliseconds, Report } from "../fleet/mod.ts";
import type { StoreError } from "../store/port.ts";

/**
 * What happens in the gateway, for whoever counts, logs or passes it on. An observer has the methods that it wants; times
 * are on the gateway's monotonic clock, in milliseconds.
 */
export interface Observer {
  /** A change has been made here; the store has been given it. */
  changed?(change: Change): void;
  /** Another gateway of those that share the store has made a change; it tells the same. */
  followed?(change: Change): void;
  /** What other gateways had done was taken over all at once, and not told change by change. */
  caughtUp?(): void;
  /** A client was granted its way to a server. */
  granted?(input: ConnectInput, at: Milliseconds): void;
  /** A server's report has been taken in. */
  reported?(report: Report, at: Milliseconds): void;
  /** Tasks were put into an answer to a server; so many of them were given to it before. */
  handedOver?(tasks: number, repeated: number): void;
  /** The store cannot be written: what needs it is refused until `storeRecovered`. */
  storeFailed?(error: StoreError): void;
  /** A call is answered as one that could not be stored, although it holds: it might not survive loss of power. */
  heldUnsafe?(error: StoreError): void;
  /** It still cannot, for another reason than before. */
  storeFailsStill?(error: StoreError): void;
  /** The store can be written again, and has everything. */
  storeRecovered?(): void;
  /** The store that several gateways share had lost what it had, or a part of it, and what the fleet consists of has been put back. */
  storeLost?(): void;
  /** The wall clock was set by so much. */
  clockSet?(by: Milliseconds): void;
  /** The gateway did not run for so long. */
  paused?(gap: Milliseconds): void;
}

type EventOf<Name extends keyof Observer> = Parameters<NonNullable<Observer[Name]>>;

/** All who want to know. What one of them throws is reported, and concerns neither the others nor the gateway. */
export class Observers {
  readonly #observers: Observer[] = [];
  readonly #failed: (error: unknown) => void;

  /** @param failed told of what an observer throws */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(observer: Observer): void {
    this.#observers.push(observer);
  }

  tell<Name extends keyof Observer>(name: Name, ...event: EventOf<Name>): void {
    for (const observer of this.#observers) {
      try {
        (observer[name] as ((...event: EventOf<Name>) => void) | undefined)?.call(observer, ...event);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
