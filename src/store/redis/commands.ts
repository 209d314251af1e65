import {
  type Address,
  type Ban,
  type Change,
  groupName,
  type LearnedKind,
  type LearnedName,
  leavesLiveServer,
  type RoomId,
  type Snapshot,
  type StoredCost,
} from "../../fleet/mod.ts";
import { ban, cost, draining, explanation, known, sizes, task, usage, writeChange } from "./changes.ts";
import { type Clock, type Codec, number, record, text, time } from "./codec.ts";
import type { TEXTS } from "./lua/rules.ts";

type Rule = keyof typeof TEXTS;

/** One change for the function `commit`. */
export interface Command {
  /** What others are told where it is accepted; empty where they are told nothing, or what the rule says. */
  readonly told: string;
  readonly rule: Rule;
  /** As many as the rule takes. */
  readonly texts: readonly string[];
}

/** What a server came to, in sum. */
export interface Sums {
  readonly pool: string;
  readonly version: string;
  readonly load: number;
  readonly clients: number;
  readonly usage: readonly { readonly customer: string; readonly peers: number; readonly rooms: number }[];
  readonly cost: StoredCost;
}
export const sums: Codec<Sums> = record<Sums>({
  pool: text,
  version: text,
  load: number,
  clients: number,
  usage,
  cost,
});

/** What an operator wants of a server. */
export interface StoredPlan {
  readonly weight: number;
  readonly draining: { readonly deadline: number | undefined } | undefined;
}
export const plan: Codec<StoredPlan> = record<StoredPlan>({ weight: number, draining });

const NOTHING: Pick<Sums, "load" | "clients" | "usage" | "cost"> = {
  load: 0,
  clients: 0,
  usage: [],
  cost: [0, 0, 0, 0, 0],
};

/** The rule of what changes nothing that is stored: grants, say. */
const TELL: Rule = "tell";

const json = (value: unknown): string => JSON.stringify(value);

/**
 * A change as the function `commit` takes it.
 *
 * @param now the first moment of a server that appears
 * @param gateway the number of this gateway
 */
export function commandOf(change: Change, clock: Clock, now: number, gateway: number): Command {
  if (change.type === "group-explained") {
    const why = json(explanation.write(change.explanation, clock));
    const { server } = change.explanation;
    return untold(change.type, keyOfGroup(change), json(server), why, String(change.keep));
  }
  const told = writeChange(change, clock);
  if (told === undefined) return untold("none");
  const ruled = (rule: Rule, ...texts: readonly string[]): Command => ({ told, rule, texts });
  switch (change.type) {
    case "server-appeared": {
      const { server, pool, version } = change;
      return ruled(
        change.type,
        json(server),
        String(Math.round(clock.toUnixTime(now))),
        json(sums.write({ ...NOTHING, pool, version }, clock)),
        json(plan.write({ weight: 1, draining: undefined }, clock)),
      );
    }
    case "server-reported":
      return ruled(change.type, json(change.server), json(change.report), json(sums.write(change, clock)));
    case "server-planned": {
      const { server, draining, part = "" } = change;
      const wanted = json(plan.write(change, clock));
      return ruled(change.type, json(server), wanted, draining === undefined ? "" : "1", part);
    }
    case "server-evicting":
      return ruled(change.type, json(change.server));
    case "server-disabled":
    case "server-removed":
      return ruled(change.type, json(change.server), json(change.report));
    case "group-placed": {
      const [key, server] = [keyOfGroup(change), json(change.server)];
      if (change.from === undefined) return ruled("group-placed", key, server);
      return ruled("group-moved", key, server, json(change.from), leavesLiveServer(change) ? "1" : "");
    }
    case "group-leaving":
    case "group-released":
      return ruled(change.type, keyOfGroup(change), json(change.server), orEmpty(change.leave));
    case "room-opened":
    case "room-changed": {
      const { room, server } = change;
      return ruled("room", keyOfRoomsGroup(room), json(server), json(room), valueOfRoom(change));
    }
    case "room-closed":
      return ruled(change.type, keyOfRoomsGroup(change.room), json(change.server), json(change.room));
    case "banned":
      return ruled(change.type, ...banned(change.ban, clock));
    case "ban-ended": {
      const [key, until] = banned(change.ban, clock);
      return ruled(change.type, key, until, change.lifted ? "1" : "");
    }
    case "task-queued": {
      const { server, moved } = change;
      const its = json(task.write(change.task, clock));
      return untold(change.type, String(change.task.sequence), json(server), its, json(moved ?? null));
    }
    case "task-ended":
      return ruled(change.type, String(change.sequence));
    case "kind-learned":
      return ruled(change.type, ...learnedKind(change.kind, clock));
    case "name-learned":
      return ruled(change.type, ...learnedName(change.name, clock));
    case "hand-over-ended":
      return ruled(change.type, json(change.server), `${gateway}:${change.id}`, String(change.id));
    case "handed-over":
      return ruled(change.type, json(change.server), String(change.id), json(change.tasks));
    default:
      return ruled(TELL);
  }
}

/**
 * The changes of one commit. Those that are only told one after the other are as one; but where a task is queued, each change
 * has its place in the order.
 */
export function commandsOfCommit(
  changes: readonly Change[],
  clock: Clock,
  now: number,
  gateway: number,
): readonly Command[] {
  const commands = changes.map((change) => commandOf(change, clock, now, gateway));
  if (changes.some(({ type }) => type === "task-queued")) return commands;
  const joined: Command[] = [];
  let told: string[] = [];
  const tell = () => {
    if (told.length > 0) joined.push({ told: told.join(","), rule: TELL, texts: [] });
    told = [];
  };
  for (const each of commands) {
    if (each.rule === TELL) told.push(each.told);
    else {
      tell();
      joined.push(each);
    }
  }
  tell();
  return joined;
}

/** What is put in of a snapshot where it lacks, as commands for the function `commit`. */
export function* commandsOf(snapshot: Snapshot, clock: Clock): Generator<Command> {
  const offered = (changes: readonly Change[], rule: Rule, ...texts: readonly string[]): Command => ({
    told: changes.map((change) => writeChange(change, clock)).join(","),
    rule,
    texts,
  });
  for (const each of snapshot.servers) {
    const { address: server, report = "", enabled, weight, draining } = each;
    const changes: Change[] = [
      { ...each, type: "server-appeared", server },
      { ...each, type: "server-reported", server, report },
      { type: "server-planned", server, weight, draining },
      ...(enabled ? [] : [{ type: "server-disabled", server, report } satisfies Change]),
    ];
    yield offered(
      changes,
      "offer-server",
      json(server),
      [
        Math.round(clock.toUnixTime(each.firstSeen)),
        json(sums.write(each, clock)),
        json(report),
        json(plan.write(each, clock)),
      ].join("\n"),
      `${draining === undefined ? "" : "1"}\n${enabled ? "1" : ""}`,
    );
  }
  const servers = new Map<string, Address>();
  for (const { leave, ...placement } of snapshot.placements) {
    servers.set(keyOfGroup(placement), placement.server);
    const changes: Change[] = [{ type: "group-placed", ...placement }];
    if (leave !== undefined) changes.push({ type: "group-leaving", ...placement, leave });
    const [key, server] = [keyOfGroup(placement), json(placement.server)];
    yield offered(changes, "offer-group", key, server, orEmpty(leave));
  }
  for (const { namespace, name, ...room } of snapshot.rooms) {
    const id = [namespace, name] as const;
    const key = keyOfRoomsGroup(id);
    yield untold("offer-room", key, json(servers.get(key) ?? ""), json(id), valueOfRoom(room));
  }
  for (const ban of snapshot.bans) {
    yield offered([{ type: "banned", ban }], "offer-ban", ...banned(ban, clock));
  }
  for (const { server, task: its, order } of snapshot.tasks) {
    const place = order === undefined ? "" : String(order);
    yield untold("offer-task", String(its.sequence), json(server), json(task.write(its, clock)), place);
  }
  for (const kind of snapshot.kinds) {
    yield offered([{ type: "kind-learned", kind }], "offer-kind", ...learnedKind(kind, clock));
  }
  for (const name of snapshot.names) {
    yield offered([{ type: "name-learned", name }], "offer-name", ...learnedName(name, clock));
  }
}

/**
 * What the function `commit` is given: what others are told, how many calls, how many changes each has, and the changes. A
 * key that is that of the change before is empty. No text of JSON has a line break of its own, so those that are told can be
 * told apart.
 */
export function argumentsOf(commits: readonly (readonly Command[])[]): string[] {
  const told: string[] = [];
  const changes: string[] = [];
  let before: string | undefined;
  for (const { told: text, rule, texts } of commits.flat()) {
    if (text !== "") told.push(text);
    changes.push(rule);
    const [key] = texts;
    for (let i = 0; i < texts.length; i++) changes.push(i === 0 && key === before ? "" : texts[i]!);
    before = key;
  }
  const lengths = commits.map(({ length }) => String(length));
  return [`[${told.join(",\n")}]`, String(commits.length), ...lengths, ...changes];
}

function untold(rule: Rule, ...texts: readonly string[]): Command {
  return { told: "", rule, texts };
}

function keyOfGroup({ namespace, group }: { readonly namespace: string; readonly group: string }): string {
  return json([namespace, group]);
}

function keyOfRoomsGroup([namespace, name]: RoomId): string {
  return json([namespace, groupName(name)]);
}

/** As it follows the server in `room-opened`. */
function valueOfRoom({ customer, listed }: { readonly customer: string; readonly listed: boolean }): string {
  return json([customer, listed]).slice(1, -1);
}

function orEmpty(text: string | undefined): string {
  return text === undefined ? "" : json(text);
}

function banned(its: Ban, clock: Clock): readonly [key: string, until: string, ban: string] {
  const { room: [namespace, name], user, until } = its;
  return [json([namespace, name, user ?? ""]), String(time.write(until, clock)), json(ban.write(its, clock))];
}

function learnedKind(its: LearnedKind, clock: Clock): readonly [key: string, sizes: string] {
  return [json([its.namespace, its.template]), json(sizes.write(its.sizes, clock))];
}

function learnedName(its: LearnedName, clock: Clock): readonly [key: string, known: string] {
  return [json([its.high, its.low]), json(known.write(its.known, clock))];
}
