import * as fleet from "./fleet/mod.ts";
import type {
  Address,
  Change,
  ConnectInput,
  ConnectOutcome,
  FleetSettings,
  ManagementInput,
  ManagementOutcome,
  Milliseconds,
  Report,
  RoomInfo,
  ServerInfo,
  Task,
} from "./fleet/mod.ts";

/** How often the life cycle of servers, grants and rooms is looked at. */
const TICK: Milliseconds = 250;

/** Tasks for a server in an answer that is about to be sent. */
export interface Delivery {
  readonly tasks: readonly Task[];
  /** To be called once: whether the answer was fully sent. */
  readonly settle: (sent: boolean) => void;
}

/** A server as the gateway shows it: times are unix time in milliseconds. */
export type ShownServer = ServerInfo;

/**
 * The shell around the pure fleet: runs one named operation at a time, tells its changes to whoever listens, and
 * then answers. What crosses it is plain data, one message each way a call, so that callers may live on another
 * thread one day.
 */
export class Gateway {
  readonly #model: fleet.Model;
  readonly #listeners: ((change: Change) => void)[] = [];
  readonly #now: () => Milliseconds;
  readonly #random: () => number;
  #ticking: ReturnType<typeof setInterval> | undefined;

  /**
   * @param now a monotonic clock
   * @param random uniform in [0, 1)
   */
  constructor(settings: FleetSettings, now = () => Math.floor(performance.now()), random = Math.random) {
    this.#model = fleet.createModel(settings);
    this.#now = now;
    this.#random = random;
  }

  start(): void {
    this.#ticking = setInterval(() => this.#tell(fleet.tick(this.#model, this.#now())), TICK);
  }

  stop(): void {
    clearInterval(this.#ticking);
  }

  /** Calls the listener with every change, after it is made. */
  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  connect(input: ConnectInput): Promise<ConnectOutcome> {
    const { outcome, changes } = fleet.connect(this.#model, input, this.#now(), this.#random);
    this.#tell(changes);
    return Promise.resolve(outcome);
  }

  manage(input: ManagementInput): Promise<ManagementOutcome> {
    const { outcome, changes } = fleet.manage(this.#model, input, this.#now());
    this.#tell(changes);
    return Promise.resolve(outcome);
  }

  /** @returns false where there are too many servers already */
  report(input: Report): Promise<boolean> {
    const { refused, changes } = fleet.report(this.#model, input, this.#now());
    this.#tell(changes);
    return Promise.resolve(!refused);
  }

  /** The tasks to put into an answer to the server. */
  deliver(address: Address): Promise<Delivery> {
    const { tasks, handOver } = fleet.handOverTasks(this.#model, address, this.#now());
    const settle = (sent: boolean) => {
      if (handOver === undefined) return;
      if (sent) this.#tell(fleet.confirmTasks(this.#model, address, handOver));
      else fleet.returnTasks(this.#model, address, handOver);
    };
    return Promise.resolve({ tasks, settle });
  }

  /** Servers and rooms as they are now; times as unix time in milliseconds. */
  info(): Promise<{ servers: ShownServer[]; rooms: RoomInfo[] }> {
    const { servers, rooms } = fleet.info(this.#model);
    const toUnixTime = Date.now() - this.#now();
    const shown = servers.map((server) => ({
      ...server,
      firstSeen: server.firstSeen + toUnixTime,
      lastSeen: server.lastSeen + toUnixTime,
    }));
    return Promise.resolve({ servers: shown, rooms });
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) listener(change);
    }
  }
}
