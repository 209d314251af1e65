import type { CallObserver } from "../edge/call_observer.ts";
import { RpcError } from "../edge/errors.ts";
import { Latency } from "./history/latency.ts";
import type { Counted } from "./history/history.ts";

/** Counts Connects as they end: granted, refused by cause, and how long they took. */
export class Counters {
  readonly #latency = new Latency();
  #granted = 0;
  #refused = new Map<string, number>();

  readonly observer: CallObserver = ({ method, outcome, error, duration }) => {
    if (method !== "Connect") return;
    this.#latency.add(duration);
    if (outcome === "success") this.#granted++;
    else {
      // Kinds of errors are few, so the map is small.
      const cause = error instanceof RpcError ? error.kind : "internal";
      this.#refused.set(cause, (this.#refused.get(cause) ?? 0) + 1);
    }
  };

  /** What was counted since the last time. @param seconds since then */
  take(seconds: number): Counted {
    const [p50, p99] = this.#latency.take(0.5, 0.99);
    const refusals = new Map(Array.from(this.#refused, ([cause, count]) => [cause, count / seconds]));
    const counted = { grants: this.#granted / seconds, p50: p50!, p99: p99!, refusals };
    this.#granted = 0;
    this.#refused = new Map();
    return counted;
  }
}
