/**
 * A point in time, or a span of it, in milliseconds. Points are on a monotonic clock whose zero means nothing:
 * they are compared and subtracted, never shown.
 */
export type Milliseconds = number;
