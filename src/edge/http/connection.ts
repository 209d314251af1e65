import type { Address, Fate } from "../../fleet/mod.ts";
import type { Delivery } from "../../gateway/port.ts";

/** An answer with tasks that went out on a connection, until it is known whether its server has read it. */
interface OpenDelivery {
  readonly delivery: Delivery;
  readonly settle: (delivery: Delivery, fate: Fate) => void;
  /** Whether the answer has been written out entirely. */
  readonly sent: () => boolean;
}

/**
 * One connection of a peer, and what it tells of the answers that went out on it (`docs/protocol.md` §5). A server has read
 * an answer when the next request on the connection, after the answer was written out, is a report of the same server. Over
 * HTTP/2 requests do not wait for answers, so that only the end of the connection tells.
 * A connection that breaks has lost what was not known to be read. Nothing is known from a connection that ends in good
 * order, that a proxy holds, or that another caller uses next: somebody else may have read the answer for the server.
 */
export class Connection {
  #open: OpenDelivery[] = [];
  #proxied = false;
  #over = false;

  /**
   * A request begins; what it may prove is taken from the connection.
   *
   * @param proxied whether the request says that a proxy has passed it on
   * @param waits whether a request waits for the answer to the one before, as it does over HTTP/1
   * @returns to be asked by a report, and ended with the request; nothing where there is nothing to prove
   */
  begin(proxied: boolean, waits: boolean): Proof | undefined {
    if (proxied) this.#proxied = true;
    if (this.#open.length === 0 || !waits) return undefined;
    const sent = this.#open.filter((each) => each.sent());
    if (sent.length === 0) return undefined;
    this.#open = this.#open.filter((each) => !sent.includes(each));
    return new Proof(sent, this.#proxied);
  }

  /** Whether there are answers of which it is not known whether they were read. */
  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether an answer with tasks is going out, so that the end of the connection would tell that nobody has read it. */
  get isDelivering(): boolean {
    return this.#open.some(({ sent }) => !sent());
  }

  /** An answer with tasks goes out. */
  add(delivery: Delivery, settle: OpenDelivery["settle"], sent: () => boolean): void {
    if (this.#over) settle(delivery, "lost");
    else this.#open.push({ delivery, settle, sent });
  }

  /** The connection has ended. @param broken whether by a reset or an error */
  ended(broken: boolean): void {
    const open = this.#open;
    this.#open = [];
    this.#over = true;
    for (const { delivery, settle, sent } of open) settle(delivery, broken || !sent() ? "lost" : "unknown");
  }
}

/** Answers that were written out before a request came on the same connection. */
export class Proof {
  #deliveries: OpenDelivery[];
  readonly #proxied: boolean;

  constructor(deliveries: OpenDelivery[], proxied: boolean) {
    this.#deliveries = deliveries;
    this.#proxied = proxied;
  }

  /** The request is a report of this server: it has read what was for it, unless a proxy did so for it. */
  reportOf(server: Address): void {
    if (this.#proxied) return;
    this.#deliveries = this.#deliveries.filter(({ delivery, settle }) => {
      if (delivery.server !== server) return true;
      settle(delivery, "read");
      return false;
    });
  }

  /** The request is over: it has proved nothing more. */
  end(): void {
    for (const { delivery, settle } of this.#deliveries) settle(delivery, "unknown");
    this.#deliveries = [];
  }
}
