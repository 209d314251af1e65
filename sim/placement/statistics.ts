/** A mean over seeds, and half the width of its 95 % confidence interval. */
export interface Estimate {
  readonly mean: number;
  readonly margin: number;
}

/** 97.5 % quantiles of Student's t by degrees of freedom, from 1; beyond, nearly the normal distribution's. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** The mean of independent runs; with a single one the margin is not known, and NaN. */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, margin: (T[n - 2] ?? 2) * Math.sqrt(variance / n) };
}
