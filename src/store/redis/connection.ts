import { isIP } from "node:net";
import { createClient } from "@redis/client";
import { afterAll } from "./deadline.ts";
import { Alerts } from "./alerts.ts";
import { Fault, faultOf } from "./fault.ts";
import { LIBRARY, LIBRARY_TEXT } from "./library.ts";
import { firstPrimary } from "./sentinels.ts";
import { type Endpoint, nameOf, type RedisSettings } from "./settings.ts";
import { concernAboutTime } from "./validity.ts";

/** A call that is not answered within this time has failed, in milliseconds. */
export const DEADLINE = 500;

/**
 * A connection is given up that does not come about, or owes an answer, for so long, in milliseconds. The client's own limit
 * (`socketTimeout`) is of no use: it ends connections that nobody asks anything, and none that somebody still writes to.
 */
const SILENCE = 2000;

type Client = ReturnType<typeof clientOf>;

/** Settings by which Redis has been reached: they are what it expects. */
const right = new WeakSet<object>();

/** One connection to Redis. It is not opened again: whoever uses it opens another. */
export class Connection {
  readonly #client: Client;
  /** Where it goes. */
  readonly address: string;
  /** Resolves when it has broken, or was closed. */
  readonly lost: Promise<Fault>;
  #open = true;
  /** When it last answered. */
  #heard = performance.now();

  /** Whether it has ever answered. */
  #answered = false;
  readonly #mayExpect: string | undefined;
  /** Until it has answered, or ended. */
  readonly #alerts: Alerts;

  private constructor(client: Client, address: string, mayExpect: string | undefined) {
    this.#client = client;
    this.address = address;
    this.#mayExpect = mayExpect;
    this.#alerts = new Alerts();
    this.lost = new Promise((resolve) => {
      client.on("error", (error) => {
        this.close();
        resolve(this.#faultOf(error));
      });
    });
  }

  /** Connects, to whomever the sentinels name where there are any. @throws {Fault} */
  static async open(settings: RedisSettings): Promise<Connection> {
    const connection = await Connection.#reach(settings);
    right.add(settings);
    return connection;
  }

  static async #reach(settings: RedisSettings): Promise<Connection> {
    const { at, database, tls } = settings;
    if (!("name" in at)) return await connect(at, settings, database);
    return await firstPrimary(
      at,
      (address) => connect(address, { ...at, tls }, undefined),
      async (endpoint) => {
        const connection = await connect(endpoint, settings, database);
        await connection.#mustBePrimary();
        return connection;
      },
    );
  }

  /** For {@link open}. @param mayExpect what Redis may expect, where it closes the connection at once */
  static async connect(client: Client, address: string, mayExpect: string | undefined): Promise<Connection> {
    const connection = new Connection(client, address, mayExpect);
    const late = deadline(SILENCE + 500, () => new Fault("lost", `Redis at ${address} does not answer`));
    try {
      await Promise.race([client.connect(), late.passed]);
      return connection;
    } catch (error) {
      connection.close();
      throw connection.#faultOf(error);
    } finally {
      late.clear();
    }
  }

  get open(): boolean {
    return this.#open;
  }

  /** Sends a command. @throws {Fault} where it fails, or is not answered in time; it may be carried out all the same then */
  async call(command: readonly string[], within = DEADLINE): Promise<unknown> {
    const answer = this.#client.sendCommand<unknown>(command);
    const late = deadline(within, () => {
      // Bytes that are swallowed close no connection.
      if (performance.now() - this.#heard >= SILENCE) this.close();
      return new Fault("late", `Redis at ${this.address} has not answered within ${within} ms`);
    });
    try {
      const result = await Promise.race([answer, late.passed]);
      this.#heard = performance.now();
      if (!this.#answered) this.#alerts[Symbol.dispose]();
      this.#answered = true;
      return result;
    } catch (error) {
      throw this.#faultOf(error, keyOf(command));
    } finally {
      late.clear();
      answer.catch(() => {}); // of no more concern once it is late
    }
  }

  /**
   * Calls a function of the library, which is loaded where Redis does not have it.
   *
   * @throws {Fault}
   */
  async run(name: string, prefix: string, args: readonly string[], within = DEADLINE): Promise<unknown> {
    const command = ["FCALL", `${LIBRARY}_${name}`, "1", prefix, ...args];
    try {
      return await this.call(command, within);
    } catch (error) {
      if (!replied(error, "ERR Function not found")) throw error;
    }
    try {
      await this.call(["FUNCTION", "LOAD", LIBRARY_TEXT], within);
    } catch (error) {
      if (!replied(error, `ERR Library '${LIBRARY}' already exists`)) throw error; // another gateway was faster
    }
    return await this.call(command, within);
  }

  close(): void {
    this.#open = false;
    if (this.#client.isOpen) this.#client.destroy();
    this.#alerts[Symbol.dispose]();
  }

  #faultOf(error: unknown, key?: string): Fault {
    const fault = faultOf(this.address, error, key);
    if (this.#answered || fault.symptom !== "closed") return fault;
    if (this.#alerts.last !== undefined) return faultOf(this.address, this.#alerts.last);
    if (this.#mayExpect === undefined) return fault;
    const { kind, message, cause, passes } = fault;
    return new Fault(kind, `${message}; if it ${this.#mayExpect}`, { cause, passes });
  }

  async #mustBePrimary(): Promise<void> {
    try {
      const role = await this.call(["ROLE"]);
      if (Array.isArray(role) && role[0] === "master") return;
    } catch (error) {
      this.close();
      throw error;
    }
    this.close();
    throw new Fault(
      "lost",
      `Redis at ${this.address} is not the primary any more; another sentinel may know better`,
    );
  }
}

async function connect(
  { hostname, port }: Endpoint,
  settings: Pick<RedisSettings, "username" | "password" | "tls">,
  database: number | undefined,
): Promise<Connection> {
  const { username, password, tls } = settings;
  const socket = {
    host: hostname,
    port,
    reconnectStrategy: false,
    connectTimeout: SILENCE,
  };
  const servername = isIP(hostname) === 0 ? { servername: hostname } : {}; // TLS names no addresses
  const secured = tls === undefined ? socket : { ...socket, ...tls, ...servername, tls: true };
  try {
    return await Connection.connect(
      clientOf({ username, password, socket: secured, database }),
      nameOf({ hostname, port }),
      right.has(settings) ? undefined : mayExpect(tls),
    );
  } catch (error) {
    if (tls === undefined || !(error instanceof Fault) || error.symptom !== "untrusted") throw error;
    const concern = await concernAboutTime({ hostname, port }, { ...tls, ...servername }, Date.now());
    if (concern === undefined) throw error;
    throw new Fault(error.kind, concern, { cause: error, passes: error.passes });
  }
}

/** What a Redis may expect that closes a connection before it has answered anything. */
function mayExpect(tls: RedisSettings["tls"]): string | undefined {
  if (tls === undefined) return "expects TLS, say rediss:// or `tls` in `store.redis`";
  if (tls.cert !== undefined) {
    return "does not trust the gateway's certificate, look at `certFile` of `store.redis.tls`";
  }
  return "asks for a certificate, set `certFile` and `keyFile` of `store.redis.tls`";
}

function clientOf(options: {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly socket: object;
}) {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return createClient({
    ...given,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandOptions: { timeout: 0 }, // by our own deadline; the client's makes an abort signal for each command
  });
}

/** The key that a command is about: the first, before which XREAD has its options. */
function keyOf(command: readonly string[]): string | undefined {
  return command[Math.max(0, command.indexOf("STREAMS")) + 1];
}

function replied(error: unknown, start: string): boolean {
  return error instanceof Fault && error.cause instanceof Error && error.cause.message.startsWith(start);
}

/** Rejects after so many milliseconds, unless it is cleared before. */
function deadline(within: number, fault: () => Fault): { readonly passed: Promise<never>; clear(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  return { passed: promise, clear: afterAll(within, () => reject(fault())) };
}
