import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Observer } from "../../gateway/observers.ts";
import type { OpenStore, Store, StoreOptions } from "../../store/port.ts";
import { PREFIX } from "./prefix.ts";

/** Seconds of a commit: some microseconds in memory, an fsync takes milliseconds, a dying disk seconds. */
const DURATIONS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What is measured of the store. */
export interface StoreMetrics {
  /** Opens a store and measures it. */
  measured(open: OpenStore): OpenStore;
  readonly observer: Observer;
}

/** Measures the store, whichever it is, at its port. */
export function storeMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  const durations = new Histogram({
    name: `${PREFIX}store_commit_duration_seconds`,
    help: "Time until changes are durable, by what they are to survive.",
    labelNames: ["safety"],
    buckets: DURATIONS,
    registers,
  });
  const waiting = new Gauge({
    name: `${PREFIX}store_commits_waiting`,
    help: "Commits under way.",
    registers,
  });
  const changes = new Counter({
    name: `${PREFIX}store_changes_total`,
    help: "Changes given to the store.",
    registers,
  });
  const unknown = new Counter({
    name: `${PREFIX}store_changes_unknown_total`,
    help: "Changes by gateways of a later version that this one passed over.",
    registers,
  });
  const errors = new Counter({
    name: `${PREFIX}store_errors_total`,
    help: "Failures of the store, and of attempts to write all anew.",
    registers,
  });
  const unsafe = new Counter({
    name: `${PREFIX}store_unsafe_total`,
    help: "Calls that were answered with 503 although they hold: no replica of Redis had them in time.",
    registers,
  });
  const writable = new Gauge({
    name: `${PREFIX}store_writable`,
    help: "1 while the store can be written, else 0: known rooms are served, all else is refused.",
    registers,
  });
  writable.set(1);
  let open: Store | undefined;
  const shared = (name: string, help: string, milliseconds: "silence" | "clockDifference") =>
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers,
      collect() {
        this.set((open?.shared?.[milliseconds] ?? 0) / 1000);
      },
    });
  shared(
    "store_silence_seconds",
    "Time since the store last told what other gateways do, or that they do nothing; 0 where there are none.",
    "silence",
  );
  shared(
    "store_clock_difference_seconds",
    "How far this machine's clock is ahead of the store's, below 0 behind; 0 where it has none of its own.",
    "clockDifference",
  );

  function measure(store: Store): Store {
    return {
      load: () => store.load(),
      async commit(given, safety) {
        const start = performance.now();
        changes.inc(given.length);
        waiting.inc();
        try {
          const committed = await store.commit(given, safety);
          const observe = () => durations.observe({ safety }, (performance.now() - start) / 1000);
          if (committed.unsafe === undefined) observe();
          else void committed.unsafe.then(observe);
          return committed;
        } finally {
          waiting.dec();
        }
      },
      replace: (snapshot) =>
        store.replace(snapshot).catch((error) => {
          errors.inc();
          throw error;
        }),
      value: (name) => store.value(name),
      setValue: (name, value) => store.setValue(name, value),
      get shared() {
        return store.shared;
      },
      close: () => store.close(),
    };
  }

  return {
    measured: (openStore) => async (options) => {
      const failed: StoreOptions["failed"] = (error) => {
        errors.inc();
        options.failed(error);
      };
      const passedOver = (change: string) => {
        unknown.inc();
        options.unknown?.(change);
      };
      open = await openStore({ ...options, failed, unknown: passedOver });
      return measure(open);
    },
    observer: {
      heldUnsafe: () => unsafe.inc(),
      storeFailed: () => writable.set(0),
      storeRecovered: () => writable.set(1),
    },
  };
}
