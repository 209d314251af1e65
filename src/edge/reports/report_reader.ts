import type { ReportedRoom } from "../../fleet/mod.ts";
import { RpcError } from "../errors.ts";
import { RoomList } from "./room_list.ts";

/** Clients of a server, at most; more is a mistake. */
const MOST_CLIENTS = 10_000_000;

/** Longest version that is kept. */
const LONGEST_VERSION = 128;

/** What a report says of its server, as far as it can be made sense of. */
export interface ReportParams {
  readonly version: string;
  /** 0 (idle) to 1 (full), or more or less by mistake; NaN where it is not known. */
  readonly load: number;
  readonly clients: number;
  readonly rooms: readonly ReportedRoom[];
  /** What was odd, left out or made the nearest that makes sense; one text, for the log. */
  readonly odd: string | undefined;
}

/**
 * Reads a report's params by plain loops, and as much of them as makes sense: a report that is thrown away for a fault in
 * one room, or for a load that is no number, would make its server silent, and its rooms go elsewhere.
 *
 * @throws {RpcError} `invalidParams` where it is no report at all
 */
export function readReport(
  { version, load, clients, rooms }: Readonly<Record<string, unknown>>,
): ReportParams {
  const list = listOf(rooms);
  return {
    version: readVersion(version, list),
    load: readLoad(load),
    clients: readClients(clients, list),
    rooms: list.rooms,
    odd: list.odd.text,
  };
}

function listOf(rooms: unknown): RoomList {
  if (rooms instanceof RoomList) return rooms;
  if (!Array.isArray(rooms)) throw wrong("rooms", "expected an array");
  const list = new RoomList();
  list.take(rooms);
  return list;
}

function readVersion(version: unknown, { odd }: RoomList): string {
  if (typeof version === "string" && version.length <= LONGEST_VERSION) return version.toWellFormed();
  odd.add(`its version is no text of at most ${LONGEST_VERSION} characters`);
  return typeof version === "string" ? version.slice(0, LONGEST_VERSION).toWellFormed() : "";
}

/** What is no number is left to the fleet, which knows the last load: NaN and Infinity are null in JSON. */
function readLoad(load: unknown): number {
  return typeof load === "number" && Number.isFinite(load) ? load : NaN;
}

function readClients(clients: unknown, list: RoomList): number {
  if (typeof clients === "number" && Number.isInteger(clients) && clients >= 0 && clients <= MOST_CLIENTS) {
    return clients;
  }
  list.odd.add("its clients are no count; the peers of its rooms count");
  return list.peers;
}

function wrong(member: string, reason: string): RpcError {
  return new RpcError("invalidParams", `${member}: ${reason}`, [{ member, reason }]);
}
