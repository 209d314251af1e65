import type { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { type ConnectInput, groupName, type Milliseconds, nameTemplate, type Report } from "../fleet/mod.ts";

/** A line of a trace: what placement saw, with names that tell nothing but which rooms are of one kind. */
export type TraceLine =
  | {
    readonly type: "grant";
    /** Milliseconds, on the clock of the gateway. */
    readonly at: Milliseconds;
    readonly namespace: string;
    readonly room: string;
    readonly user: string;
  }
  | {
    readonly type: "report";
    readonly at: Milliseconds;
    readonly server: string;
    readonly load: number;
    readonly clients: number;
    readonly rooms: readonly (readonly [namespace: string, room: string, peers: number])[];
  };

/** Lines are collected up to this length, or for so long, before they are written. */
const FLUSH_AT = 64 * 1024;
const FLUSH_AFTER = 1000;

/** Hashes that are remembered. */
const REMEMBERED = 200_000;

/**
 * Writes grants and reports to a file, as lines of JSON, for the placement simulation to replay. Names are hashed with a
 * key that is thrown away; names of one template keep one template, so that kinds can be told apart.
 */
export class TraceRecorder {
  readonly #file: Deno.FsFile;
  readonly #key = randomBytes(32);
  readonly #hashes = new Map<string, string>();
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws {Deno.errors} where the file cannot be written */
  constructor(path: string, readonly failed: (error: unknown) => void) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  granted({ namespace, rooms, user }: ConnectInput, at: Milliseconds): void {
    const room = this.#name(groupName(rooms[0]!));
    this.#write({ type: "grant", at, namespace: this.#letters(namespace), room, user: this.#letters(user) });
  }

  reported({ address, load, clients, rooms }: Report, at: Milliseconds): void {
    this.#write({
      type: "report",
      at,
      server: `${this.#letters(address)}:4433`,
      load,
      clients,
      rooms: rooms.map(({ id: [namespace, name], peers }) => [
        this.#letters(namespace),
        this.#name(groupName(name)),
        peers,
      ]),
    });
  }

  /** Writes what is waiting, and ends. */
  close(): void {
    this.#flush();
    this.#file.close();
  }

  #write(line: TraceLine): void {
    this.#waiting += `${JSON.stringify(line)}\n`;
    if (this.#waiting.length >= FLUSH_AT) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let bytes = this.#encoder.encode(this.#waiting);
    this.#waiting = "";
    try {
      while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
    } catch (error) {
      this.failed(error);
    }
  }

  /** Letters for the template, digits for the name. */
  #name(name: string): string {
    return this.#once(`name ${name}`, () => {
      return `${this.#letters(nameTemplate(name))}-${this.#digest(name).readUIntBE(0, 6)}`;
    });
  }

  #letters(text: string): string {
    return this.#once(`text ${text}`, () => {
      const bytes = this.#digest(text).subarray(0, 10);
      return Array.from(bytes, (byte) => String.fromCharCode(97 + byte % 26)).join("");
    });
  }

  /** Reports name the same rooms over and over: a hash is made once, while not too many are remembered. */
  #once(key: string, make: () => string): string {
    let hash = this.#hashes.get(key);
    if (hash !== undefined) return hash;
    if (this.#hashes.size >= REMEMBERED) this.#hashes.clear();
    hash = make();
    this.#hashes.set(key, hash);
    return hash;
  }

  #digest(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}
