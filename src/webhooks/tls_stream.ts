import { Agent } from "node:http";
import { Duplex } from "node:stream";

/** Where a connection goes to. */
interface Peer {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Connections with TLS by the runtime's own means. Those of `node:tls` ask for permissions that the gateway is not started
 * with, to read the system's list of authorities, and do not know `DENO_CERT`.
 */
export class TlsAgent extends Agent {
  override createConnection(options: { readonly host?: unknown; readonly port?: unknown }): Duplex {
    return new TlsStream({ hostname: String(options.host), port: Number(options.port) });
  }
}

/** One connection: what `node:http` wants of a socket. Destroying it ends the attempt to connect as well. */
class TlsStream extends Duplex {
  readonly #buffer = new Uint8Array(16_384);
  readonly #ending = new AbortController();
  readonly #connected: Promise<Deno.TlsConn>;

  constructor(peer: Peer) {
    super({ autoDestroy: true });
    this.#connected = connect(peer, this.#ending.signal);
    this.#connected.catch((error: Error) => this.destroy(error));
  }

  /** What the agent sets where it keeps a connection; here it takes nothing. */
  setKeepAlive(): void {}
  setTimeout(): void {}
  ref(): void {}
  unref(): void {}

  override _read(): void {
    this.#connected.then(async (connection) => {
      const count = await connection.read(this.#buffer);
      this.push(count === null ? null : this.#buffer.slice(0, count));
    }).catch((error: Error) => this.destroy(error));
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#connected.then(async (connection) => {
      for (let sent = 0; sent < chunk.length;) sent += await connection.write(chunk.subarray(sent));
    }).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connected.then((connection) => connection.closeWrite()).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ending.abort();
    this.#connected.then((connection) => connection.close()).catch(() => {}); // it was never connected, or is closed
    done(error);
  }
}

async function connect({ hostname, port }: Peer, signal: AbortSignal): Promise<Deno.TlsConn> {
  const plain = await Deno.connect({ hostname, port, signal });
  plain.setNoDelay(); // headers and body are written one after the other
  return await Deno.startTls(plain, { hostname, alpnProtocols: ["http/1.1"] });
}
