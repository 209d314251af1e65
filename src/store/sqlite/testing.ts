import type { StoreOptions } from "../port.ts";

/** A caller that wants to know nothing, on a monotonic clock that stands still. */
export const OPTIONS: StoreOptions = {
  now: () => 0,
  unixTime: Date.now,
  others: () => {},
  failed: () => {},
};

/** Holds every fsync of the log until the test lets it end. */
export class HeldSyncs implements Disposable {
  readonly #original = Deno.FsFile.prototype.syncData;
  readonly running: PromiseWithResolvers<void>[] = [];

  constructor() {
    const { running } = this;
    Deno.FsFile.prototype.syncData = () => {
      const sync = Promise.withResolvers<void>();
      running.push(sync);
      return sync.promise;
    };
  }

  [Symbol.dispose](): void {
    Deno.FsFile.prototype.syncData = this.#original;
  }
}

/** What has become of a call so far. */
export function followed(call: Promise<unknown>): { readonly outcome: "waits" | "answered" | "refused" } {
  const fate: { outcome: "waits" | "answered" | "refused" } = { outcome: "waits" };
  call.then(() => fate.outcome = "answered", () => fate.outcome = "refused");
  return fate;
}

/** Long enough for whatever needs no fsync and no timer. */
export const someTurns = () => new Promise((resolve) => setTimeout(resolve, 30));
