import type { Incoming, Outgoing } from "./exchange.ts";

/** Shorter answers are not counted, in characters: connections are limited anyhow. */
const LONG = 64 * 1024;

/** Characters of long answers that may be on their way together. */
const MOST = 64 * 1024 * 1024;

/**
 * The long answers that are on their way to peers who read slowly, or not at all: each is in memory until it is sent. Bounded:
 * where they become too long together, those that have been on their way for longest are cut off, but never the newest.
 */
export class LongAnswers {
  readonly #lengths = new Map<Outgoing, number>();
  #total = 0;

  constructor(readonly most = MOST) {}

  /** An answer of so many characters is about to be sent. */
  add(incoming: Incoming, outgoing: Outgoing, length: number): void {
    if (length < LONG) return;
    this.#lengths.set(outgoing, length);
    this.#total += length;
    const over = () => {
      incoming.socket?.off("close", over);
      this.#forget(outgoing);
    };
    for (const event of ["finish", "close"]) outgoing.once(event, over);
    incoming.socket?.once("close", over); // an answer that is cut off does not always tell
    for (const oldest of this.#lengths.keys()) {
      if (this.#total <= this.most || oldest === outgoing) return;
      this.#forget(oldest);
      oldest.destroy();
    }
  }

  #forget(outgoing: Outgoing): void {
    this.#total -= this.#lengths.get(outgoing) ?? 0; // it is told of twice
    this.#lengths.delete(outgoing);
  }
}
