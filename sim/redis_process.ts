/** Milliseconds that Redis may take until it answers. */
const STARTS_WITHIN = 10_000;

/** Redis in a process of its own, on a free port of this machine, with its files in a folder. */
export class RedisProcess implements AsyncDisposable {
  readonly port = freePort();
  #process: Deno.ChildProcess | undefined;

  private constructor(readonly folder: string) {}

  /** @returns nothing where redis-server is not installed */
  static async start(folder: string): Promise<RedisProcess | undefined> {
    const redis = new RedisProcess(folder);
    try {
      await redis.start();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, with what its files have. */
  async start(): Promise<void> {
    this.#process = new Deno.Command("redis-server", {
      args: [
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder],
        ...["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const end = performance.now() + STARTS_WITHIN;
    while (await this.ask("PING").catch(() => "") !== "+PONG") {
      if (performance.now() > end) throw new Error("redis-server does not start");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a command, and answers the first line of the reply. */
  async ask(command: string): Promise<string> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    await connection.write(new TextEncoder().encode(`${command}\r\n`));
    const buffer = new Uint8Array(4096);
    const read = await connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, read ?? 0)).split("\r\n")[0]!;
  }

  async kill(): Promise<void> {
    try {
      this.#process?.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#process?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
