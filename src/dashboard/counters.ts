import type { CallObserver } from "../edge/call_observer.ts";
import type { RefusalObserver } from "../edge/refusal_observer.ts";
import { Latency } from "./history/latency.ts";
import type { Counted } from "./history/history.ts";

/** Counts Connects as they end, granted or refused by cause, and how long they took; and requests that never became calls. */
export class Counters {
  readonly #latency = new Latency();
  #granted = 0;
  #refused = new Map<string, number>();

  readonly observer: CallObserver = ({ method, outcome, duration }) => {
    if (method !== "Connect") return;
    this.#latency.add(duration);
    if (outcome === "success") this.#granted++;
  };

  /** What is refused before it is known what it calls, a token that cannot be verified say, would have been a Connect. */
  readonly refused: RefusalObserver = ({ method, kind, internal }) => {
    if (internal || (method !== undefined && method !== "Connect")) return;
    this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1); // kinds of errors are few
  };

  /** What was counted since the last time. @param seconds since then */
  take(seconds: number): Counted {
    const counted = {
      grants: this.#granted / seconds,
      p50: this.#latency.percentile(0.5),
      p99: this.#latency.percentile(0.99),
      refusals: new Map(Array.from(this.#refused, ([cause, count]) => [cause, count / seconds])),
    };
    this.#latency.clear();
    this.#granted = 0;
    this.#refused = new Map();
    return counted;
  }
}
