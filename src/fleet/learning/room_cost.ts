import { SATURATED } from "./client_cost.ts";

/**
 * How the load of a room may grow with its clients: with 1 each client costs the same, with 2 each is sent what every other
 * says. A server that forwards some speakers to all lies between.
 */
export const EXPONENTS = [1, 1.25, 1.5, 1.75, 2] as const;

/** Each report makes what was known worth so much less: half after 720 reports, an hour. */
const KEEP = 0.5 ** (1 / 720);

/** An exponent other than 1 has to be known from so many reports, */
const ENOUGH = 240;
/** to leave at most this share of the error that the one before leaves, */
const BETTER = 0.8;
/** and at most this share of how much loads differ; */
const TELLING = 0.5;
/** once it is taken it stays while it leaves at most this much, and less than 1 does. */
const STILL_TELLING = 0.7;

/** A server counts in full from so many reports on. */
const KNOWN = 60;

/** Sizes whose work is looked up; others are computed. */
const LOOKED_UP = 1024;
const TABLES = EXPONENTS.map((exponent) =>
  Float64Array.from({ length: LOOKED_UP }, (_, clients) => clients ** exponent)
);

/** What all rooms of a server come to, by {@link EXPONENTS}. */
export type Works = Float64Array;

export function noWorks(): Works {
  return new Float64Array(EXPONENTS.length);
}

/** Adds a room of so many clients. */
export function addRoom(works: Works, clients: number): void {
  for (let i = 0; i < EXPONENTS.length; i++) {
    works[i]! += clients < LOOKED_UP ? TABLES[i]![clients]! : clients ** EXPONENTS[i]!;
  }
}

/** How well each exponent explains the loads that a server reports: a regression for each, older reports worth less. */
export class WorkFit {
  #reports = 0;
  #y = 0;
  #yy = 0;
  readonly #x = noWorks();
  readonly #xx = noWorks();
  readonly #xy = noWorks();

  /** @param load of a report; a saturated server says "at least", and is left out */
  learn(works: Works, load: number): void {
    if (load >= SATURATED || works[0] === 0) return;
    this.#reports = this.#reports * KEEP + 1;
    this.#y = this.#y * KEEP + load;
    this.#yy = this.#yy * KEEP + load * load;
    for (const [i, work] of works.entries()) {
      this.#x[i] = this.#x[i]! * KEEP + work;
      this.#xx[i] = this.#xx[i]! * KEEP + work * work;
      this.#xy[i] = this.#xy[i]! * KEEP + work * load;
    }
  }

  get reports(): number {
    return this.#reports;
  }

  /** How much loads differ: squares, added up. */
  get #spread(): number {
    return Math.max(0, this.#yy - this.#y ** 2 / this.#reports);
  }

  /** What an exponent leaves unexplained of how much loads differ, as a fraction in [0, 1]. */
  unexplained(exponent: number): number {
    const x = this.#x[exponent]!;
    const covariance = this.#xy[exponent]! - x * this.#y / this.#reports;
    const variance = this.#xx[exponent]! - x ** 2 / this.#reports;
    const spread = this.#spread;
    return variance > 0 && spread > 0 ? Math.max(0, 1 - covariance ** 2 / variance / spread) : 1;
  }
}

/** Whether these are enough reports to tell an exponent by. */
export function isEnough(fits: readonly WorkFit[]): boolean {
  return fits.reduce((total, { reports }) => total + reports, 0) >= ENOUGH;
}

/**
 * The place in {@link EXPONENTS} of the one that explains the loads best, each server counting alike; 0, each client costs the
 * same, where they do not tell.
 *
 * @param current the one that holds, which another one has to be clearly better than, and which stays where there are few reports
 */
export function bestExponent(fits: readonly WorkFit[], current = 0): number {
  if (!isEnough(fits)) return current;
  const known = fits.filter(({ reports }) => reports > 0);
  const sum = (of: (fit: WorkFit) => number) => known.reduce((total, fit) => total + of(fit), 0);
  const weight = ({ reports }: WorkFit) => Math.min(1, reports / KNOWN);
  const servers = sum(weight);
  const left = EXPONENTS.map((_, i) => sum((fit) => weight(fit) * fit.unexplained(i)) / servers);
  const best = left.indexOf(Math.min(...left));
  const tells = left[best]! < TELLING && left[best]! < BETTER * left[0]!;
  if (tells && left[best]! < BETTER * left[current]!) return best;
  return left[current]! < STILL_TELLING && left[current]! < left[0]! ? current : 0;
}
