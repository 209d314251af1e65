/**
 * Numbers and times as the reader's locale and zone have them.
 *
 * @module
 */
const count = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const amount = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** What stands where there is nothing to show. */
export const NOTHING = "–";

export const counted = (value: number): string => count.format(value);
export const measured = (value: number | null): string => value === null ? NOTHING : amount.format(value);
export const share = (value: number | null): string => value === null ? NOTHING : percent.format(value);

/** Milliseconds, with the unit. */
export const duration = (value: number | null): string =>
  value === null ? NOTHING : `${amount.format(value)} ms`;

/** A point in time, as the gateway tells it, in the reader's zone. */
export const moment = (iso: string): string => date.format(new Date(iso));

/** The time of day of a unix time in milliseconds. */
export const timeOfDay = (unixTime: number): string => clock.format(unixTime);

/** Seconds as people say them. */
export function span(seconds: number): string {
  const [value, unit] = seconds < 90
    ? [seconds, "second"] as const
    : seconds < 5400
    ? [seconds / 60, "minute"] as const
    : seconds < 129_600
    ? [seconds / 3600, "hour"] as const
    : [seconds / 86_400, "day"] as const;
  return new Intl.NumberFormat(undefined, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 0,
  })
    .format(value);
}

/** `peerLimit` as `peer limit`. */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
