import * as fleet from "../fleet/mod.ts";
import type {
  Address,
  Ban,
  BanFilter,
  CustomerFilter,
  CustomerUsage,
  KindFilter,
  KindInfo,
  LearnedSizes,
  Milliseconds,
  Model,
  PoolForecast,
  Room,
  RoomDetail,
  RoomFilter,
  RoomId,
  RoomInfo,
  Server,
  ServerDetail,
  ServerFilter,
  ServerInfo,
  ServersOfCustomer,
  TaskFilter,
  TaskInfo,
  UnixTime,
  Usage,
  WaitingTask,
} from "../fleet/mod.ts";
import { type Asked, type Page, Pages } from "../lists/pages.ts";
import type { Condition, FleetView } from "./port.ts";
import { type Clocks, longWork, type Timers, toUnixTime } from "./timers.ts";

/**
 * The fleet as people look at it: lists page by page, and one thing at a time. Changes nothing, and never looks at all
 * there is in one go. All times are unix time in milliseconds.
 */
export class View implements FleetView {
  readonly #model: Model;
  readonly #clocks: Clocks;
  readonly #condition: () => { readonly storable: boolean; readonly waiting: boolean };
  readonly #servers: Pages<Server>;
  readonly #rooms: Pages<Room>;
  readonly #bans: Pages<Ban>;
  readonly #tasks: Pages<WaitingTask>;
  readonly #kinds: Pages<LearnedSizes>;
  readonly #customers: Pages<Usage>;

  constructor(
    model: Model,
    clocks: Clocks,
    timers: Timers,
    condition: () => { readonly storable: boolean; readonly waiting: boolean },
    readonly gateways: FleetView["gateways"],
  ) {
    this.#model = model;
    this.#clocks = clocks;
    this.#condition = condition;
    const pages = <Entry>() => new Pages<Entry>(clocks.now, () => longWork(timers));
    this.#servers = pages();
    this.#rooms = pages();
    this.#bans = pages();
    this.#tasks = pages();
    this.#kinds = pages();
    this.#customers = pages();
  }

  /** Gives up what is kept of lists that nobody goes on with. */
  tick(): void {
    for (const pages of [this.#servers, this.#rooms, this.#bans, this.#tasks, this.#kinds, this.#customers]) {
      pages.giveUp();
    }
  }

  async servers(asked: Asked<ServerFilter>): Promise<Page<ServerInfo<UnixTime>>> {
    const page = await this.#servers.read(fleet.serverList(this.#model, asked.filter), asked);
    return shown(page, (server) => ({ ...server, ...shownTimes(this.#clocks, server) }));
  }

  rooms(asked: Asked<RoomFilter>): Promise<Page<RoomInfo>> {
    return this.#rooms.read(fleet.roomList(this.#model, asked.filter), asked);
  }

  async bans(asked: Asked<BanFilter>): Promise<Page<Ban<UnixTime>>> {
    const page = await this.#bans.read(fleet.banList(this.#model, asked.filter, this.#clocks.now), asked);
    return shown(page, (ban) => this.#shownBan(ban));
  }

  async tasks(asked: Asked<TaskFilter>): Promise<Page<TaskInfo<UnixTime>>> {
    const page = await this.#tasks.read(fleet.taskList(this.#model, asked.filter), asked);
    return shown(page, (task) => ({ ...task, expires: toUnixTime(this.#clocks, task.expires) }));
  }

  kinds(asked: Asked<KindFilter>): Promise<Page<KindInfo>> {
    return this.#kinds.read(fleet.kindList(this.#model, asked.filter), asked);
  }

  customers(asked: Asked<CustomerFilter>): Promise<Page<CustomerUsage>> {
    return this.#customers.read(fleet.usageList(this.#model, asked.filter), asked);
  }

  usageOf(customers: readonly string[]): Promise<readonly CustomerUsage[]> {
    return Promise.resolve(customers.map((customer) => fleet.usageOfCustomer(this.#model, customer)));
  }

  serversOf(customer: string): Promise<ServersOfCustomer> {
    return Promise.resolve(fleet.serversOfCustomer(this.#model, customer));
  }

  server(address: Address): Promise<ServerDetail<UnixTime> | undefined> {
    const server = fleet.lookAtServer(this.#model, address);
    return Promise.resolve(server && { ...server, ...shownTimes(this.#clocks, server) });
  }

  room(room: RoomId): Promise<RoomDetail | undefined> {
    return Promise.resolve(fleet.lookAtRoom(this.#model, room));
  }

  /** The ban of exactly this room, or of exactly this user in it. */
  ban(room: RoomId, user: string | undefined): Promise<Ban<UnixTime> | undefined> {
    const ban = fleet.lookAtBan(this.#model, room, user, this.#clocks.now());
    return Promise.resolve(ban && this.#shownBan(ban));
  }

  forecast(pool?: string, target = this.#model.settings.placement.target): Promise<readonly PoolForecast[]> {
    return Promise.resolve(fleet.forecast(this.#model, target, pool));
  }

  condition(): Promise<Condition> {
    const { storable, waiting } = this.#condition();
    const waitsUntil = waiting ? toUnixTime(this.#clocks, this.#model.startWaitUntil) : undefined;
    return Promise.resolve({ storable, waitsUntil });
  }

  #shownBan(ban: Ban): Ban<UnixTime> {
    return { ...ban, until: toUnixTime(this.#clocks, ban.until) };
  }
}

function shown<Item, Shown>({ items, next }: Page<Item>, show: (item: Item) => Shown): Page<Shown> {
  return { items: items.map(show), next };
}

/** The times of a server, as people read them. */
export function shownTimes(clocks: Clocks, { draining, firstSeen, lastSeen }: ServerInfo) {
  return {
    draining: draining && { ...draining, deadline: shownDeadline(clocks, draining.deadline) },
    firstSeen: toUnixTime(clocks, firstSeen),
    lastSeen: toUnixTime(clocks, lastSeen),
  };
}

/** The deadline for draining, as people read it. */
export function shownDeadline(clocks: Clocks, deadline: Milliseconds | undefined): UnixTime | undefined {
  return deadline === undefined ? undefined : toUnixTime(clocks, deadline);
}
