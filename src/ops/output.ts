/** Lines that wait to be written are bounded by these; what comes on top is dropped and counted. */
const BOUND = { lines: 20_000, length: 4 * 1024 * 1024 };

/** Lines are collected for so long, in milliseconds, before they are written together. */
const COLLECT = 20;

/** Length of the text that one write takes, about. */
const CHUNK = 32 * 1024;

/** Pause after a write that failed, in milliseconds: nobody reads, the disk is full, or a pipe asks to wait. */
const RETRY = { failed: 1000, wouldBlock: 20 };

/** Writes some of the bytes and says how many, as `Deno.stdout.write` does. It may never settle. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/**
 * Lines on their way out. Taking a line never waits and never throws, whatever becomes of the reader: lines wait in a
 * bounded queue, those on top of it and those whose write failed are dropped, and how many is said as soon as writing
 * works again.
 */
export class Output {
  readonly #encoder = new TextEncoder();
  readonly #write: Write;
  #lost: (lines: number) => string;
  #lines: string[] = [];
  #length = 0;
  #dropped = 0;
  #torn = false;
  #stopped = false;
  #writing: Promise<void> | undefined;

  /** @param lost the line that says how many were dropped */
  constructor(write: Write, lost: (lines: number) => string) {
    this.#write = write;
    this.#lost = lost;
  }

  /** From now on this line says how many were dropped. */
  lostBy(lost: (lines: number) => string): void {
    this.#lost = lost;
  }

  /** Takes a line, with its line feed. */
  line(text: string): void {
    if (this.#stopped) return;
    if (this.#lines.length >= BOUND.lines || this.#length + text.length > BOUND.length) {
      this.#dropped++;
      return;
    }
    this.#lines.push(text);
    this.#length += text.length;
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits, as far as that is done within so many milliseconds; nothing is taken any more. */
  async stop(within: number): Promise<void> {
    this.#stopped = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, within);
    await Promise.race([this.#writing, promise]);
    clearTimeout(late);
  }

  async #writeAll(): Promise<void> {
    await pause(COLLECT);
    while (this.#lines.length > 0 || this.#dropped > 0) {
      const lines = this.#take();
      const said = this.#dropped;
      const text = (said > 0 ? this.#lost(said) : "") + lines.join("");
      if (await this.#writeText(text)) {
        this.#dropped -= said;
        continue;
      }
      this.#dropped += lines.length;
      if (this.#stopped) break;
      await pause(RETRY.failed);
    }
    this.#writing = undefined;
  }

  /** The lines for one write, out of the queue. */
  #take(): string[] {
    let [count, length] = [0, 0];
    while (count < this.#lines.length && length < CHUNK) length += this.#lines[count++]!.length;
    this.#length -= length;
    return this.#lines.splice(0, count);
  }

  /** @returns whether all of it went out; a line that was torn is ended before the next */
  async #writeText(text: string): Promise<boolean> {
    let rest = this.#encoder.encode(this.#torn ? `\n${text}` : text);
    while (rest.length > 0) {
      try {
        const written = await this.#write(rest);
        if (written > 0) this.#torn = rest[written - 1] !== LINE_FEED;
        rest = rest.subarray(written);
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock) || this.#stopped) return false;
        await pause(RETRY.wouldBlock);
      }
    }
    return true;
  }
}

const LINE_FEED = 10;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
