import { Counter, Histogram, type Registry } from "prom-client";
import { type Change, isBetweenGateways } from "../../fleet/mod.ts";
import type { Observer } from "../../gateway/observers.ts";
import { PREFIX } from "./prefix.ts";

/** Rooms of a report. */
const ROOMS = [0, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000];

/** Counts what happens in the gateway, as it happens. */
export function changeMetrics(registry: Registry): Observer {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
  const grants = counter("grants_total", "Clients that were granted their way to a server.", "pool");
  const placed = counter("rooms_placed_total", "Rooms, or groups of rooms, that got a server.");
  const moved = counter("rooms_moved_total", "Rooms, or groups of rooms, that got another server.");
  const rebalanced = counter(
    "rooms_rebalanced_total",
    "Those of them that left a server because it was too full.",
  );
  const opened = counter("rooms_opened_total", "Rooms that became known, granted or reported.");
  const closed = counter("rooms_closed_total", "Rooms that are on no server any more.");
  const collisions = counter(
    "room_collisions_total",
    "Rooms that a server reported while another holds them.",
  );
  const ignored = counter(
    "closes_ignored_total",
    "Rooms that a server kept open although told to close them.",
  );
  const events = counter("server_events_total", "What happened to servers.", "event");
  const queued = counter(
    "tasks_queued_total",
    "Tasks put into a server's queue, anew where a room moved.",
    "task",
  );
  const handedOver = counter(
    "tasks_handed_over_total",
    "Tasks put into answers to servers, repetitions included.",
  );
  const repeated = counter("tasks_repeated_total", "Tasks put into an answer although one before had them.");
  const ended = counter("tasks_ended_total", "Tasks that left a queue: read, or without need any more.");
  const expired = counter(
    "tasks_expired_total",
    "Tasks given up because their server did not fetch them in time.",
  );
  const banned = counter("bans_set_total", "Bans that were set, or set anew.");
  const lifted = counter("bans_lifted_total", "Bans that were lifted by a call.");
  const miscounts = counter("miscounts_total", "Counts of the model that were found wrong and put right.");
  const pauses = counter("pauses_total", "Times that the gateway did not run for more than half a second.");
  const paused = counter("paused_seconds_total", "Seconds in which the gateway did not run.");
  const clockSet = counter(
    "clock_settings_total",
    "Times that the wall clock was set by more than a second.",
  );
  const reportRooms = new Histogram({
    name: `${PREFIX}report_rooms`,
    help: "Rooms in a server's report.",
    buckets: ROOMS,
    registers: [registry],
  });

  function count(change: Change): void {
    if (isBetweenGateways(change)) return;
    switch (change.type) {
      case "server-appeared":
      case "server-drained":
      case "server-enabled":
      case "server-disabled":
      case "server-removed":
      case "server-evicting":
      case "server-odd":
        return events.inc({ event: change.type.slice("server-".length) });
      case "group-placed":
        if (change.overload !== undefined) rebalanced.inc();
        return (change.from === undefined ? placed : moved).inc();
      case "room-opened":
        return opened.inc();
      case "room-closed":
        return closed.inc();
      case "collision":
        return collisions.inc();
      case "close-ignored":
        return ignored.inc();
      case "miscounted":
        return miscounts.inc();
      case "banned":
        return banned.inc();
      case "ban-ended":
        return change.lifted ? lifted.inc() : undefined;
      case "task-queued":
        return queued.inc({ task: change.task.kind });
      case "task-ended":
        return (change.expired ? expired : ended).inc();
      case "server-reported":
      case "server-planned":
      case "server-stalled":
      case "group-released":
      case "room-changed":
      case "kind-learned":
      case "name-learned":
        return;
      default:
        change satisfies never;
    }
  }

  return {
    changed: count,
    granted: ({ pool }) => grants.inc({ pool }),
    reported: ({ rooms }) => reportRooms.observe(rooms.length),
    handedOver(tasks, again) {
      handedOver.inc(tasks);
      repeated.inc(again);
    },
    paused(gap) {
      pauses.inc();
      paused.inc(gap / 1000);
    },
    clockSet: () => clockSet.inc(),
  };
}
