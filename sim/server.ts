import { parse } from "smol-toml";
import type { Task } from "../src/fleet/mod.ts";
import { Hosting } from "./hosting.ts";
import { call } from "./rpc_client.ts";

/** Listens for SDKs, by TLS on a free port, which clients' messages reach the rooms through. */
export type ListenForClients = (
  tls: { readonly cert: string; readonly key: string; readonly hostname: string },
  hosting: () => Hosting,
) => { readonly port: number; readonly close: () => Promise<void> };

/** How a simulated server behaves. */
export interface SimulatedServerOptions {
  /** The gateway's internal URL, `http://user:password@host:port/internal`. */
  readonly gateway: string;
  /** The server's address; without, where it listens, or a made-up one. */
  readonly address?: string;
  /** Its own configuration in TOML. */
  readonly config?: string;
  /** Clients at which it is full (load 1). */
  readonly capacity?: number;
  /** Listens for SDKs on a free port, with this certificate. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    readonly hostname: string;
    /** Listens for SDKs; handed in, because only tests have what it needs. */
    readonly listen: ListenForClients;
  };
  readonly client?: Deno.HttpClient;
  /** How the gateway is called; if absent, once. */
  readonly call?: typeof call;
  /** Told of everything that went wrong. */
  readonly failed?: (error: Error) => void;
}

/**
 * A simulated ODIN server, in the way the real one behaves: asks the gateway for its configuration, takes its key
 * from that, reports on its interval, carries out the tasks of the answers, and hosts rooms and peers.
 */
export class SimulatedServer {
  readonly hosting: Hosting;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #interval = 5000;
  #stopped = false;
  #reporting: Promise<void> = Promise.resolve();

  private constructor(
    readonly address: string,
    readonly options: SimulatedServerOptions,
    readonly close: () => Promise<void>,
    hosting: Hosting,
  ) {
    this.hosting = hosting;
  }

  /** Starts a server: it has its configuration and has reported once when this resolves. */
  static async start(options: SimulatedServerOptions): Promise<SimulatedServer> {
    let address = options.address ?? `sim-${crypto.randomUUID()}.example:4433`;
    let close = () => Promise.resolve();
    if (options.tls !== undefined) {
      const listener = options.tls.listen(options.tls, () => hosting);
      address = `${options.tls.hostname}:${listener.port}`;
      close = listener.close;
    }
    const hosting = new Hosting(address);
    const server = new SimulatedServer(address, options, close, hosting);
    await server.configure();
    await server.report();
    server.#schedule();
    return server;
  }

  /** Asks the gateway for the configuration, and takes key and interval from it. */
  async configure(): Promise<string> {
    const { config } = await this.#call<{ config: string }>("sfu.GridConfig", {
      config: this.options.config ?? "",
    });
    const parsed = parse(config) as {
      supervisor?: { report_interval?: number };
      authorization: { keys: { kid: string; kty: string; crv: string; x: string }[] };
    };
    this.#interval = parsed.supervisor?.report_interval ?? this.#interval;
    this.hosting.trust(parsed.authorization.keys);
    return config;
  }

  /** Reports once, and carries out the tasks of the answer. */
  async report(): Promise<void> {
    const { clients, rooms } = this.hosting;
    const now = performance.now();
    const { tasks } = await this.#call<{ tasks: Task[] }>("sfu.Report", {
      load: clients / (this.options.capacity ?? 1000),
      clients,
      rooms: Array.from(rooms.values(), ({ id, customer, opened, peers }) => {
        const age = now - opened;
        const secs = Math.floor(age / 1000);
        return {
          id,
          customer,
          age: { secs, nanos: Math.floor((age - secs * 1000) * 1e6) },
          peers: peers.size,
        };
      }),
    });
    for (const task of tasks) this.hosting.carryOut(task);
  }

  /** Stops reporting and listening, as if switched off. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reporting;
    await this.close();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#reporting = this.report().catch((error) => this.options.failed?.(error)).then(() =>
        this.#schedule()
      );
    }, this.#interval);
  }

  #call<Result>(method: string, params: object): Promise<Result> {
    const { gateway, client, call: ask = call } = this.options;
    const options = client === undefined ? {} : { client };
    return ask(gateway, method, { public_endpoint: this.address, version: "sim", ...params }, options);
  }
}
