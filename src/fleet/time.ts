/**
 * A point in time, or a span of it, in milliseconds. Points are on a monotonic clock whose zero means nothing:
 * they are compared and subtracted, never shown.
 */
export type Milliseconds = number;

/** A point in time by the wall clock, in milliseconds since 1970: what is stored, and shown. The wall clock may be set. */
export type UnixTime = number & { readonly __brand: "UnixTime" };

/** A time that the wall clock has told. */
export function unixTime(milliseconds: number): UnixTime {
  return milliseconds as UnixTime;
}
