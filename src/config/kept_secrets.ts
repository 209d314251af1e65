import { dirname } from "node:path";
import { messageOf } from "../error_message.ts";
import { writeSecret } from "./secret_file.ts";

/** Interval at which the files are looked at, in milliseconds. */
const LOOK_EVERY = 2000;

/** Who wants to know what became of the files. */
export interface KeptSecretsListener {
  restored(path: string): void;
  /** Told once, until it can be written again. */
  failed(path: string, message: string): void;
}

/**
 * Files with secrets that the process works with. One that is removed meanwhile would be missed at the next start, when
 * servers and tokens hang on it, so it is written again. One that is replaced is left: the next start takes it.
 */
export class KeptSecrets implements Disposable {
  readonly #texts = new Map<string, string>();
  readonly #failed = new Set<string>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(readonly listener: KeptSecretsListener) {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY);
    this.#timer.unref();
  }

  /** From now on the file is kept as it is. */
  keep(path: string): void {
    this.#texts.set(path, Deno.readTextFileSync(path));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const [path, text] of this.#texts) {
      if (isThere(path)) continue;
      try {
        Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        writeSecret(path, text);
        this.#failed.delete(path);
        this.listener.restored(path);
      } catch (error) {
        if (this.#failed.has(path)) continue;
        this.#failed.add(path);
        this.listener.failed(path, messageOf(error));
      }
    }
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
