import { InvalidArgumentError } from "commander";

const UNITS = { d: 86400, h: 3600, m: 60, s: 1 } as const;

/**
 * Seconds of a span as people write it: `90s`, `10m`, `1h30m`, or a number of seconds.
 *
 * @throws {InvalidArgumentError} where it is none
 */
export function parseSpan(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+[dhms])+$/.test(text)) throw new InvalidArgumentError("expected a time like 90s, 10m or 1h30m.");
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([dhms])/g)) {
    seconds += Number(count) * UNITS[unit as keyof typeof UNITS];
  }
  return seconds;
}

/** A span as people read it, in its two largest units. */
export function showSpan(seconds: number): string {
  let left = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0 || parts.length > 0) parts.push(`${count}${unit}`);
    if (parts.length === 2) break;
  }
  return parts.filter((part) => !part.startsWith("0")).join("") || "0s";
}

/** How long ago a point in time was. */
export function ago(iso: string, now: number): string {
  return `${showSpan((now - Date.parse(iso)) / 1000)} ago`;
}

/** How long it is to a point in time. */
export function until(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  return seconds <= 0 ? "over" : `in ${showSpan(seconds)}`;
}
