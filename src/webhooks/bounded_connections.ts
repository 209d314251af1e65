import { Agent, type IncomingMessage, request as send, type RequestOptions } from "node:http";
import type { Duplex } from "node:stream";
import { urlToHttpOptions } from "node:url";
import { TlsAgent } from "./tls_stream.ts";

/** Longest answer with all that comes before and after it (interim answers, headers, body, trailers), in bytes. */
const LONGEST_ANSWER = 65_536;

/** Connections that are kept for the next message. */
const KEPT = 4;

/** What a connection may still bring, in bytes, and what to do about more. */
interface Heard {
  left: number;
  readonly tooMuch: () => void;
}

/** What came back of a message. */
export interface Answer {
  readonly status: number;
  /** `Retry-After`, as it came. */
  readonly retryAfter: string | undefined;
}

/**
 * Connections to one receiver, which hear no more than a bounded answer to each message: past it, or when something comes
 * unasked, a connection is closed. The runtime's own `fetch` reads interim answers (RFC 9110 §15.2) for as long as they
 * come, on the thread that serves calls; its time-out does not get a turn meanwhile.
 */
export class BoundedConnections implements Disposable {
  readonly #target: RequestOptions;
  readonly #agent: Agent;
  readonly #heard = new WeakMap<Duplex, Heard>();

  constructor(url: string) {
    const { port, protocol, ...target } = urlToHttpOptions(new URL(url));
    this.#target = { ...target, port: port ?? (protocol === "https:" ? 443 : 80) };
    const options = { keepAlive: true, maxFreeSockets: KEPT };
    this.#agent = protocol === "https:" ? new TlsAgent(options) : new Agent(options);
  }

  /**
   * Sends a message. Redirects are not followed; a kept connection that turns out to be closed is replaced by the runtime.
   *
   * @throws {Error} where there is no answer
   */
  post(headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const bytes = Buffer.from(body);
    const request = send({
      ...this.#target,
      ...{ method: "POST", agent: this.#agent, signal },
      headers: { ...headers, "Content-Length": bytes.length },
    });
    let answer: Answer | undefined;
    let failure = new Error("it closes the connection without an answer");
    let socket: Duplex | undefined;
    request.on("socket", (its: Duplex) => {
      socket = its;
      this.#listen(its, () => {
        failure = new Error(`its answer is longer than ${LONGEST_ANSWER} bytes`);
        request.destroy(failure);
      });
    });
    request.on("response", (response: IncomingMessage) => {
      answer = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
      response.on("error", () => {}); // whatever becomes of the body, the status stands
      response.on("end", () => this.#expectNothing(socket));
      response.resume();
    });
    request.on("error", (error: Error) => failure = error);
    request.on("close", () => answer === undefined ? reject(failure) : resolve(answer));
    request.end(bytes);
    return promise;
  }

  /** Lets a connection bring one answer. */
  #listen(socket: Duplex, tooMuch: () => void): void {
    const known = this.#heard.has(socket);
    this.#heard.set(socket, { left: LONGEST_ANSWER, tooMuch });
    if (known) return;
    socket.on("data", (chunk: Uint8Array) => {
      const heard = this.#heard.get(socket)!;
      heard.left -= chunk.length;
      if (heard.left < 0) heard.tooMuch();
    });
  }

  /** Closes a connection that brings something while no message is on its way. */
  #expectNothing(socket: Duplex | undefined): void {
    if (socket !== undefined) this.#heard.set(socket, { left: 0, tooMuch: () => socket.destroy() });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
