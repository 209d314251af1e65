import {
  type Ban,
  type Change,
  type Draining,
  isBetweenGateways,
  type Milliseconds,
  type StallReason,
} from "../fleet/mod.ts";
import type { Observer } from "../gateway/observers.ts";
import { log } from "./log.ts";

/** Passes on what comes, but only once within so many milliseconds. */
function atMostEach<Event>(milliseconds: number, pass: (event: Event) => void): (event: Event) => void {
  let next = 0;
  return (event) => {
    if (performance.now() < next) return;
    next = performance.now() + milliseconds;
    pass(event);
  };
}

/** Why nothing leaves a server that is too full, and what follows. */
const STALLS: Readonly<Record<StallReason, string>> = {
  "moves have not helped":
    "its load has not fallen by the rooms that have left it, so that no more are moved for a while. See what else loads it",
  "nothing may leave":
    "none of its rooms may be moved now: somebody is on the way to each, or it is banned, was moved a while ago, or is " +
    "one that its customer's licence has no room for a second time",
  "nothing fits elsewhere":
    "no other server of its pool would stay below the mark with one of its rooms. The pool needs more servers",
};

/** Writes what happens in the gateway to the log. */
export const logObserver: Observer = {
  changed: logChange,
  paused: (gap) =>
    log.warning("the gateway did not run for {seconds} s: no server counts as silent for that", {
      seconds: (gap / 1000).toFixed(1),
    }),
  clockSet: (by) =>
    log.warning("the wall clock was set by {seconds} s: what is stored is written anew", {
      seconds: (by / 1000).toFixed(1),
    }),
  storeFailed: ({ message }) =>
    log.error("the store cannot be written: {message}. Known rooms are served, all else is refused", {
      message,
    }),
  heldUnsafe: atMostEach(
    10_000,
    ({ message }: { readonly message: string }) =>
      log.error("calls are answered with 503 although they hold, bans and tasks for instance: {message}", {
        message,
      }),
  ),
  storeFailsStill: ({ message }) => log.error("the store still cannot be written: {message}", { message }),
  storeLost: () =>
    log.error(
      "the store has lost data, all or the latest of it: what this gateway knows of servers, rooms, bans and tasks " +
        "was put back. See to its files and its replicas",
    ),
  storeRecovered: () => log.warning("the store can be written again, and has everything"),
};

/** One line for a change in the fleet. */
function logChange(change: Change): void {
  if (isBetweenGateways(change)) return;
  switch (change.type) {
    case "server-appeared":
      return log.info("server {server} appeared in pool {pool}, version {version}", { ...change });
    case "server-reported":
    case "group-released":
    case "kind-learned":
    case "name-learned":
      return;
    case "server-planned":
      return log.info("server {server} is to take {weight} of what it could; {draining}", {
        server: change.server,
        weight: change.weight,
        draining: drainingText(change.draining),
      });
    case "server-evicting":
      return log.warning(
        "server {server} is past its deadline for draining: {rooms} rooms are closed there and placed elsewhere",
        { ...change },
      );
    case "server-odd":
      return log.warning("server {server}: {what}", { ...change });
    case "server-stalled":
      if (change.why === undefined) {
        return log.info(
          "server {server} is too full no more, or rooms leave it again: it is at {load} % load",
          {
            server: change.server,
            load: percent(change.load),
          },
        );
      }
      return log.warning(
        "server {server} stays at {load} % load, above the mark of placement.rebalance: {why}",
        {
          server: change.server,
          load: percent(change.load),
          why: STALLS[change.why],
        },
      );
    case "miscounted":
      return log.error(
        "the gateway has counted wrong, and put it right: {count} came to {value} ({what}; {trail}). " +
          "Please report this line as a fault of the gateway",
        { ...change },
      );
    case "server-drained":
      return log.info("server {server} is empty: it can be stopped", { ...change });
    case "close-ignored":
      return log.warning("room {room} is still on {server}, which was told to close it: told again", {
        ...change,
      });
    case "server-enabled":
      return log.info("server {server} reports again", { ...change });
    case "server-disabled":
      return log.warning("server {server} is silent: it gets no new rooms", { ...change });
    case "server-removed":
      return log.warning("server {server} is removed", { ...change });
    case "group-placed":
      if (change.from === undefined) return;
      if (change.overload === undefined) {
        return log.info("group {group} of {namespace} moved from {from} to {server}", { ...change });
      }
      return log.info(
        "group {group} of {namespace} moves from {from} to {server}, because {from} is at {load} % load: its clients are " +
          "disconnected, and come back",
        { ...change, load: percent(change.overload) },
      );
    case "room-opened":
      return change.listed
        ? log.info("room {room} of customer {customer} is open on {server}", { ...change })
        : log.info("room {room} of customer {customer} is placed on {server}", { ...change });
    case "room-changed":
      return log.debug("room {room} of customer {customer} on {server} is {state}", {
        ...change,
        state: change.listed ? "open" : "over; its place is kept while tokens for it are valid",
      });
    case "room-closed":
      return log.info("room {room} on {server} is closed", { ...change });
    case "collision":
      return log.warning("room {room} is on {holder} already: {loser} is told to close it", { ...change });
    case "banned":
      return log.info("{by} bans {whom} in room {room} until {until}", {
        by: byText(change.ban),
        whom: banned(change.ban),
        room: change.ban.room,
        until: wallClock(change.ban.until),
      });
    case "ban-ended":
      return change.lifted
        ? log.info("{by} lifts the ban of {whom} in room {room}", {
          by: byText(change.ban),
          whom: banned(change.ban),
          room: change.ban.room,
        })
        : log.debug("the ban of {whom} in room {room} has ended", {
          whom: banned(change.ban),
          room: change.ban.room,
        });
    case "task-queued":
      return log.debug("task {kind} {sequence} for room {room} waits for {server}", {
        server: change.server,
        kind: change.task.kind,
        sequence: change.task.sequence,
        room: change.task.room,
      });
    case "task-ended":
      return log.debug("task {sequence} is done", { ...change });
    default:
      change satisfies never;
  }
}

function percent(load: number): number {
  return Math.round(100 * load);
}

/** The key whose token the call came with, or the operator by its own name. */
function byText({ by }: Ban): string {
  if (by === undefined) return "somebody";
  return by.startsWith("operator") ? by : `key ${by}`;
}

function banned({ user }: Ban): string {
  return user === undefined ? "everybody" : `user ${user}`;
}

function drainingText(draining: Draining | undefined): string {
  if (draining === undefined) return "it is not draining";
  const { deadline } = draining;
  return deadline === undefined
    ? "it is draining, without a deadline"
    : `it is draining; what is left is closed at ${wallClock(deadline)}`;
}

/** A point on the gateway's monotonic clock as people read it. */
function wallClock(time: Milliseconds): string {
  const unixTime = Date.now() + time - performance.now();
  return Number.isFinite(unixTime) ? new Date(unixTime).toISOString() : "never";
}
