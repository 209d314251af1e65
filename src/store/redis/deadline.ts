/** A timer that is late by this much says that the process stood still, in milliseconds; what has arrived is looked at first. */
const STOOD_STILL = 50;

/**
 * Acts after so many milliseconds. Where this process itself has stood still meanwhile, what has arrived by then gets the same
 * short time again: it is not the other side that was late.
 *
 * @returns calls it off
 */
export function afterAll(wait: number, act: () => void): () => void {
  let due = performance.now() + wait;
  let timer = setTimeout(check, wait);
  function check() {
    if (performance.now() - due < STOOD_STILL) return act();
    due = performance.now() + STOOD_STILL;
    timer = setTimeout(check, STOOD_STILL);
  }
  return () => clearTimeout(timer);
}
