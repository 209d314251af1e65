import type {
  Address,
  Ban,
  BanFilter,
  ConnectInput,
  ConnectOutcome,
  CustomerFilter,
  CustomerUsage,
  Explanation,
  Fate,
  FleetFigures,
  ForgetRefusal,
  ForgottenKind,
  Kind,
  KindFilter,
  KindInfo,
  ManagementInput,
  ManagementOutcome,
  Member,
  Milliseconds,
  Plan,
  PoolForecast,
  Report,
  RoomDetail,
  RoomFilter,
  RoomId,
  RoomInfo,
  ServerDetail,
  ServerFilter,
  ServerInfo,
  ServersOfCustomer,
  Task,
  TaskFilter,
  TaskInfo,
  UnixTime,
} from "../fleet/mod.ts";
import type { Asked, Page } from "../lists/pages.ts";

/**
 * What the edge may ask of the gateway. Only plain data crosses, one message each way a call, so that callers may live on
 * another thread; times are unix time in milliseconds, spans are milliseconds.
 */
export interface GatewayPort {
  /** Grants a client its way to a server; the answer is as durable as it has to be. */
  connect(input: ConnectInput): Promise<ConnectOutcome | NotDurable>;
  /** Closes a room, bans, lifts, updates, or sends a message, safe from loss of power. */
  manage(input: ManagementInput): Promise<ManagementOutcome | "not-durable">;
  /** Changes what is wanted of a server. @returns what was wanted before, and is now */
  plan(
    address: Address,
    wanted: WantedPlan,
  ): Promise<
    { readonly before: Plan<UnixTime>; readonly after: Plan<UnixTime> } | "no-server" | "not-durable"
  >;
  /** Forgets a server that is silent, with all that was known of it. */
  forget(address: Address): Promise<"forgotten" | ForgetRefusal | "not-durable">;
  /** Forgets what was learned of a kind of rooms. */
  forgetKind(kind: Kind): Promise<ForgottenKind>;
  /** Why a room is where it is; nothing where it is nowhere. */
  explain(room: RoomId): Promise<ShownExplanation | undefined>;
  /** The fleet as people look at it. */
  readonly view: FleetView;
  /** Servers and rooms as they are now, and what was learned of their kinds. */
  info(): Promise<ShownFleet>;
  /** The fleet in numbers, whatever the number of rooms. @param customers that are told one by one, at most */
  figures(customers: number): Promise<FleetFigures<UnixTime>>;
  /**
   * Takes in a report, in slices that let other calls pass; reports of one server one after the other.
   *
   * @param wantsTasks whether there is an answer to put tasks into
   */
  report(input: Report, wantsTasks: boolean): Promise<ReportOutcome>;
  /** What became of an answer with tasks; to be told once, as soon as it is known. */
  delivered(delivery: Delivery, fate: Fate): void;
  /** A report begins to come, perhaps a large one; rooms that are not known wait for it, if they wait for servers at all. */
  reportComes(): Arrival;
  /** That report is there and has been taken in, or will not come. */
  reportCame(arrival: Arrival): void;
}

/** The fleet as people look at it: lists page by page, and one thing at a time. Changes nothing. */
export interface FleetView {
  servers(asked: Asked<ServerFilter>): Promise<Page<ServerInfo<UnixTime>>>;
  rooms(asked: Asked<RoomFilter>): Promise<Page<RoomInfo>>;
  bans(asked: Asked<BanFilter>): Promise<Page<Ban<UnixTime>>>;
  tasks(asked: Asked<TaskFilter>): Promise<Page<TaskInfo<UnixTime>>>;
  kinds(asked: Asked<KindFilter>): Promise<Page<KindInfo>>;
  /** Customers that use something now. */
  customers(asked: Asked<CustomerFilter>): Promise<Page<CustomerUsage>>;
  server(address: Address): Promise<ServerDetail<UnixTime> | undefined>;
  room(room: RoomId): Promise<RoomDetail | undefined>;
  /** The ban of exactly this room, or of exactly this user in it. */
  ban(room: RoomId, user: string | undefined): Promise<Ban<UnixTime> | undefined>;
  /** What these customers use, one after the other. */
  usageOf(customers: readonly string[]): Promise<readonly CustomerUsage[]>;
  /** The servers on which a customer has something, those with the most of its peers first. */
  serversOf(customer: string): Promise<ServersOfCustomer>;
  /** All gateways that share the store and live; nothing where there is only this one. */
  gateways(): Promise<readonly Member[] | undefined>;
  /** What pools, or one of them, will need. @param target load that servers are to have; if absent, as configured */
  forecast(pool?: string, target?: number): Promise<readonly PoolForecast[]>;
  condition(): Promise<Condition>;
}

/** Whether what has to last can be written, and until when servers are waited for after the start, if they are. */
export interface Condition {
  readonly storable: boolean;
  readonly waitsUntil: UnixTime | undefined;
}

/** Names an answer with tasks, until it is known whether its server has read it. */
export interface Delivery {
  readonly server: Address;
  readonly id: number;
}

/** Names a report that has begun to come. */
export interface Arrival {
  readonly id: number;
}

/** What a server's report is answered with; a delivery where there are tasks. Refused where there are too many servers. */
export type ReportOutcome =
  | { readonly accepted: false }
  | ({ readonly accepted: true } & TasksOut);

/** Tasks that go out with an answer, and how to tell what became of it; that only where there are tasks. */
export interface TasksOut {
  readonly tasks: readonly Task[];
  readonly delivery: Delivery | undefined;
}

/** What is to change of what is wanted of a server. A deadline for draining is in milliseconds from now. */
export type WantedPlan =
  | { readonly weight: number }
  | { readonly draining: boolean; readonly within?: Milliseconds };

/** The fleet as the gateway shows it. */
export interface ShownFleet {
  readonly servers: readonly ServerInfo<UnixTime>[];
  readonly rooms: readonly RoomInfo[];
  readonly kinds: readonly KindInfo[];
}

/** Where a room is and, where that is remembered, why. */
export interface ShownExplanation {
  readonly server: Address;
  readonly group: string;
  readonly explanation: Explanation<UnixTime> | undefined;
}

/** A change that could not be made durable refuses the call that depends on it. */
export type NotDurable = { readonly granted: false; readonly reason: "not-durable" };
