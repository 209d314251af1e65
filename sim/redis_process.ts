import { freePort } from "./program.ts";
import { sleep } from "./sleep.ts";

/** Milliseconds that Redis may take until it answers. */
const STARTS_WITHIN = 10_000;

/** As the manual has it for gateways: what it has outlives it, but for the last second where power is lost. */
const LASTING = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];

/** Redis in a process of its own, on a free port of this machine, with its files in a folder. */
export class RedisProcess implements AsyncDisposable {
  readonly port = freePort();
  #process: Deno.ChildProcess | undefined;

  /** @param options of redis-server's command line; a file with its configuration may come first */
  constructor(readonly folder: string, readonly options: readonly string[] = LASTING) {}

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

  /** Starts it, also again with what its files have, and waits until it has read them. */
  async start(): Promise<void> {
    await this.spawn();
    await comesTrue(async () => await this.ask("PING") === "+PONG");
  }

  /** Starts it, and waits until it listens. */
  async spawn(...more: readonly string[]): Promise<void> {
    this.#process = new Deno.Command("redis-server", {
      args: [
        ...this.options,
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder],
        ...more,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await comesTrue(async () => {
      (await this.#connect()).close();
      return true;
    });
  }

  /** Sends a command, and answers the first line of the reply. */
  async ask(command: string): Promise<string> {
    using connection = await this.#connect();
    await connection.write(new TextEncoder().encode(`${command}\r\n`));
    const buffer = new Uint8Array(4096);
    const read = await connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, read ?? 0)).split("\r\n")[0]!;
  }

  /** Ends it at once, as a loss of power would, but for what the kernel still writes. */
  async kill(): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#process?.status;
  }

  signal(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }
}

/** Waits until this holds. @throws {Error} with what went wrong last */
async function comesTrue(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + STARTS_WITHIN;
  let cause: unknown;
  while (performance.now() < end) {
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    await sleep(20);
  }
  throw new Error("redis-server does not start", { cause });
}
