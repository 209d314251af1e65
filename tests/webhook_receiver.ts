import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

/** A request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly id: string;
  readonly event: {
    readonly type: string;
    readonly subject: string;
    readonly time: string;
    readonly data: Record<string, unknown>;
  };
}

const PREFIX = "io.4players.odin.gateway.";

/** Somebody who is told by webhooks: an HTTP server on this machine, which checks each signature. */
export class WebhookReceiver implements AsyncDisposable {
  readonly secret = `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
  readonly received: Received[] = [];
  /** What is answered; an answer that is not given yet keeps the sender waiting. */
  answer: (received: Received) => Response | Promise<Response> = () => new Response(null, { status: 204 });
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #watchers: (() => void)[] = [];

  /** @param tls certificate and key, as PEM, where it is reached by https */
  constructor(readonly tls?: { readonly cert: string; readonly key: string }) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
      (request) => this.#take(request),
    );
  }

  get url(): string {
    return `${
      this.tls === undefined ? "http" : "https"
    }://127.0.0.1:${this.#server.addr.port}/hook?token=hidden`;
  }

  /** Events that came, by name and subject; each as often as it came. */
  get events(): string[] {
    return this.received.map(({ event }) => `${event.type.slice(PREFIX.length)} ${event.subject}`);
  }

  /** Waits until it holds of what has come. */
  async until(holds: (receiver: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.text();
    assert.equal(request.method, "POST");
    assert.equal(request.headers.get("content-type"), "application/cloudevents+json; charset=utf-8");
    const [id, timestamp, signature] = ["id", "timestamp", "signature"].map((name) =>
      request.headers.get(`webhook-${name}`) ?? ""
    );
    const key = Buffer.from(this.secret.slice("whsec_".length), "base64");
    const right = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    assert.equal(signature, `v1,${right}`);
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60, timestamp);
    const event = JSON.parse(body);
    assert.deepEqual([event.specversion, event.id], ["1.0", id]);
    const received = { path: new URL(request.url).pathname, id: id!, event };
    this.received.push(received);
    this.#watchers.forEach((watch) => watch());
    this.#watchers = [];
    return await this.answer(received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
