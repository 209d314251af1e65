import { sleep } from "./sleep.ts";

/**
 * What a relay does with the bytes that come: it passes them on, keeps them until it passes again, or loses them. One that
 * refuses takes no new connections.
 */
export type Passing = "passes" | "holds" | "loses" | "refuses";

/** Milliseconds between looks whether what is held may go on. */
const HELD = 20;

/**
 * Listens on a free port of this machine, and passes connections on to the ports that it is given: the first that accepts
 * one gets it. A balancer where the order changes; where there is one port only, a line that can be disturbed.
 */
export class Relay implements Disposable {
  passing: Passing = "passes";
  /** Milliseconds by which everything comes later. */
  delay = 0;
  /** The connection, the first being 1, on which what comes back is kept, whatever becomes of the others. */
  held: number | undefined;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  #accepted = 0;
  #closed = false;

  /** @param targets the ports to try for a new connection, in this order */
  constructor(readonly targets: () => Iterable<number>) {
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Where it listens. */
  get at(): { readonly hostname: string; readonly port: number } {
    return { hostname: "127.0.0.1", port: this.port };
  }

  /** Breaks all connections. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  /** Breaks all connections, and takes no new ones until it passes again. */
  refuse(): void {
    this.passing = "refuses";
    this.cut();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) void this.#connect(client);
  }

  async #connect(client: Deno.Conn): Promise<void> {
    const server = await this.#reach();
    if (server === undefined || this.#closed) {
      close(client);
      if (server !== undefined) close(server);
      return;
    }
    const connection = ++this.#accepted;
    await Promise.all([this.#pass(client, server), this.#pass(server, client, connection)]);
  }

  async #reach(): Promise<Deno.Conn | undefined> {
    for (const port of this.passing === "refuses" ? [] : this.targets()) {
      try {
        return await Deno.connect({ hostname: "127.0.0.1", port });
      } catch {
        // the next one may be there
      }
    }
    return undefined;
  }

  /** @param back the connection, where it is what comes back */
  async #pass(from: Deno.Conn, to: Deno.Conn, back?: number): Promise<void> {
    this.#connections.add(from);
    const buffer = new Uint8Array(65_536);
    let sent = Promise.resolve(true);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const due = performance.now() + this.delay;
        const bytes = buffer.slice(0, read);
        sent = sent.then((on) => on && this.#send(bytes, due, from, to, back));
        if (this.delay === 0 && !await sent) break;
      }
      await sent;
    } catch {
      // one of the two has ended
    }
    this.#connections.delete(from);
    close(from);
    close(to);
  }

  /** @returns whether it is sent, or lost; else one of the two has ended */
  async #send(
    bytes: Uint8Array,
    due: number,
    from: Deno.Conn,
    to: Deno.Conn,
    back: number | undefined,
  ): Promise<boolean> {
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    while (this.#holds(back) && this.#connections.has(from)) await sleep(HELD);
    if (this.passing === "loses") return true;
    try {
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      return true;
    } catch {
      return false;
    }
  }

  #holds(back: number | undefined): boolean {
    return this.passing === "holds" || (back !== undefined && back === this.held);
  }
}

/** The ports in turn, each connection beginning with another one. */
export function* inTurn(ports: readonly number[], turn: number): Generator<number> {
  for (let i = 0; i < ports.length; i++) yield ports[(turn + i) % ports.length]!;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // it was closed already
  }
}
