import { TemporaryFolder } from "../../../sim/program.ts";
import { createClient } from "@redis/client";
import { freePort, isInstalled } from "../../../tests/programs.ts";
import type { Endpoint, RedisSettings } from "./settings.ts";
import type { Change, Snapshot } from "../../fleet/mod.ts";
import { loaded } from "../testing.ts";
import { type RedisOptions, RedisStore } from "./store.ts";

/** Whether tests with Redis are skipped: it is not installed, and this is not CI. */
export const NO_REDIS = !isInstalled("redis-server", "--version");

/** A Redis of its own on a free port, in a folder of its own, until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly #options: readonly string[];
  #process: Deno.ChildProcess | undefined;
  /** Its configuration, where it has one that it writes to. */
  #file: string | undefined;

  private constructor(readonly port: number, options: readonly string[]) {
    this.#options = options;
  }

  /** @param options of redis-server's command line */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(freePort(), options);
    await server.start();
    return server;
  }

  get settings(): RedisSettings {
    return { at: { hostname: "127.0.0.1", port: this.port }, prefix: "{odin}:", replicas: false };
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** Starts it again, with the files that it has. */
  async start(...options: readonly string[]): Promise<void> {
    this.#process = new Deno.Command("redis-server", {
      args: [
        ...this.#file === undefined ? [] : [this.#file],
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder.path],
        ...this.#file === undefined ? ["--save", ""] : [],
        ...this.#options,
        ...options,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await this.#answers();
  }

  /** Ends it at once, as a loss of power would, but for what the kernel still writes. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#process?.status;
  }

  signal(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  /** Starts one that knows which of several is the primary, and makes another the primary when that is silent for a second. */
  static async startSentinel(primary: RedisServer): Promise<RedisServer> {
    const server = new RedisServer(freePort(), ["--sentinel"]);
    server.#file = `${server.folder}/sentinel.conf`;
    Deno.writeTextFileSync(
      server.#file,
      `sentinel monitor mymaster 127.0.0.1 ${primary.port} 1
       sentinel down-after-milliseconds mymaster 1000
       sentinel failover-timeout mymaster 5000`,
    );
    await server.start();
    return server;
  }

  /** Sends commands as an operator would. */
  async ask<Reply>(...command: readonly string[]): Promise<Reply> {
    const client = createClient({
      socket: { host: "127.0.0.1", port: this.port, reconnectStrategy: false },
      RESP: 2,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.sendCommand<Reply>(command);
    } finally {
      if (client.isOpen) client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGCONT");
      this.signal("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#process?.status;
    this.#folder[Symbol.dispose]();
  }

  async #answers(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
        connection.close();
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    throw new Error("redis-server does not start");
  }
}

/** A gateway that wants to know nothing. */
export const OPTIONS: RedisOptions = {
  now: () => performance.now(),
  unixTime: Date.now,
  others: () => {},
  failed: () => {},
  version: "1.0.0",
  agreed: () => ({}),
  reportInterval: () => 5000,
};

/** A gateway, as far as its store is concerned: it keeps what it is told, and loads where that has to be. */
export class Gateway implements AsyncDisposable {
  readonly told: Change[] = [];
  readonly failures: string[] = [];
  readonly astray: string[] = [];
  readonly damaged: string[] = [];
  /** What it offers where the store has lost what it had. */
  offers: Snapshot | undefined;
  store!: RedisStore;

  static async open(settings: RedisSettings, options: Partial<RedisOptions> = {}): Promise<Gateway> {
    const gateway = new Gateway();
    gateway.store = await RedisStore.open(settings, {
      ...OPTIONS,
      others: (changes) => gateway.told.push(...changes),
      failed: (error) => gateway.failures.push(error.message),
      damaged: (what) => gateway.damaged.push(what),
      astray: async (lost) => {
        gateway.astray.push(lost);
        if (lost === "stored" && gateway.offers !== undefined) await gateway.store.offer(gateway.offers);
        await loaded(gateway.store);
      },
      ...options,
    });
    await loaded(gateway.store);
    return gateway;
  }

  /** Resolves when it has gone astray so many times, and has come back. */
  async back(times = 1): Promise<void> {
    await until(() => this.astray.length >= times);
    await until(() => this.store.catchUp().then(() => true, () => false));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

/** Waits, some seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`it has not come to that: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Between gateways and Redis: passes on what they say, or swallows it, or breaks all connections and takes no new ones. */
export class Proxy implements Disposable {
  readonly #target: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  mode: "passing" | "swallowing" | "refusing" = "passing";
  #accepted = 0;
  #held: { readonly connection: number; readonly until: Promise<void> } | undefined;

  constructor(target: number) {
    this.#target = target;
    void this.#accept();
  }

  get at(): Endpoint {
    return { hostname: "127.0.0.1", port: this.#listener.addr.port };
  }

  /** Keeps what Redis says on one connection, the first being 1. @returns lets it go */
  hold(connection: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = { connection, until: promise };
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  refuse(): void {
    this.mode = "refusing";
    for (const connection of this.#connections) close(connection);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.mode === "refusing") {
        close(client);
        continue;
      }
      try {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
        void this.#pass(client, server);
        void this.#pass(server, client, ++this.#accepted);
      } catch {
        close(client); // as Redis does
      }
    }
  }

  /** @param connection which one, where it is what Redis says */
  async #pass(from: Deno.Conn, to: Deno.Conn, connection?: number): Promise<void> {
    this.#connections.add(from);
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        if (this.mode === "swallowing") continue;
        if (this.#held?.connection === connection) await this.#held?.until;
        for (let at = 0; at < read;) at += await to.write(buffer.subarray(at, read));
      }
    } catch {
      // one of the two has ended
    }
    this.#connections.delete(from);
    close(from);
    close(to);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // it was closed already
  }
}
