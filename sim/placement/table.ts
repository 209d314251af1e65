import type { Estimate } from "./statistics.ts";
import type { Result } from "./study.ts";

/** The results as a table for a terminal, one row a contender. */
export function table(result: Result): string {
  const { loads } = result;
  const header = [
    "strategy",
    ...loads.map((load) => `overloaded at ${percent(load, 0)}`),
    ...loads.map((load) => `peak ÷ mean at ${percent(load, 0)}`),
    ...(result.capacity ? ["fullest"] : []),
    "rooms moved",
    "refused",
  ];
  const rows = result.contenders.map(({ name, at, fullest }) => [
    name,
    ...at.map(({ overloaded }) => withMargin(overloaded, (value) => percent(value, 2))),
    ...at.map(({ peakToMean }) => withMargin(peakToMean, (value) => value.toFixed(3))),
    ...(fullest === undefined ? [] : [withMargin(fullest, (value) => percent(value, 0))]),
    at.at(-1)!.roomsMoved.mean.toFixed(0),
    at.at(-1)!.refused.mean.toFixed(0),
  ]);
  return align([header, ...rows]);
}

export function percent(share: number, digits: number): string {
  return `${(share * 100).toFixed(digits)} %`;
}

export function withMargin({ mean, margin }: Estimate, show: (value: number) => string): string {
  return Number.isNaN(margin) ? show(mean) : `${show(mean).replace(" %", "")} ± ${show(margin)}`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ")
  ).join("\n");
}
