import { type Answer, BoundedConnections } from "./bounded_connections.ts";
import { signatureHeaders } from "./signature.ts";

/** A receiver takes so long to answer, in milliseconds, or has failed. */
const TIMEOUT = 10_000;

/** Longest time that a receiver may ask us to wait, in milliseconds. */
const LONGEST_WAIT = 3_600_000;

/** What became of an attempt to deliver. */
export type Outcome =
  | { readonly kind: "delivered"; readonly status: number }
  /** The receiver wants no more (410). */
  | { readonly kind: "gone"; readonly status: number }
  | {
    readonly kind: "failed";
    readonly reason: string;
    readonly status?: number;
    /** What the receiver asks us to wait, in milliseconds. */
    readonly wait?: number;
  };

/** A message as it is sent. */
export interface Sent {
  readonly id: string;
  readonly body: string;
}

/** Sends one message; never rejects. */
export type Send = (message: Sent) => Promise<Outcome>;

/** How a receiver is reached, with connections that no other receiver shares. */
export class Delivery implements Disposable {
  readonly #connections: BoundedConnections;
  readonly #stopping = new AbortController();

  constructor(
    readonly url: string,
    readonly keys: readonly Uint8Array[],
    readonly unixTime: () => number,
    readonly timeout = TIMEOUT,
  ) {
    this.#connections = new BoundedConnections(url);
  }

  readonly send: Send = async ({ id, body }) => {
    const timestamp = Math.floor(this.unixTime() / 1000);
    const late = AbortSignal.timeout(this.timeout);
    try {
      const headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "odin-gateway",
        ...signatureHeaders({ id, timestamp, body }, this.keys),
      };
      return outcomeOf(
        await this.#connections.post(headers, body, AbortSignal.any([late, this.#stopping.signal])),
      );
    } catch (error) {
      if (late.aborted) return { kind: "failed", reason: `no answer within ${this.timeout / 1000} s` };
      return { kind: "failed", reason: error instanceof Error ? reasonOf(error) : String(error) };
    }
  };

  [Symbol.dispose](): void {
    this.#stopping.abort();
    this.#connections[Symbol.dispose]();
  }
}

function outcomeOf({ status, retryAfter }: Answer): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone", status };
  const seconds = Number(retryAfter ?? NaN);
  const wait = seconds > 0 ? { wait: Math.min(LONGEST_WAIT, seconds * 1000) } : {};
  return { kind: "failed", reason: `it answers with status ${status}`, status, ...wait };
}

/** What went wrong, without the URL, which may hold a secret. */
function reasonOf(error: Error): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message.replaceAll(/https?:\/\/\S+/g, "the URL").slice(0, 300);
}
