import { createClient } from "@redis/client";
import { TemporaryFolder } from "../../../sim/program.ts";
import { RedisProcess } from "../../../sim/redis_process.ts";
import { isInstalled } from "../../../tests/programs.ts";
import type { RedisSettings } from "./settings.ts";
import type { Change, Snapshot } from "../../fleet/mod.ts";
import { loaded } from "../testing.ts";
import { type RedisOptions, RedisStore } from "./store.ts";

/** Whether tests with Redis are skipped: it is not installed, and this is not CI. */
export const NO_REDIS = !isInstalled("redis-server", "--version");

/** A Redis of its own on a free port, in a folder of its own, until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #process: RedisProcess;

  private constructor(folder: TemporaryFolder, options: readonly string[]) {
    this.#folder = folder;
    this.#process = new RedisProcess(folder.path, options);
  }

  /** @param options of redis-server's command line */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(new TemporaryFolder(), ["--save", "", ...options]);
    await server.start();
    return server;
  }

  /** Starts one that knows which of several is the primary, and makes another the primary when that is silent for a second. */
  static async startSentinel(primary: RedisServer): Promise<RedisServer> {
    const folder = new TemporaryFolder();
    const file = `${folder.path}/sentinel.conf`;
    Deno.writeTextFileSync(
      file,
      `sentinel monitor mymaster 127.0.0.1 ${primary.port} 1
       sentinel down-after-milliseconds mymaster 1000
       sentinel failover-timeout mymaster 5000`,
    );
    const server = new RedisServer(folder, [file, "--sentinel"]);
    await server.start();
    return server;
  }

  get port(): number {
    return this.#process.port;
  }

  get url(): string {
    return this.#process.url;
  }

  get settings(): RedisSettings {
    return { at: { hostname: "127.0.0.1", port: this.port }, prefix: "{odin}:", replicas: false };
  }

  /** Starts it again, with the files that it has. */
  async start(...options: readonly string[]): Promise<void> {
    await this.#process.spawn(...options);
  }

  /** Ends it at once, as a loss of power would, but for what the kernel still writes. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  signal(signal: Deno.Signal): void {
    this.#process.signal(signal);
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
    await this.#process.kill();
    this.#folder[Symbol.dispose]();
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
  /** Why it went on failing. */
  readonly reasons: string[] = [];
  readonly astray: string[] = [];
  readonly damaged: string[] = [];
  readonly unknown: string[] = [];
  /** What it offers where the store has lost what it had. */
  offers: Snapshot | undefined;
  store!: RedisStore;

  static async open(settings: RedisSettings, options: Partial<RedisOptions> = {}): Promise<Gateway> {
    const gateway = new Gateway();
    gateway.store = await RedisStore.open(settings, {
      ...OPTIONS,
      others: (changes) => gateway.told.push(...changes),
      failed: (error) => gateway.failures.push(error.message),
      failsStill: (error) => gateway.reasons.push(error.message),
      damaged: (what) => gateway.damaged.push(what),
      unknown: (change) => gateway.unknown.push(change),
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

/** Commits changes that are to survive loss of power. @throws {StoreError} where they do not, or are refused */
export async function commitSafely({ store }: Gateway, ...changes: readonly Change[]): Promise<void> {
  const reason = await (await store.commit(changes, "power")).unsafe;
  if (reason !== undefined) throw reason;
}

/** Waits, some seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`it has not come to that: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
