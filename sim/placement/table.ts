import type { Estimate } from "./statistics.ts";
import type { Result, Standing } from "./study.ts";

/** The results as a table for a terminal, one row a contender. */
export function table(result: Result): string {
  const { loads } = result;
  const header = [
    "strategy",
    ...loads.map((load) => `overloaded at ${percent(load, 0)}`),
    ...loads.map((load) => `excess at ${percent(load, 0)}`),
    ...loads.map((load) => `peak ÷ mean at ${percent(load, 0)}`),
    ...lastHeads(result),
  ];
  const rows = result.contenders.map((standing) => {
    const { overloaded, excess, peakToMean, last } = cells(standing);
    return [standing.name, ...overloaded, ...excess, ...peakToMean, ...last];
  });
  return align([header, ...rows]);
}

/** A contender's figures as text: some for each load, and those below {@link lastHeads}. */
export function cells(
  { at, fullest }: Standing,
): Record<"overloaded" | "excess" | "peakToMean" | "last", string[]> {
  const { roomsMoved, refused } = at.at(-1)!;
  return {
    overloaded: at.map(({ overloaded }) => withMargin(overloaded, (value) => percent(value, 2))),
    excess: at.map(({ excess }) => withMargin(excess, (value) => percent(value, 2))),
    peakToMean: at.map(({ peakToMean }) => withMargin(peakToMean, (value) => value.toFixed(3))),
    last: [
      ...(fullest === undefined ? [] : [withMargin(fullest, (value) => percent(value, 0))]),
      roomsMoved.mean.toFixed(0),
      refused.mean.toFixed(0),
    ],
  };
}

/** What stands above the last of {@link cells}. */
export function lastHeads({ capacity }: Result): string[] {
  return [...(capacity ? ["fullest"] : []), "rooms moved", "refused"];
}

export function percent(share: number, digits: number): string {
  return `${(share * 100).toFixed(digits)} %`;
}

function withMargin({ mean, margin }: Estimate, show: (value: number) => string): string {
  return Number.isNaN(margin) ? show(mean) : `${show(mean).replace(" %", "")} ± ${show(margin)}`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ")
  ).join("\n");
}
