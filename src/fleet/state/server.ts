import type { Draining, RoomWork, ServerLoad } from "../facts.ts";
import type { Address, RoomId } from "../ids.ts";
import { ClientCost, EXPONENTS, noWorks, WorkFit } from "../learning/mod.ts";
import type { Milliseconds } from "../time.ts";
import type { Miscounts } from "./miscounts.ts";
import type { RoomCost } from "./room_cost.ts";
import type { Group, Room } from "./room.ts";
import { HandOvers } from "./hand_overs.ts";
import { Intake } from "./intake.ts";
import { Liveness } from "./liveness.ts";
import type { Stall } from "./stall.ts";
import type { QueuedTask } from "../task.ts";
import type { TaskQueue } from "./task_queue.ts";
import type { Count, Usage } from "./usage.ts";

/** A RoomClose that got through, until a report shows that it was obeyed. */
export interface Closing {
  readonly task: QueuedTask;
  /** How many reports of the server any gateway had heard then. */
  readonly report: number;
  readonly at: Milliseconds;
}

/** What a server gives up while it is too full. */
export interface Relief {
  /** Whether it said then that it was full, not how full: how much there was to lose is not known. */
  readonly full: boolean;
  /** What its rooms cost before, by client: what is known of that may become another when they leave. */
  readonly ofClient: number;
  /** Load that was there without its rooms before. */
  readonly beside: number;
  /** Load of the groups that have moved away. */
  readonly moved: number;
  /** The one that moved last. */
  readonly last: Group;
}

/** Load of a client where no server has told anything to learn from. */
const DEFAULT_LOAD_PER_CLIENT = 0.001;

/** How long the median of a pool is used before it is looked at again. */
const TYPICAL_FOR: Milliseconds = 1000;

/** An ODIN server, from its first report until it has been silent for the remove timeout. */
export class Server implements ServerLoad {
  version = "";
  readonly liveness: Liveness;
  readonly intake = new Intake();
  load = 0;
  clients = 0;
  /** The same, but for a number that the last report alone shows and that is out of all proportion: the one before. */
  counted = 0;
  /** Whether the last report tells what its clients cost: it has a load, and no nonsense of a number of clients. */
  teaches = false;
  groups = 0;
  grants = 0;
  growth = 0;
  steadyLoad = 0;
  /** What the report before said; nothing lower is known of a server that has reported once. */
  loadBefore = 0;
  #loadReckoned = 0;
  loadPerClient = DEFAULT_LOAD_PER_CLIENT;
  cost = new ClientCost();
  /** What its rooms came to in the last report, by `EXPONENTS`. */
  works = noWorks();
  workFit = new WorkFit();
  /** As `cost`, of a unit of work, by `EXPONENTS`. */
  readonly workCosts = EXPONENTS.map(() => new ClientCost());
  /** Load that a unit of work adds. */
  loadPerWork = 0;
  /** Work that its young groups will grow by. */
  growthWork = 0;
  /** The groups that may still grow. */
  readonly young = new Set<Group>();
  /** How many reports have come to this gateway; marks the rooms that the last one listed. */
  reports = 0;
  /** How many have come to any gateway. */
  reportsAnywhere = 0;
  /** Names the last one that came to any gateway. */
  lastReport = "";
  /** Whether this gateway heard the last one: else it knows what it was told of its rooms. */
  heardHere = false;
  /** Whether another gateway is to be told of the clients of all its rooms. */
  figuresWanted = false;
  /** Whether other gateways could not be told of the last one, because the store was away. */
  untold = false;
  /** The rooms that the last report listed and this server holds. */
  rooms: Room[] = [];
  /** The rooms that the last report listed and another server holds, by `scopedKey`: it is told to close them. */
  foreign: ReadonlyMap<string, RoomId> = new Map();
  /** The rooms that it holds and that no report lists (not yet, or not any more). */
  readonly unlisted = new Set<Room>();
  /** What the rooms of the last report add up to, by customer. Counts only while the server is enabled. */
  usage: ReadonlyMap<Usage, Readonly<Count>> = new Map();
  /** What of it counts no more, because its rooms have left the server since. */
  readonly moved = new Map<Usage, Count>();
  readonly handOvers = new HandOvers();
  /** Rooms that have ended while it was draining and that it was told to refuse, by `scopedKey`. */
  readonly refusing = new Map<
    string,
    { readonly room: RoomId; readonly customer: string; readonly until: Milliseconds }
  >();
  /** Rooms that the server was told to close and may still list, by `scopedKey`. */
  readonly closing = new Map<string, Closing>();
  /** When it was last complained of, by what it did; bounded by the sorts of complaints. */
  readonly complaints = new Map<string, Milliseconds>();
  /** Reports in a row that came much earlier than they should. */
  early = 0;
  /** Whether its last report said its load: else that is an old one. */
  loadKnown = true;
  /** The group that it gave up last, or got, because a server was too full. */
  rebalanced: { readonly group: Group; readonly at: Milliseconds } | undefined = undefined;
  /** What it has given up since it was too full. */
  relief: Relief | undefined = undefined;
  /** Since when nothing leaves it though it is too full, if so; and when that was last told. */
  stall: Stall | undefined = undefined;
  stallTold: Milliseconds = -Infinity;

  constructor(
    readonly address: Address,
    public pool: string,
    readonly firstSeen: Milliseconds,
    /** Tasks that are to be handed over. */
    readonly tasks: TaskQueue,
    /** Those of the model. */
    readonly miscounts: Miscounts,
    /** That of the model. */
    readonly roomCost: RoomCost,
  ) {
    this.liveness = new Liveness(firstSeen);
  }

  /** How rooms load it, where it is known to be more than their clients. */
  get work(): RoomWork | undefined {
    const { which } = this.roomCost;
    const there = this.works[which]!;
    if (which === 0 || this.loadPerWork === 0) return undefined;
    if (there === 0 && this.clients > 0) return undefined; // it has rooms, of which no report has told yet
    const exponent = EXPONENTS[which]!;
    // One client more in a room of the usual size, or the first; the first of the works is the clients of all rooms.
    const ofClient = there === 0 ? 1 : exponent * there / this.works[0]!;
    return { exponent, coming: this.grants * ofClient + this.growthWork, load: this.loadPerWork };
  }

  /** Load that its rooms account for, as far as is known. */
  get loadOfRooms(): number {
    const { work, counted, loadPerClient } = this;
    return work === undefined ? counted * loadPerClient : this.works[this.roomCost.which]! * work.load;
  }

  /** It is heard: it may be chosen, and its usage counts. */
  get enabled(): boolean {
    return this.liveness.alive;
  }

  get lastSeen(): Milliseconds {
    return this.liveness.lastSeen;
  }

  get weight(): number {
    return this.intake.weight;
  }

  get draining(): Draining | undefined {
    return this.intake.draining;
  }

  get drained(): boolean {
    return this.intake.drained;
  }

  /**
   * Whether it retains the groups it holds, and what it reported counts towards licences. Else it is silent, or what it has
   * is being closed: groups are placed elsewhere when they are asked for.
   */
  get retainsGroups(): boolean {
    return this.enabled && !this.intake.evicting;
  }

  /** Its rooms that are listed and still here, each once. O(its rooms) */
  get listedRooms(): Room[] {
    return [...new Set(this.rooms)].filter((room) => room.listed && this.holds(room));
  }

  /**
   * It has told its load, or what that is made of.
   *
   * @param typical what a client costs elsewhere
   */
  reckonLoad(typical: number): void {
    const { cost, clients, counted, load } = this;
    this.loadPerClient = cost.perClient(typical);
    if (!this.loadKnown) return;
    this.loadBefore = this.#loadReckoned;
    this.#loadReckoned = load;
    // What clients cost says nothing of a number that is out of all proportion.
    this.steadyLoad = counted === clients ? cost.steadyLoad(clients, load, typical) : load;
  }

  /** Whether the room is still in the model, and on this server. */
  holds(room: Room): boolean {
    return room.group.server === this && room.group.room(room.name) === room;
  }

  /** Why the server gets no new groups, if so. */
  get closedBecause(): "silent" | "draining" | "weight 0" | undefined {
    if (!this.enabled) return "silent";
    if (this.draining !== undefined) return "draining";
    return this.weight === 0 ? "weight 0" : undefined;
  }
}

/** The servers of a pool, by whether they may take a new group. */
export interface Pool {
  readonly open: readonly Server[];
  readonly closed: readonly Server[];
}

const EMPTY: Pool = { open: [], closed: [] };

/** The known servers by address, and by pool. */
export class Servers {
  readonly #known = new Map<Address, Server>();
  readonly #pools = new Map<string, Pool>();
  readonly #typical = new Map<string, { readonly at: Milliseconds; readonly loadPerClient: number }>();

  get(address: Address): Server | undefined {
    return this.#known.get(address);
  }

  add(server: Server): void {
    this.#known.set(server.address, server);
    this.sort(server);
  }

  delete(server: Server): void {
    this.#known.delete(server.address);
    this.#take(server);
  }

  /** Gives the server its place in its pool; to be called after each change of what that depends on. */
  sort(server: Server, pool = server.pool): void {
    const { open, closed } = this.pool(server.pool);
    const isOpen = server.closedBecause === undefined;
    if (pool === server.pool && (isOpen ? open : closed).includes(server)) return;
    this.#take(server);
    server.pool = pool;
    const members = this.pool(pool);
    this.#pools.set(
      pool,
      isOpen
        ? { ...members, open: [...members.open, server] }
        : { ...members, closed: [...members.closed, server] },
    );
  }

  pool(name: string): Pool {
    return this.#pools.get(name) ?? EMPTY;
  }

  /** Load of a client on a server of which nothing is known: the median of those of its pool, looked at now and then. */
  typicalLoadPerClient(pool: string, now: Milliseconds): number {
    const known = this.#typical.get(pool);
    if (known !== undefined && now - known.at < TYPICAL_FOR) return known.loadPerClient;
    const costs = this.pool(pool).open.filter(({ cost }) => cost.known).map((server) => server.loadPerClient);
    const median = costs.sort((a, b) => a - b)[costs.length >> 1];
    if (median === undefined) return DEFAULT_LOAD_PER_CLIENT;
    this.#typical.set(pool, { at: now, loadPerClient: median });
    return median;
  }

  get size(): number {
    return this.#known.size;
  }

  [Symbol.iterator](): IterableIterator<Server> {
    return this.#known.values();
  }

  #take(server: Server): void {
    const { open, closed } = this.pool(server.pool);
    const rest = (servers: readonly Server[]) => servers.filter((other) => other !== server);
    const pool = { open: rest(open), closed: rest(closed) };
    if (pool.open.length + pool.closed.length > 0) this.#pools.set(server.pool, pool);
    else this.#pools.delete(server.pool);
  }
}
