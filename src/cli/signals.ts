import { log } from "../ops/log.ts";

/** These end the gateway, after the requests under way. */
const STOP = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

const NO_MEANING = "it means nothing to the gateway";

/**
 * These would end the process without a word, and do not. SIGHUP comes when a terminal is closed, or from whoever wants
 * the configuration to be read again; SIGPIPE from a reader that is gone; the others by mistake. Those that tell of a fault
 * of the process itself (SIGSEGV, SIGABRT and the like) end it.
 */
const GO_ON = {
  SIGHUP: "the configuration is read at the start only; restart the gateway to change it",
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

/** From now on no signal ends the process, but for those that nobody can catch or that tell of a fault. @returns the one that asks it to stop */
export function stopSignal(): Promise<Deno.Signal> {
  for (const [signal, why] of Object.entries(GO_ON)) {
    Deno.addSignalListener(signal as keyof typeof GO_ON, () => {
      log.info("{signal} is ignored: {why}", { signal, why });
    });
  }
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of STOP) {
      Deno.addSignalListener(signal, () => {
        if (stopping) log.info("{signal}: stopping already, within a few seconds", { signal });
        stopping = true;
        resolve(signal);
      });
    }
  });
}
