/** How a call ended: well, badly by the caller's fault (`rejected`), or badly by ours (`failure`). */
export type CallOutcome = "success" | "failure" | "rejected";

/** Calls of one method since the start. */
export interface ApiCalls {
  readonly name: string;
  success: number;
  failure: number;
  rejected: number;
}

/** Counts calls by method. Only names of methods that exist are counted, so it cannot grow. */
export class Stats {
  readonly #calls = new Map<string, ApiCalls>();

  count(name: string, outcome: CallOutcome): void {
    let calls = this.#calls.get(name);
    if (calls === undefined) this.#calls.set(name, calls = { name, success: 0, failure: 0, rejected: 0 });
    calls[outcome]++;
  }

  get apiCalls(): readonly ApiCalls[] {
    return [...this.#calls.values()];
  }
}
