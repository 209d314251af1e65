import type { Milliseconds } from "./time.ts";
import type { Room } from "./room.ts";
import type { Closing, HandOver, QueuedTask } from "./task.ts";
import type { Count, Usage } from "./usage.ts";

/** Where an ODIN server (SFU) is reached, `host:port`; also its identity. */
export type Address = string & { readonly __brand: "Address" };

/** What a placement strategy may know of a server. */
export interface ServerLoad {
  readonly address: Address;
  /** Load in the last report, 0 (idle) to 1 (full). */
  readonly load: number;
  /** Clients in the last report. */
  readonly clients: number;
  /** Clients granted since, which no report has shown yet. */
  readonly grants: number;
}

/** An ODIN server, from its first report until it has been silent for the remove timeout. */
export class Server implements ServerLoad {
  version = "";
  /** Takes new rooms and counts in usage; off while the server is silent. */
  enabled = false;
  lastSeen: Milliseconds;
  load = 0;
  clients = 0;
  grants = 0;
  /** How many reports have come; marks the rooms that the last one listed. */
  reports = 0;
  /** The rooms that the last report listed and this server holds. */
  rooms: readonly Room[] = [];
  /** What the rooms of the last report add up to, by customer. Counts only while the server is enabled. */
  usage: ReadonlyMap<Usage, Readonly<Count>> = new Map();
  /** Tasks waiting to be handed over, in order. */
  tasks: QueuedTask[] = [];
  taskBytes = 0;
  handOver: HandOver | undefined = undefined;
  /** Rooms that the server was told to close and may still list, by `roomKey`. */
  readonly closing = new Map<string, Closing>();

  constructor(readonly address: Address, public pool: string, readonly firstSeen: Milliseconds) {
    this.lastSeen = firstSeen;
  }
}

/** The known servers by address, and those that may be chosen, by pool. */
export class Servers {
  readonly #known = new Map<Address, Server>();
  readonly #enabled = new Map<string, Server[]>();

  get(address: Address): Server | undefined {
    return this.#known.get(address);
  }

  add(server: Server): void {
    this.#known.set(server.address, server);
  }

  delete(server: Server): void {
    this.setEnabled(server, false);
    this.#known.delete(server.address);
  }

  setEnabled(server: Server, enabled: boolean): void {
    if (server.enabled === enabled) return;
    server.enabled = enabled;
    const pool = this.enabled(server.pool);
    this.#enabled.set(server.pool, enabled ? [...pool, server] : pool.filter((other) => other !== server));
  }

  /** The servers of a pool that are alive. */
  enabled(pool: string): Server[] {
    return this.#enabled.get(pool) ?? [];
  }

  get size(): number {
    return this.#known.size;
  }

  [Symbol.iterator](): IterableIterator<Server> {
    return this.#known.values();
  }
}
