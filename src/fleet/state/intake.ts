import type { Draining, Plan } from "../facts.ts";
import type { Milliseconds } from "../time.ts";

/** How a server is being emptied: past its deadline what is left on it is closed. */
interface Emptying {
  readonly draining: Draining;
  readonly evicting: boolean;
  /** How often in a row nothing was found left on it. */
  readonly foundEmpty: number;
  /** Whether nothing is left on it. */
  readonly empty: boolean;
}

/**
 * What operators want of a server: to take groups by its weight, or to be emptied; and how far that has come. Only
 * `servers/draining.ts` changes it, because what is evicted counts towards licences no more.
 */
export class Intake {
  #weight = 1;
  #emptying: Emptying | undefined;

  /** Fraction of its capacity that placement may use, 0 to 1. */
  get weight(): number {
    return this.#weight;
  }

  get draining(): Draining | undefined {
    return this.#emptying?.draining;
  }

  /** The deadline for draining has passed: it is to have no rooms any more. */
  get evicting(): boolean {
    return this.#emptying?.evicting === true;
  }

  /** It is draining, and nothing is left on it. */
  get drained(): boolean {
    return this.#emptying?.empty === true;
  }

  /** Another plan ends what had come of the draining before. */
  want({ weight, draining }: Plan): void {
    this.#weight = weight;
    if (draining === this.draining) return;
    this.#emptying = draining && { draining, evicting: false, foundEmpty: 0, empty: false };
  }

  /** Whether its deadline has passed, and nothing has been done about it yet. */
  isOverdue(now: Milliseconds): boolean {
    const { draining, evicting } = this;
    return !evicting && draining?.deadline !== undefined && draining.deadline <= now;
  }

  evict(): void {
    if (this.#emptying !== undefined) this.#emptying = { ...this.#emptying, evicting: true };
  }

  /**
   * What is left on it is looked at.
   *
   * @param times how often in a row nothing must be left
   * @returns whether it has become empty by that
   */
  found(nothing: boolean, times = 1): boolean {
    if (this.#emptying === undefined) return false;
    const before = this.#emptying.empty;
    const foundEmpty = nothing ? this.#emptying.foundEmpty + 1 : 0;
    const empty = foundEmpty >= times;
    this.#emptying = { ...this.#emptying, foundEmpty, empty };
    return empty && !before;
  }
}
