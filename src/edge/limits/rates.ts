import type { Settings } from "../../config/schema.ts";
import { networkOf } from "../../ops/caller_network.ts";
import { Rate } from "./rate.ts";

/** Why a request is refused, and the seconds after which the next is admitted, at least 1. */
export interface Exceeded {
  readonly by: "key" | "customer" | "address" | "requests at a time";
  readonly retryAfter: number;
}

/** Whose request it is, as far as limits are concerned. */
export interface Payer {
  readonly keyId: string;
  readonly customer: string;
  /** Whether the token's signature was checked; those where it was not are counted as one, since anybody can make them. */
  readonly signed: boolean;
}

/** A name that no key and no customer has: what nobody vouches for is counted under it. */
const ANYBODY = "";

/**
 * Requests a second by address, key and customer, and requests at a time by address (`rates` of the configuration). An
 * address is the network that it is in: whoever has one IPv6 address has 2⁶⁴.
 */
export class Rates {
  readonly #byKey: Rate | undefined;
  readonly #byCustomer: Rate | undefined;
  readonly #byAddress: Rate | undefined;
  readonly #concurrent: number;
  /** Requests under way, by network; no more entries than requests. */
  readonly #underWay = new Map<string, number>();
  /** Until then some key or customer is refused: looked at before the signature of a token is. */
  #refusing = -Infinity;

  /** @param batch entries of a batch, at most */
  constructor({ perKey, perCustomer, perAddress, concurrentPerAddress }: Settings["rates"], batch: number) {
    const rate = (perSecond: number | "off") =>
      perSecond === "off" ? undefined : new Rate(perSecond, batch + 1);
    this.#byKey = rate(perKey);
    this.#byCustomer = rate(perCustomer);
    this.#byAddress = rate(perAddress);
    this.#concurrent = concurrentPerAddress === "off" ? Infinity : concurrentPerAddress;
  }

  /**
   * A request from there begins. If it is admitted, `end` has to be told when it is over. Programs on this machine are not
   * limited by address: one of them may be a proxy, and stand for everybody.
   *
   * @param now on a monotonic clock, in milliseconds
   */
  begin(client: string, now: number): Exceeded | undefined {
    if (isThisMachine(client)) return undefined;
    const network = networkOf(client);
    const underWay = this.#underWay.get(network) ?? 0;
    if (underWay >= this.#concurrent) return exceeded("requests at a time", 0);
    const wait = this.#byAddress?.admit(network, now) ?? 0;
    if (wait > 0) return exceeded("address", wait);
    if (this.#concurrent !== Infinity) this.#underWay.set(network, underWay + 1);
    return undefined;
  }

  /** A request from there that was admitted is over. */
  end(client: string): void {
    if (this.#concurrent === Infinity || isThisMachine(client)) return;
    const network = networkOf(client);
    const underWay = this.#underWay.get(network);
    if (underWay === undefined || underWay <= 1) this.#underWay.delete(network);
    else this.#underWay.set(network, underWay - 1);
  }

  /** Whether some key or customer is over its rate just now, so that a look before the signature is checked may be worth it. */
  isRefusing(now: number): boolean {
    return now < this.#refusing;
  }

  /** Whether a key or its customer is over its rate; counts nothing, since nobody has shown yet that he has the key. */
  look(payer: Payer, now: number): Exceeded | undefined {
    const [key, customer] = namesOf(payer);
    const byKey = this.#byKey?.wait(key, now) ?? 0;
    const byCustomer = this.#byCustomer?.wait(customer, now) ?? 0;
    if (byKey === 0 && byCustomer === 0) return undefined;
    this.#refusing = Math.max(this.#refusing, now + Math.max(byKey, byCustomer));
    return byKey >= byCustomer ? exceeded("key", byKey) : exceeded("customer", byCustomer);
  }

  /** A request of somebody who has shown a token. */
  admit(payer: Payer, now: number): Exceeded | undefined {
    const refused = this.look(payer, now);
    if (refused === undefined) this.#count(payer, 1, now);
    return refused;
  }

  /** The request was a batch: its further entries count as requests that are admitted, and put off what comes next. */
  further(payer: Payer, client: string, requests: number, now: number): void {
    this.#count(payer, requests, now);
    if (!isThisMachine(client)) this.#byAddress?.count(networkOf(client), requests, now);
  }

  #count(payer: Payer, requests: number, now: number): void {
    const [key, customer] = namesOf(payer);
    this.#byKey?.count(key, requests, now);
    this.#byCustomer?.count(customer, requests, now);
  }
}

function isThisMachine(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function namesOf({ keyId, customer, signed }: Payer): readonly [string, string] {
  return signed ? [keyId, customer] : [ANYBODY, ANYBODY];
}

function exceeded(by: Exceeded["by"], wait: number): Exceeded {
  return { by, retryAfter: Math.max(1, Math.ceil(wait / 1000)) };
}
