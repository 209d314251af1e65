import { generateAccessKey } from "@4players/odin-tokens";
import { join } from "node:path";
import { publicKey } from "./access_key.ts";

const PROJECT = new URL("..", import.meta.url).pathname;

/** Deno's permissions of `deno task start`, but for the folder that it may write to. */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER,ODIN_GATEWAY_REDIS_PASSWORD,ODIN_GATEWAY_SENTINEL_PASSWORD",
];

/** A folder for what a test or a measurement writes; removed when it is disposed of. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor() {
    const data = join(PROJECT, "data");
    Deno.mkdirSync(data, { recursive: true });
    this.path = Deno.makeTempDirSync({ dir: data, prefix: "temporary-" });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A port that nothing listens on, for a program that cannot choose one itself. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** How a program is started. */
export interface ProgramOptions {
  /** The source of its `config.ts`. */
  readonly config: string;
  readonly folder: string;
  readonly args?: readonly string[];
  /** Deno's options, instead of those of `deno task start`. */
  readonly permissions?: readonly string[];
  readonly env?: Record<string, string>;
  /** A program with arguments that runs it, and watches it; its process must become the gateway's. */
  readonly under?: readonly string[];
}

/** A program that listens at a URL. */
export type Listening = Program & { readonly url: string };

/** The gateway as an operator starts it: a process of its own, with a `config.ts` and a data folder. */
export class Program implements AsyncDisposable {
  /** Everything it has printed so far. */
  output = "";
  readonly status: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #readers: Promise<void>[];
  #watchers: (() => void)[] = [];
  #ended = false;

  constructor({ config, folder, args = [], env = {}, permissions, under = [] }: ProgramOptions) {
    const file = join(folder, "config.ts");
    Deno.writeTextFileSync(file, config);
    const data = args.includes("--data") ? [] : ["--data", join(folder, "data")];
    const options = permissions ?? [...PERMISSIONS, `--allow-write=${folder}`];
    const [command, ...rest] = [...under, Deno.execPath(), "run", ...options, "main.ts", "--config", file];
    this.#process = new Deno.Command(command!, {
      args: [...rest, ...data, ...args],
      cwd: PROJECT,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#readers = [this.#process.stdout, this.#process.stderr].map((stream) =>
      stream.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({
          write: (text) => {
            this.output += text;
            this.#watchers.forEach((watch) => watch());
          },
        }),
      )
    );
    this.status = this.#process.status.then(async (status) => {
      await Promise.all(this.#readers);
      this.#ended = true; // before they look again, or they would wait forever
      this.#watchers.forEach((watch) => watch());
      return status;
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Starts it and waits until it listens. */
  static async start(options: ProgramOptions): Promise<Listening> {
    const program = new Program(options);
    const [, url] = await program.printed(/listens on \W*(https?:\/\/[\w.:[\]]+)/);
    return Object.assign(program, { url: url!.replace("0.0.0.0", "127.0.0.1") });
  }

  /** Waits until the output matches; fails when the program ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    while (true) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.#ended) throw new Error(`the program ended without printing ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
      this.#watchers = [];
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Ends it, if it has not ended yet, and waits for that. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    return await this.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/** A customer with a new access key, and its entry for a configuration. */
export function newCustomer(
  id: string,
  limits: { maxPeers?: number; maxRooms?: number; namespace?: string } = {},
) {
  const accessKey = generateAccessKey();
  const { maxPeers = Infinity, maxRooms = Infinity, namespace } = limits;
  const { kid, x } = publicKey(accessKey);
  const entry = {
    id,
    maxPeers,
    maxRooms,
    accessKeys: [{ namespace, publicKey: { kid, kty: "OKP", crv: "Ed25519", x } }],
  };
  return { accessKey, entry };
}

/** The source of a `config.ts` that listens on a free port of this machine. */
export function configSource(config: object): string {
  const whole = { http: { hostname: "127.0.0.1", port: 0 }, ...config };
  const json = JSON.stringify(whole, (_key, value) => value === Infinity ? "∞" : value, 2);
  return `export default ${json.replaceAll('"∞"', "Infinity")};\n`;
}
