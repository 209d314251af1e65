/** The last values of one figure, at a fixed step; a ring whose memory is that of its length from the start. */
export class Series {
  readonly #values: Float32Array;
  #next = 0;

  /** @param length values that are kept, at most */
  constructor(length: number) {
    this.#values = new Float32Array(length).fill(NaN);
  }

  /** @param value what the figure was in the step that ends now; `NaN` where it is not known */
  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
  }

  /** The newest values, the oldest of them first; `null` where there is none. */
  last(count = this.#values.length): (number | null)[] {
    const { length } = this.#values;
    const wanted = Math.min(count, length);
    return Array.from({ length: wanted }, (_, i) => {
      const value = this.#values[(this.#next + length - wanted + i) % length]!;
      return Number.isNaN(value) ? null : rounded(value);
    });
  }
}

/** Four digits are more than any chart shows, and make answers short. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
