import { type Gate, Moved } from "../edge/gate.ts";
import type { Handler, HttpAnswer, HttpRequest } from "../edge/http/message.ts";

/** Passes a request on to the process that has the data. */
export type Pass = (request: HttpRequest, body: Uint8Array | undefined) => Promise<HttpAnswer>;

/** What is said besides the answer on a connection that is not to be used again (RFC 9112 §9.6). */
const CLOSE = { Connection: "close" };

/**
 * Answers requests while this process may be about to hand over: once the gate is closed they wait, without a refusal, until
 * it is known who answers them. Then this process does, or passes them on, and asks their callers for a new connection,
 * which the other process gets.
 *
 * @param holds which requests wait at once, and not only when they come to the gate; if absent, all
 */
export function movable(
  gate: Gate,
  answer: Handler,
  pass: Pass,
  holds: (request: HttpRequest) => boolean = () => true,
): Handler {
  const later = async (request: HttpRequest, body: Uint8Array | undefined): Promise<HttpAnswer> => {
    await gate.decided();
    if (!gate.hasMoved) return await handler(body === undefined ? request : withBody(request, body));
    const answer = await pass(request, body);
    return { ...answer, headers: { ...answer.headers, ...CLOSE } };
  };
  const handler: Handler = async (request) => {
    if (gate.hasMoved || (!gate.isOpen && holds(request))) return await later(request, undefined);
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      return await later(request, error.body);
    }
  };
  return handler;
}

/** The request, with a body that was read from it already. */
function withBody(request: HttpRequest, body: Uint8Array): HttpRequest {
  const again: HttpRequest = Object.create(request);
  const pieces = async function* () {
    yield body;
  };
  return Object.defineProperty(again, "body", { get: pieces });
}
