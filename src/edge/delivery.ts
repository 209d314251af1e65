/**
 * How long the last byte of an answer is held back. Within it a peer that has gone shows: its kernel resets the
 * connection, or has closed it.
 */
const HOLD_BACK_MS = 100;

/**
 * A body that tells whether it was fully sent. `ServeHandlerInfo.completed` cannot: for HTTP/1.1 it resolves when
 * the runtime has taken the body over, and resolves even if the peer is gone (Deno 2.9.6). So the last byte is
 * sent a little later than the rest: without it the JSON is not complete, and when it goes out the connection
 * still stood. The stream is cancelled where it did not.
 *
 * @param sent called once, with whether everything went out
 */
export function deliveredBody(text: string, sent: (complete: boolean) => void): ReadableStream {
  const bytes = new TextEncoder().encode(text);
  let step = 0;
  return new ReadableStream({
    async pull(controller) {
      step++;
      if (step === 1) {
        controller.enqueue(bytes.subarray(0, -1));
      } else if (step === 2) {
        await new Promise((resolve) => setTimeout(resolve, HOLD_BACK_MS));
        if (step === 2) controller.enqueue(bytes.subarray(-1));
      } else {
        controller.close();
        sent(true);
      }
    },
    cancel() {
      step = Infinity;
      sent(false);
    },
  }, { highWaterMark: 0 });
}
