/** Connections that have not been answered yet. */
const unanswered = new Set<Alerts>();

/**
 * Alerts of TLS that reach none of the client's listeners. Redis says only after the handshake that it does not take the gateway's
 * certificate, or lacks one; where both come in one piece the client does not listen yet, and the runtime reports the alert as
 * an error that nobody waits for. Each connection that has not been answered hears it, whichever it is about: all of them go to
 * one Redis by the same settings.
 */
export class Alerts implements Disposable {
  /** The last that came. */
  last: Error | undefined;

  constructor() {
    unanswered.add(this);
  }

  [Symbol.dispose](): void {
    unanswered.delete(this);
  }
}

// As soon as this is loaded, so before the program listens for what nobody waits for: listeners are called in their order.
globalThis.addEventListener("error", (event) => {
  if (unanswered.size === 0 || !isAlert(event.error)) return;
  event.preventDefault();
  for (const each of unanswered) each.last = event.error;
});

function isAlert(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^ERR_SSL_.*ALERT/.test(String(error.code));
}
