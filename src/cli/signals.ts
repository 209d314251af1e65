import { log } from "../ops/log.ts";

/** These end the gateway, after the requests under way. */
const STOP = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

const NO_MEANING = "it means nothing to the gateway";

/**
 * These would end the process without a word, and do not. SIGPIPE comes from a reader that is gone, the others by mistake.
 * Those that tell of a fault of the process itself (SIGSEGV, SIGABRT and the like) end it.
 */
const GO_ON = {
  SIGPIPE: "a reader is gone",
  SIGUSR1: NO_MEANING,
  SIGUSR2: NO_MEANING,
  SIGALRM: NO_MEANING,
  SIGVTALRM: NO_MEANING,
  SIGPROF: NO_MEANING,
  SIGIO: NO_MEANING,
  SIGPWR: NO_MEANING,
  SIGSTKFLT: NO_MEANING,
  SIGXCPU: "the limit of processor time is left to those who set it to enforce (SIGKILL)",
  SIGXFSZ: "a file has reached the limit of its size: what cannot be written is refused",
} as const;

/** What signals ask for. */
export interface Signals {
  /** The signal that asks the gateway to stop. */
  readonly stop: Promise<Deno.Signal>;
  /** The same, once it has come. */
  stopping: Deno.Signal | undefined;
  /** What SIGHUP does; until it is set, nothing. It comes too when a terminal is closed, which harms nobody. */
  reload: (() => void) | undefined;
}

/** From now on no signal ends the process, but for those that nobody can catch or that tell of a fault. */
export function catchSignals(): Signals {
  for (const [signal, why] of Object.entries(GO_ON)) {
    Deno.addSignalListener(signal as keyof typeof GO_ON, () => {
      log.info("{signal} is ignored: {why}", { signal, why });
    });
  }
  const stop = Promise.withResolvers<Deno.Signal>();
  const signals: Signals = { stop: stop.promise, stopping: undefined, reload: undefined };
  Deno.addSignalListener("SIGHUP", () => {
    const { reload } = signals;
    log.info(reload === undefined ? "SIGHUP: not yet started" : "SIGHUP: reading the configuration again");
    reload?.();
  });
  for (const signal of STOP) {
    Deno.addSignalListener(signal, () => {
      if (signals.stopping !== undefined) {
        log.info("{signal}: stopping already, within a few seconds", { signal });
      }
      signals.stopping ??= signal;
      stop.resolve(signal);
    });
  }
  return signals;
}
