/** What may be excused because of a fault, besides that calls are not answered. */
export type Excuse = "exceeds by a part" | "comes again";

/** Which gateways have trouble, and what that may lead to, so that nothing is held against them meanwhile. */
export class Trouble {
  /** Until when each gateway may be unable to answer. */
  readonly #failing: number[];
  readonly #excused = new Map<string, number>();

  constructor(readonly gateways: number, readonly now: () => number) {
    this.#failing = Array.from({ length: gateways }, () => 0);
  }

  /** @param gateways their numbers */
  begin(gateways: readonly number[], ...excuses: readonly Excuse[]): void {
    this.#set(gateways, excuses, Infinity);
  }

  /** @param heals milliseconds after which everything has to be as if nothing had happened */
  end(gateways: readonly number[], heals: number, ...excuses: readonly Excuse[]): void {
    this.#set(gateways, excuses, this.now() + heals);
  }

  isFailing(gateway: number): boolean {
    return this.#failing[gateway]! > this.now();
  }

  /** Whether this may happen by the answer of any gateway. */
  excuses(excuse: Excuse): boolean {
    const now = this.now();
    return this.#failing.some((_, gateway) => (this.#excused.get(`${gateway} ${excuse}`) ?? 0) > now);
  }

  #set(gateways: readonly number[], excuses: readonly Excuse[], until: number): void {
    for (const gateway of gateways) {
      this.#failing[gateway] = until;
      for (const excuse of excuses) this.#excused.set(`${gateway} ${excuse}`, until);
    }
  }
}
