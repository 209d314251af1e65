import type { StoreOptions } from "../port.ts";
import { Attempts } from "./attempts.ts";
import { RedisClock } from "./redis_clock.ts";
import { Connection, DEADLINE } from "./connection.ts";
import { Fault } from "./fault.ts";
import { Pause } from "./pause.ts";
import { listOf, textOf, timeOf } from "./replies.ts";
import type { RedisSettings } from "./settings.ts";

/** Interval between two signs of life, in milliseconds; a gateway counts as alive for four of them. */
const BEAT = 500;

/** How long the next attempt to connect waits: longer with each, and never the same for two gateways, in milliseconds. */
const RETRY = { first: 50, most: 1000 };

/** How often Redis is asked for its time at first: each round trip may be the one that tells it best. */
const PROBES = 5;

/** Who this gateway is to the others. */
export interface Identity {
  readonly version: string;
  /** Settings that all gateways must have in common, as they are now, each by its name. */
  readonly agreed: () => Readonly<Record<string, string>>;
}

/** Told of what becomes of a session. */
export interface SessionEvents {
  /** It can be used: from the first moment on, or again. */
  up(): void;
  /** It cannot be used; told again for each further reason. */
  down(fault: Fault): void;
  /** The gateway was taken for dead, and has joined again. */
  fenced(): void;
  /** What Redis had when it was last heard, and the place that this gateway had been told up to before. */
  heard(epoch: string, last: number, told: number): void;
  /** The place that this gateway has been told up to. */
  told(): number;
}

/** Being one of the gateways: the lease on that, its renewal, and the connection for calls, opened again whenever it breaks. */
export class Session {
  readonly clock = new RedisClock();
  readonly #settings: RedisSettings;
  readonly #identity: Identity;
  readonly #now: StoreOptions["now"];
  readonly #events: SessionEvents;
  #connection: Connection | undefined;
  #incarnation = "";
  #number = "";
  #missing = 0;
  #fault: Fault | undefined = new Fault("lost", "Redis has not been reached yet");
  #lapsed = false;
  #attempts = 0;
  #closed = false;
  #running: Promise<void> | undefined;
  readonly #pause = new Pause();
  /** That what is sent on a connection fails, which may have ended long ago, is no attempt. */
  readonly #joining = new Attempts();

  constructor(settings: RedisSettings, identity: Identity, now: StoreOptions["now"], events: SessionEvents) {
    this.#settings = settings;
    this.#identity = identity;
    this.#now = now;
    this.#events = events;
  }

  /** Joins the other gateways. @throws {Fault} */
  async open(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      this.#connection?.close();
      throw error;
    }
    this.#running = this.#run();
  }

  /** This gateway among those that live; another one where it was taken for dead, and somebody else has its number. */
  get number(): number {
    return Number(this.#number);
  }

  /** Gateways that had gone without a word when this one joined first. */
  get missing(): number {
    return this.#missing;
  }

  /** The last place, and the gateways that live, each by its number, version and place. @throws {Fault} */
  async gateways(): Promise<readonly [last: unknown, living: readonly unknown[]]> {
    const [last, living, missing] = listOf(await this.run("gateways"));
    this.#missing = Number(missing);
    return [last, listOf(living)];
  }

  /** Where Redis is, as far as it has been reached. */
  get address(): string {
    return this.#connection?.address ?? "an unknown address";
  }

  /** Tells this lease from all others. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /** Why nothing can be called now. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /**
   * Calls a function of the library. One that is refused concerns nobody else, but where it commits: what others have committed
   * may hang on it.
   *
   * @throws {Fault} at once, where Redis is away
   */
  run(name: string, args: readonly string[] = []): Promise<unknown> {
    return this.#use((connection) => connection.run(name, this.#settings.prefix, args), name === "commit");
  }

  /** Calls one that only a gateway may which lives. @throws {Fault} */
  runAsMember(name: string, args: readonly string[] = []): Promise<unknown> {
    return this.run(name, [this.#number, this.#incarnation, ...args]);
  }

  /** Sends a command. @throws {Fault} at once, where Redis is away */
  call(command: readonly string[], within = DEADLINE): Promise<unknown> {
    return this.#use((connection) => connection.call(command, within));
  }

  /** Sends a command that reads, also while this gateway is not one of those that live. @throws {Fault} */
  async ask(command: readonly string[]): Promise<unknown> {
    if (this.#connection?.open !== true) throw this.#fault;
    return await this.#connection.call(command);
  }

  /** Resolves when Redis can be used, or it is known that it cannot be now. */
  async tried(): Promise<void> {
    if (this.#fault === undefined) return;
    await this.#joining.made(() => this.#pause.end());
  }

  /** Connects anew: whom it is connected to has not done what it said, and may not be the primary any more. */
  drop(): void {
    this.#connection?.close();
    this.#pause.end();
  }

  /** Leaves the other gateways, so that they know at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pause.end();
    await this.#running;
    try {
      if (this.#fault === undefined) await this.runAsMember("bye");
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // they will know in 2 s
    }
    this.#connection?.close();
  }

  async #use<Result>(
    use: (connection: Connection) => Promise<Result>,
    commits = false,
  ): Promise<Result> {
    if (this.#fault !== undefined || this.#connection === undefined) throw this.#fault;
    try {
      return await use(this.#connection);
    } catch (error) {
      if (error instanceof Fault && (error.kind !== "refused" || commits)) this.#fail(error);
      throw error;
    }
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#pause.wait(this.#untilNext());
      if (this.#closed) return;
      try {
        if (this.#connection?.open !== true) await this.#joining.make(() => this.#join());
        else if (this.#lapsed) await this.#hello();
        else await this.#beat();
        this.#attempts = 0;
        this.#rise();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#attempts++;
        this.#fail(error instanceof Fault ? error : new Fault("refused", error.message, { cause: error }));
      }
    }
  }

  /** Milliseconds until the next beat, or attempt, unless something happens before. */
  #untilNext(): number {
    if (this.#connection?.open === true) return BEAT;
    const most = Math.min(RETRY.most, RETRY.first * 2 ** this.#attempts);
    return most * (0.5 + Math.random() / 2);
  }

  async #join(): Promise<void> {
    const connection = await Connection.open(this.#settings);
    this.#connection?.close();
    this.#connection = connection;
    connection.lost.then((fault) => {
      if (connection === this.#connection && !this.#closed) this.#fail(fault);
    });
    await this.#hello();
    for (let probe = 0; probe < PROBES; probe++) {
      await this.#timed(async (connection) => [await connection.call(["TIME"])]);
    }
    this.#rise();
  }

  async #hello(): Promise<void> {
    const incarnation = crypto.randomUUID();
    const { version } = this.#identity;
    const told = this.#events.told();
    const answer = await this.#timedRun("hello", [
      ...[incarnation, this.#incarnation, this.#number, version, crypto.randomUUID()],
      ...this.#agreed(),
    ]);
    const [number, epoch, last, missing] = answer;
    if (this.#incarnation === "") this.#missing = Number(missing);
    this.#number = textOf(number);
    this.#incarnation = incarnation;
    this.#events.heard(textOf(epoch), Number(last), told);
    if (this.#lapsed) this.#events.fenced();
    this.#lapsed = false;
  }

  async #beat(): Promise<void> {
    const told = this.#events.told();
    const { version } = this.#identity;
    const answer = await this.#timedRun("beat", [
      ...[this.#number, this.#incarnation, version, String(told)],
      ...this.#agreed(),
    ]);
    const [epoch, last] = answer;
    this.#events.heard(textOf(epoch), Number(last), told);
  }

  #agreed(): string[] {
    return Object.entries(this.#identity.agreed()).flatMap(([name, text]) => [name, JSON.stringify(text)]);
  }

  /** Calls a function that ends with the time. */
  async #timedRun(name: string, args: readonly string[]): Promise<readonly unknown[]> {
    try {
      return await this.#timed((connection) => connection.run(name, this.#settings.prefix, args));
    } catch (error) {
      throw differs(error) ?? error;
    }
  }

  async #timed(ask: (connection: Connection) => Promise<unknown>): Promise<readonly unknown[]> {
    const connection = this.#connection;
    if (connection === undefined) throw this.#fault;
    const sent = this.#now();
    const answer = listOf(await ask(connection));
    this.clock.learn(sent, timeOf(answer.at(-1)), this.#now());
    return answer;
  }

  #rise(): void {
    if (this.#fault === undefined || this.#connection?.open !== true) return;
    this.#fault = undefined;
    this.#events.up();
  }

  #fail(fault: Fault): void {
    if (fault.kind === "fenced") this.#lapsed = true;
    if (fault.kind === "lost") this.#connection?.close();
    const first = this.#fault === undefined;
    this.#fault = fault;
    this.#events.down(fault);
    if (first) this.#pause.end();
  }
}

/** Names the setting in which the other gateways differ. */
function differs(error: unknown): Fault | undefined {
  if (!(error instanceof Fault) || !(error.cause instanceof Error)) return undefined;
  const [, name] = /^DIFFERS (.*)$/s.exec(error.cause.message) ?? [];
  if (name === undefined) return undefined;
  return new Fault("refused", differsIn(name), { cause: error });
}

/** What a gateway is told that differs from those that live. @param setting the name of what they differ in */
export function differsIn(setting: string): string {
  return `the gateways that share the store have another ${setting} than this one; all of them need the same, ` +
    "or stop them all before you change it";
}
