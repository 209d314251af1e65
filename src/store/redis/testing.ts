import { TemporaryFolder } from "../../../sim/program.ts";
import { createClient } from "@redis/client";
import { freePort, isInstalled } from "../../../tests/programs.ts";
import type { RedisSettings } from "./settings.ts";
import type { RedisOptions } from "./store.ts";

/** Whether tests with Redis are skipped: it is not installed, and this is not CI. */
export const NO_REDIS = !isInstalled("redis-server", "--version");

/** A Redis of its own on a free port, in a folder of its own, until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly #options: readonly string[];
  #process: Deno.ChildProcess | undefined;

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
  async start(): Promise<void> {
    this.#process = new Deno.Command("redis-server", {
      args: [
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--dir", this.#folder.path],
        ...this.#options,
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
  agreed: {},
  reportInterval: 5000,
};
