const INTERIM = new TextEncoder().encode("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000));

/** Somebody who answers each request with interim answers only, as fast as they are read. */
export class EndlessReceiver implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor() {
    void this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) void this.#answer(connection);
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    try {
      await connection.read(new Uint8Array(1000));
      for (;;) await connection.write(INTERIM);
    } catch {
      connection.close(); // the gateway has closed it
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}
