import { existsSync } from "node:fs";
import assert from "node:assert/strict";

export { freePort } from "../sim/program.ts";

/** A program that runs until it is disposed of. */
export class Running implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  constructor(command: Deno.Command) {
    this.#process = command.spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#process.status;
  }
}

/**
 * Whether a program is there; its tests are skipped without it, but not in CI.
 *
 * @param version the option with which it does no more than say its version
 */
export function isInstalled(name: string, version = "-v"): boolean {
  try {
    new Deno.Command(name, { args: [version], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get("CI") === "true") throw new Error(`${name} is not installed, and CI needs it`);
    console.warn(`${name} is not installed: its test is skipped`);
    return false;
  }
}

/** Waits until something answers there. */
export async function answers(url: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  assert.fail(`nothing answers at ${url}`);
}

/** nginx's module for TCP as Debian packages it (`libnginx-mod-stream`); there is none where it is built in. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** Whether nginx passes on TCP; tests that need it are skipped without, but not in CI. */
export function nginxHasStream(): boolean {
  if (!isInstalled("nginx")) return false;
  const { stderr } = new Deno.Command("nginx", { args: ["-V"] }).outputSync();
  if (existsSync(STREAM_MODULE) || /--with-stream\s/.test(new TextDecoder().decode(stderr))) return true;
  if (Deno.env.get("CI") === "true") throw new Error("libnginx-mod-stream is not installed, and CI needs it");
  console.warn("libnginx-mod-stream is not installed: its test is skipped");
  return false;
}

/**
 * A configuration of nginx with these servers, which writes to this folder alone.
 *
 * @param stream what stands beside `http`, for TCP
 */
export function nginx(folder: string, servers: string, stream = ""): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const module = stream === "" || !existsSync(STREAM_MODULE) ? "" : `load_module ${STREAM_MODULE};\n`;
  return `${module}pid ${folder}/pid; error_log ${folder}/error; daemon off; events {}
${stream}
http { access_log off; ${
    temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")
  } ${servers} }`;
}

/** A machine that has lost power, as others see it: nothing answers who wants to connect. */
export class GoneMachine implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  /** Fill the queue of connections that nobody accepts; those beyond are dropped. */
  readonly #waiting: Promise<Deno.Conn | undefined>[] = [];
  readonly #given = new AbortController();

  private constructor() {
    for (let i = 0; i < 8; i++) {
      const connecting = Deno.connect({
        hostname: "127.0.0.1",
        port: this.#listener.addr.port,
        signal: this.#given.signal,
      });
      this.#waiting.push(connecting.catch(() => undefined));
    }
  }

  static async start(): Promise<GoneMachine> {
    const machine = new GoneMachine();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return machine;
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  [Symbol.dispose](): void {
    this.#given.abort();
    this.#listener.close();
    for (const connecting of this.#waiting) void connecting.then((connection) => connection?.close());
  }
}
