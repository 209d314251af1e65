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
 */
export class Moving {
  /** Resolves when it is known who answers; while nobody hands over there is nothing to wait for. */
  #decided: Promise<void> | undefined;
  #decide: (() => void) | undefined;
  #moved = false;

  constructor(readonly gate: Gate, readonly answer: Handler, readonly pass: Pass) {}

  readonly handler: Handler = async (request) => {
    if (!this.gate.isOpen) return await this.#later(request, undefined);
    try {
      return await this.answer(request);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      return await this.#later(request, error.body);
    }
  };

  /** Whether requests are passed on. */
  get hasMoved(): boolean {
    return this.#moved;
  }

  /**
   * From now on requests wait. Resolves when none is with the gateway any more.
   *
   * @returns false where some were still there after so many milliseconds: then all goes on as before
   */
  async hold(within: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#decided = promise;
    this.#decide = resolve;
    const empty = await this.gate.close(within);
    if (!empty) this.goOn();
    return empty;
  }

  /** This process answers, as before. */
  goOn(): void {
    this.gate.open();
    this.#decide?.();
    this.#decided = undefined;
  }

  /** The other process answers. */
  move(): void {
    this.#moved = true;
    this.#decide?.();
  }

  async #later(request: HttpRequest, body: Uint8Array | undefined): Promise<HttpAnswer> {
    await this.#decided;
    if (!this.#moved) return await this.handler(body === undefined ? request : withBody(request, body));
    const answer = await this.pass(request, body);
    return { ...answer, headers: { ...answer.headers, ...CLOSE } };
  }
}

/** The request, with a body that was read from it already. */
function withBody(request: HttpRequest, body: Uint8Array): HttpRequest {
  const again: HttpRequest = Object.create(request);
  const pieces = async function* () {
    yield body;
  };
  return Object.defineProperty(again, "body", { get: pieces });
}
