import * as fleet from "../fleet/mod.ts";
import type {
  Address,
  Ban,
  BanFilter,
  CustomerFilter,
  CustomerUsage,
  KindFilter,
  KindInfo,
  Milliseconds,
  Model,
  PoolForecast,
  RoomDetail,
  RoomFilter,
  RoomId,
  RoomInfo,
  ServerDetail,
  ServerFilter,
  ServerInfo,
  ServersOfCustomer,
  TaskFilter,
  TaskInfo,
  UnixTime,
  Walk,
} from "../fleet/mod.ts";
import { Pages } from "./pages.ts";
import type { Condition, FleetView, Listing, PageOf } from "./port.ts";
import { type Clocks, toUnixTime } from "./timers.ts";

/**
 * The fleet as people look at it: lists page by page, and one thing at a time. Changes nothing, and never looks at all
 * there is in one go. All times are unix time in milliseconds.
 */
export class View implements FleetView {
  readonly #model: Model;
  readonly #clocks: Clocks;
  readonly #condition: () => { readonly storable: boolean; readonly waiting: boolean };
  readonly #servers = new Pages<ServerInfo>();
  readonly #rooms = new Pages<RoomInfo>();
  readonly #bans = new Pages<Ban>();
  readonly #tasks = new Pages<TaskInfo>();
  readonly #kinds = new Pages<KindInfo>();
  readonly #customers = new Pages<CustomerUsage>();

  constructor(
    model: Model,
    clocks: Clocks,
    condition: () => { readonly storable: boolean; readonly waiting: boolean },
    readonly gateways: FleetView["gateways"],
  ) {
    this.#model = model;
    this.#clocks = clocks;
    this.#condition = condition;
  }

  servers(asked: Listing<ServerFilter>): Promise<PageOf<ServerInfo<UnixTime>>> {
    return this.#page(this.#servers, asked, (filter) => fleet.walkServers(this.#model, filter), (server) => ({
      ...server,
      ...shownTimes(this.#clocks, server),
    }));
  }

  rooms(asked: Listing<RoomFilter>): Promise<PageOf<RoomInfo>> {
    return this.#page(this.#rooms, asked, (filter) => fleet.walkRooms(this.#model, filter), asItIs);
  }

  bans(asked: Listing<BanFilter>): Promise<PageOf<Ban<UnixTime>>> {
    const walk = (filter: BanFilter) => fleet.walkBans(this.#model, filter, this.#clocks.now);
    return this.#page(this.#bans, asked, walk, (ban) => this.#shownBan(ban));
  }

  tasks(asked: Listing<TaskFilter>): Promise<PageOf<TaskInfo<UnixTime>>> {
    return this.#page(this.#tasks, asked, (filter) => fleet.walkTasks(this.#model, filter), (task) => ({
      ...task,
      expires: toUnixTime(this.#clocks, task.expires),
    }));
  }

  kinds(asked: Listing<KindFilter>): Promise<PageOf<KindInfo>> {
    return this.#page(this.#kinds, asked, (filter) => fleet.walkKinds(this.#model, filter), asItIs);
  }

  customers(asked: Listing<CustomerFilter>): Promise<PageOf<CustomerUsage>> {
    return this.#page(this.#customers, asked, (filter) => fleet.walkCustomers(this.#model, filter), asItIs);
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

  #page<Filter, Item, Shown>(
    pages: Pages<Item>,
    asked: Listing<Filter>,
    walk: (filter: Filter) => Walk<Item>,
    show: (item: Item) => Shown,
  ): Promise<PageOf<Shown>> {
    const page = asked.cursor === undefined
      ? pages.first(walk(asked.filter), asked.limit, this.#clocks.now())
      : pages.next(asked.cursor, asked.limit, this.#clocks.now());
    return Promise.resolve(page === undefined ? "no-cursor" : { ...page, items: page.items.map(show) });
  }

  #shownBan(ban: Ban): Ban<UnixTime> {
    return { ...ban, until: toUnixTime(this.#clocks, ban.until) };
  }
}

const asItIs = <Item>(item: Item): Item => item;

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
