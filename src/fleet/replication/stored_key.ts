import type { StoredChange } from "../change.ts";
import type { Address } from "../ids.ts";

/** What names a row of a snapshot among those of its kind. */
export type StoredKey =
  | readonly ["servers", Address]
  /** Namespace and group. */
  | readonly ["placements", string, string]
  /** Namespace and name. */
  | readonly ["rooms", string, string]
  /** Namespace, room and user; no user where the whole room is banned. */
  | readonly ["bans", string, string, string]
  /** Namespace and template. */
  | readonly ["kinds", string, string]
  /** The two halves of its hash. */
  | readonly ["names", number, number]
  | readonly ["tasks", number];

/** What each sort of key consists of, besides its sort. */
const PARTS: ReadonlyMap<unknown, readonly ("string" | "number")[]> = new Map(
  Object.entries(
    {
      servers: ["string"],
      placements: ["string", "string"],
      rooms: ["string", "string"],
      bans: ["string", "string", "string"],
      kinds: ["string", "string"],
      names: ["number", "number"],
      tasks: ["number"],
    } satisfies Record<StoredKey[0], readonly ("string" | "number")[]>,
  ),
);

/** Whether something that came from outside is a key. */
export function isStoredKey(value: unknown): value is StoredKey {
  if (!Array.isArray(value)) return false;
  const [kind, ...parts] = value;
  const expected = PARTS.get(kind);
  return expected?.length === parts.length && parts.every((part, i) => typeof part === expected[i]);
}

/** The row that a change makes, changes or ends. */
export function storedKeyOf(change: StoredChange): StoredKey {
  switch (change.type) {
    case "server-appeared":
    case "server-reported":
    case "server-planned":
    case "server-disabled":
    case "server-removed":
      return ["servers", change.server];
    case "group-placed":
    case "group-released":
      return ["placements", change.namespace, change.group];
    case "room-opened":
    case "room-changed":
    case "room-closed":
      return ["rooms", ...change.room];
    case "kind-learned":
      return ["kinds", change.kind.namespace, change.kind.template];
    case "name-learned":
      return ["names", change.name.high, change.name.low];
    case "banned":
    case "ban-ended":
      return ["bans", ...change.ban.room, change.ban.user ?? ""];
    case "task-queued":
      return ["tasks", change.task.sequence];
    case "task-ended":
      return ["tasks", change.sequence];
    default:
      return change satisfies never;
  }
}
