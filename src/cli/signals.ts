import { log } from "../ops/log.ts";

/** These end the gateway, after the requests under way. */
const STOP = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/**
 * These would end the process without a word, and do not. SIGHUP comes when a terminal is closed, or from whoever wants
 * the configuration to be read again; SIGPIPE from a reader that is gone; the others by mistake.
 */
const GO_ON = {
  SIGHUP: "the configuration is read at the start only; restart the gateway to change it",
  SIGUSR1: "it means nothing to the gateway",
  SIGUSR2: "it means nothing to the gateway",
  SIGPIPE: "a reader is gone",
} as const;

/** From now on no signal ends the process, but for those that nobody can catch. @returns the one that asks it to stop */
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
