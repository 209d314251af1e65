import type { Milliseconds } from "./time.ts";

/**
 * Takes back what a call did that could not be made durable, but not what reports have shown since. The calls of a batch
 * that failed are taken back from the newest to the oldest.
 */
export type Undo = (now: Milliseconds) => void;
