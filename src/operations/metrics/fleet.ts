import { Gauge, type Registry } from "prom-client";
import type { FleetFigures, ServerFigures, ServerState } from "../../fleet/mod.ts";
import { labelOf, OTHERS, UNVOUCHED } from "./named_customers.ts";
import { PREFIX } from "./prefix.ts";

/** Servers that have metrics of their own, of at most `limits.servers`; those beyond count in the sums of their pool. */
const NAMED_SERVERS = 1000;

const STATES = {
  open: "open",
  silent: "silent",
  draining: "draining",
  "weight 0": "weight_0",
} as const satisfies Record<ServerState, string>;

/**
 * Reads the fleet when somebody asks.
 *
 * @returns takes the figures of the moment over into the metrics
 */
export function fleetMetrics(registry: Registry): (figures: FleetFigures) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
  const ofServer = (name: string, help: string) => gauge(`server_${name}`, help, "server", "pool");
  const ofCustomer = (name: string, help: string) => gauge(`customer_${name}`, help, "customer");
  const servers = gauge(
    "servers",
    "Known servers by pool, and by whether they take new rooms.",
    "pool",
    "state",
  );
  const serverGauges: [ReturnType<typeof ofServer>, (server: ServerFigures) => number][] = [
    [ofServer("load_ratio", "Load in the last report, 0 (idle) to 1 (full)."), ({ load }) => load],
    [
      ofServer("expected_load_ratio", "Load once those on the way are there and young rooms have grown."),
      ({ expectedLoad }) => expectedLoad,
    ],
    [ofServer("clients", "Clients in the last report."), ({ clients }) => clients],
    [ofServer("rooms", "Rooms in the last report."), ({ rooms }) => rooms],
    [ofServer("grants", "Clients granted that no report has shown yet."), ({ grants }) => grants],
    [
      ofServer("growth_clients", "Clients that its young rooms are expected to grow by."),
      ({ growth }) => growth,
    ],
    [ofServer("weight_ratio", "Share of what it could take that it is to take."), ({ weight }) => weight],
    [ofServer("tasks", "Tasks that wait for it."), ({ tasks }) => tasks],
    [
      ofServer("last_report_timestamp_seconds", "When its last report came, unix time."),
      ({ lastSeen }) => lastSeen / 1000,
    ],
  ];
  const peers = ofCustomer("peers", "Clients that count towards the customer's licence.");
  const customerRooms = ofCustomer("rooms", "Rooms that count towards the customer's licence.");
  const peersLimit = ofCustomer(
    "peers_limit",
    "Clients that the licence allows; absent where there is no limit.",
  );
  const roomsLimit = ofCustomer(
    "rooms_limit",
    "Rooms that the licence allows; absent where there is no limit.",
  );
  const rooms = gauge("rooms", "Rooms that are known.");
  const unlisted = gauge(
    "unlisted_rooms",
    "Rooms that no report lists: granted, or over and kept for their tokens.",
  );
  const bans = gauge("bans", "Bans in force.");
  const tasks = gauge("tasks_waiting", "Tasks that wait for servers.");
  const taskSize = gauge("tasks_waiting_characters", "Size of those tasks, in characters of JSON.");

  return (figures) => {
    servers.reset();
    for (const [each] of serverGauges) each.reset();
    for (const [i, server] of figures.servers.entries()) {
      const { address, pool, state } = server;
      servers.inc({ pool, state: STATES[state] });
      if (i >= NAMED_SERVERS) continue;
      for (const [each, value] of serverGauges) each.set({ server: address, pool }, value(server));
    }
    for (const each of [peers, customerRooms, peersLimit, roomsLimit]) each.reset();
    for (const usage of figures.customers) {
      const customer = labelOf(usage.customer);
      peers.set({ customer }, usage.peers);
      customerRooms.set({ customer }, usage.rooms);
      if (Number.isFinite(usage.maxPeers)) peersLimit.set({ customer }, usage.maxPeers);
      if (Number.isFinite(usage.maxRooms)) roomsLimit.set({ customer }, usage.maxRooms);
    }
    // Of several together the limits say nothing: one that is full is not seen beside one that is empty.
    for (const [customer, count] of [[OTHERS, figures.others], [UNVOUCHED, figures.unvouched]] as const) {
      if (count.peers === 0 && count.rooms === 0) continue;
      peers.set({ customer }, count.peers);
      customerRooms.set({ customer }, count.rooms);
    }
    rooms.set(figures.rooms);
    unlisted.set(figures.unlistedRooms);
    bans.set(figures.bans);
    tasks.set(figures.servers.reduce((sum, server) => sum + server.tasks, 0));
    taskSize.set(figures.taskBytes);
  };
}
