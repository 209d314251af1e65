import type { EventName } from "../config/webhook.ts";
import {
  type Ban,
  type Change,
  groupName,
  isBetweenGateways,
  type Milliseconds,
  type RoomId,
} from "../fleet/mod.ts";

/** Something that happened. */
export interface GatewayEvent {
  /** `webhook.test` comes only to whom an operator sends it. */
  readonly name: EventName | "webhook.test";
  /** What it happened to; for a room `<namespace>/<name>`, each percent-encoded. */
  readonly subject: string;
  /** Events of one order are delivered one after the other. */
  readonly order: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Prefix of the types, by which receivers of many senders know ours (CloudEvents 1.0, `type`). */
const TYPE_PREFIX = "io.4players.odin.gateway.";

/** Who says it (CloudEvents 1.0, `source`); together with the id it is unique. */
const SOURCE = "/odin-gateway";

/**
 * What a change is to a receiver, if anything.
 *
 * @param unixTime makes unix time of a time in the model, both in milliseconds
 */
export function eventOf(change: Change, unixTime: (time: Milliseconds) => number): GatewayEvent | undefined {
  if (isBetweenGateways(change)) return undefined;
  switch (change.type) {
    case "server-appeared":
      return ofServer("server.appeared", change.server, { pool: change.pool, version: change.version });
    case "server-disabled":
      return ofServer("server.silent", change.server);
    case "server-enabled":
      return ofServer("server.back", change.server);
    case "server-drained":
      return ofServer("server.drained", change.server);
    case "server-removed":
      return ofServer("server.removed", change.server);
    case "room-opened": {
      const { room, customer, server, listed } = change;
      return ofRoom("room.placed", room, { customer, server, reported: listed });
    }
    case "room-closed":
      return ofRoom("room.closed", change.room, { server: change.server });
    case "group-placed": {
      const { namespace, group, server, from, overload } = change;
      if (from === undefined) return undefined; // its rooms tell it
      const subject = subjectOf([namespace, group]);
      const why = overload === undefined ? {} : { overload };
      return {
        name: "room.moved",
        subject,
        order: subject,
        data: { namespace, group, from, server, ...why },
      };
    }
    case "collision":
      return ofRoom("room.collided", change.room, { holder: change.holder, loser: change.loser });
    case "banned":
      return ofBan("ban.set", change.ban, unixTime);
    case "ban-ended":
      return change.lifted ? ofBan("ban.lifted", change.ban, unixTime) : undefined;
    case "server-reported":
    case "server-evicting":
    case "server-planned":
    case "server-odd":
    case "server-stalled":
    case "miscounted":
    case "group-released":
    case "room-changed":
    case "close-ignored":
    case "kind-learned":
    case "name-learned":
    case "task-queued":
    case "task-ended":
      return undefined;
    default:
      return change satisfies never;
  }
}

function ofServer(name: EventName, server: string, more: object = {}): GatewayEvent {
  return { name, subject: server, order: server, data: { server, ...more } };
}

/** Rooms of a group move together, so that their events have one order. */
function ofRoom(name: EventName, room: RoomId, more: object): GatewayEvent {
  const [namespace, its] = room;
  const order = subjectOf([namespace, groupName(its)]);
  return { name, subject: subjectOf(room), order, data: { namespace, room: its, ...more } };
}

function ofBan(
  name: EventName,
  { room, user, until, customer, by }: Ban,
  unixTime: (time: number) => number,
) {
  const end = unixTime(until);
  return ofRoom(name, room, {
    ...(user === undefined ? {} : { user }),
    ...(name === "ban.set" ? { until: Number.isFinite(end) ? new Date(end).toISOString() : null } : {}),
    ...(customer === undefined ? {} : { customer }),
    ...(by === undefined ? {} : { key: by }),
  });
}

function subjectOf([namespace, name]: RoomId): string {
  return `${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

/** The event as it is sent: a CloudEvent in its JSON format (CloudEvents 1.0, structured mode). */
export function cloudEvent({ name, subject, data }: GatewayEvent, id: string, unixTime: number): string {
  return JSON.stringify({
    specversion: "1.0",
    id,
    source: SOURCE,
    type: TYPE_PREFIX + name,
    subject,
    time: new Date(unixTime).toISOString(),
    datacontenttype: "application/json",
    data,
  });
}
