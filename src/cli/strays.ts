/** Messages of strays that are told, each once. */
const STRAYS = 100;

/**
 * From now on a rejection or an error that nobody waits for, in the operator's own functions or a library perhaps, is told and
 * does not end the program.
 *
 * @param report gets what it was, and what is known of it
 */
export function surviveStrays(report: (what: string, message: string) => void): void {
  const told = new Set<string>();
  const tell = (what: string, cause: unknown) => {
    const message = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
    if (told.size >= STRAYS || told.has(message)) return;
    told.add(message);
    report(what, message);
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    tell("a promise was rejected", event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    if (event.defaultPrevented) return; // somebody did wait for it
    event.preventDefault();
    tell("an error was thrown", event.error ?? event.message);
  });
}
