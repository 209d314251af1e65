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
/** to leave at most this share of the error that 1 leaves, */
const BETTER = 0.8;
/** and at most this share of how much loads differ. */
const TELLING = 0.5;

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
  get spread(): number {
    return Math.max(0, this.#yy - this.#y ** 2 / this.#reports);
  }

  /** Squares that an exponent leaves unexplained, added up. */
  error(exponent: number): number {
    const x = this.#x[exponent]!;
    const covariance = this.#xy[exponent]! - x * this.#y / this.#reports;
    const variance = this.#xx[exponent]! - x ** 2 / this.#reports;
    return variance > 0 ? Math.max(0, this.spread - covariance ** 2 / variance) : this.spread;
  }
}

/** The place in {@link EXPONENTS} of the one that explains all servers best; 0, each client costs the same, where they do not tell. */
export function bestExponent(fits: readonly WorkFit[]): number {
  const known = fits.filter(({ reports }) => reports > 0);
  const sum = (of: (fit: WorkFit) => number) => known.reduce((total, fit) => total + of(fit), 0);
  if (sum(({ reports }) => reports) < ENOUGH) return 0;
  const errors = EXPONENTS.map((_, i) => sum((fit) => fit.error(i)));
  const best = errors.indexOf(Math.min(...errors));
  const tells = errors[best]! < BETTER * errors[0]! && errors[best]! < TELLING * sum(({ spread }) => spread);
  return tells ? best : 0;
}
