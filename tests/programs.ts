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

/** A configuration of nginx with these servers, which writes to this folder alone. */
export function nginx(folder: string, servers: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `pid ${folder}/pid; error_log ${folder}/error; daemon off; events {}
http { access_log off; ${
    temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")
  } ${servers} }`;
}
