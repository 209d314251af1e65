import { rounded, Series } from "./series.ts";

/** How fine a history is, and how far it goes back: an hour at 5 seconds, a day at a minute. */
export const FINE = { step: 5, values: 720 };
export const COARSE = { step: 60, values: 1440 };

/** Fine values in a coarse one. */
const TOGETHER = COARSE.step / FINE.step;

/** Coarse values in an hour. */
const MINUTES = 60;

/** A figure over the last hour and the last day, as the page gets it: steps in seconds, the oldest value first. */
export interface Course {
  readonly hour: readonly (number | null)[];
  readonly day: readonly (number | null)[];
}

/** A figure over the last hour and the last day, in 9 KB. A coarse value is the mean of the fine ones. */
export class Track {
  readonly #hour = new Series(FINE.values);
  readonly #day = new Series(COARSE.values);
  #sum = 0;
  #known = 0;
  #since = 0;

  /** @param value of the 5 seconds that end now; `NaN` where it is not known */
  add(value: number): void {
    this.#hour.add(value);
    if (!Number.isNaN(value)) {
      this.#sum += value;
      this.#known++;
    }
    if (++this.#since < TOGETHER) return;
    this.#day.add(this.#known === 0 ? NaN : this.#sum / this.#known);
    this.#sum = this.#known = this.#since = 0;
  }

  course(): Course {
    return { hour: this.#hour.last(), day: this.#day.last() };
  }

  /** The last hour in minutes, for heat maps and small charts: whole ones, and the one that is under way. */
  minutes(): (number | null)[] {
    if (this.#since === 0) return this.#day.last(MINUTES);
    const underWay = this.#known === 0 ? null : rounded(this.#sum / this.#known);
    return [...this.#day.last(MINUTES - 1), underWay];
  }
}
