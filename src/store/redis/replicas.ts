import { StoreError } from "../port.ts";
import { type Connection, DEADLINE } from "./connection.ts";
import { afterAll } from "./deadline.ts";
import { Fault } from "./fault.ts";

/** For how long a replica is waited for, in milliseconds; once it has been in vain the next attempts are short for a while. */
const WAIT = 200;
const AGAIN = 2000;
const SHORT_WAIT = 10;

/** What asks for replicas. */
export interface ReplicasOptions {
  /** Opens a connection of its own: whoever waits on one lets nobody else use it. @throws {StoreError} */
  open(): Promise<Connection>;
  readonly prefix: string;
  /** Where the changes were made, as an address. */
  readonly primary: () => string;
}

/** The replicas of Redis, one of which is to have what must survive loss of power. */
export class Replicas {
  readonly #options: ReplicasOptions;
  #connection: Connection | undefined;
  /** Those that wait for what is asked now, and for what is asked after it. */
  #asking: Promise<unknown> | undefined;
  #next: Promise<void> | undefined;
  /** Up to which place all is to be there for those that wait for the next. */
  #place = 0;
  /** Until then they are not waited for as long as it might take. */
  #again = 0;
  #closed = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  /** Resolves when one has all changes up to this place; with the reason, where that takes too long. */
  async have(place: number): Promise<StoreError | undefined> {
    this.#place = Math.max(this.#place, place);
    this.#next ??= this.#afterThis();
    const { promise: late, resolve } = Promise.withResolvers<StoreError>();
    const calledOff = afterAll(DEADLINE, () => resolve(unsafe(DEADLINE)));
    try {
      return await Promise.race([this.#next.then(() => undefined), late]);
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    } finally {
      calledOff();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
    await this.#next?.catch(() => {});
    await this.#asking;
  }

  async #afterThis(): Promise<void> {
    await this.#asking;
    this.#next = undefined;
    const asking = this.#ask(this.#place);
    this.#place = 0; // what Redis has lost may be given away anew
    this.#asking = asking.catch(() => {});
    await asking;
  }

  async #ask(place: number): Promise<void> {
    const connection = await this.#connected();
    // What is written here comes after the changes, so a replica that has it has them.
    const isThere = await connection.run("mark", this.#options.prefix, [String(place)]);
    if (isThere !== 1) throw new Fault("lost", `Redis at ${connection.address} has lost changes`);
    const now = performance.now();
    const wait = now < this.#again ? SHORT_WAIT : WAIT;
    const replicas = await connection.call(["WAIT", "1", String(wait)], wait + DEADLINE);
    if (typeof replicas === "number" && replicas > 0) return;
    if (wait === WAIT) this.#again = performance.now() + AGAIN;
    throw unsafe(wait);
  }

  async #connected(): Promise<Connection> {
    const { open, primary } = this.#options;
    if (this.#connection?.open === true && this.#connection.address === primary()) return this.#connection;
    this.#connection?.close();
    const connection = await open();
    if (this.#closed) connection.close();
    return this.#connection = connection;
  }
}

function unsafe(wait: number): StoreError {
  return new StoreError(
    `no replica of Redis has the changes within ${wait} ms, so a loss of power might lose them; see to the replica, ` +
      "or set `replicas` of `store.redis` to false",
  );
}
