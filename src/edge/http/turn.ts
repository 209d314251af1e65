import { setImmediate } from "node:timers";

let turn: Promise<void> | undefined;

/**
 * The end of this turn of the event loop. Answers that wait for it go out together, so that under load one wake-up
 * of the peer, or of the proxy before us, serves several of them; a lone answer loses nothing worth measuring.
 */
export function endOfTurn(): Promise<void> {
  return turn ??= new Promise((resolve) =>
    setImmediate(() => {
      turn = undefined;
      resolve();
    })
  );
}
