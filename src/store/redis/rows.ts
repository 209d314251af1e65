import type {
  Ban,
  LearnedKind,
  LearnedName,
  Placement,
  SnapshotPiece,
  StoredHandOver,
  StoredRoom,
  StoredServer,
  StoredTask,
} from "../../fleet/mod.ts";
import { slices } from "../pieces.ts";
import { address, ban, known, names, sizes, task } from "./changes.ts";
import { type Clock, type Codec, flag, list, number, text, time, tuple } from "./codec.ts";
import { plan, sums } from "./commands.ts";
import { ENDED_FOR } from "./library.ts";
import { listOf, textOf, textsOf } from "./replies.ts";

/** Fields that Redis reads at once, during which nobody else has their turn: 1.5 ms. */
const AT_ONCE = 1000;

/** What reads a hash piece by piece. */
export type Scan = (command: readonly string[]) => Promise<unknown>;

const room = tuple(names, text, flag);
const hash = tuple(number, number);

/** A field of a hash, its value taken apart. */
interface Row {
  readonly key: string;
  readonly record: readonly (string | undefined)[];
}

/**
 * Everything that is stored, piece by piece, the rooms of a group after it. What cannot be read is left out and told.
 *
 * @param forget called with keys of bans that ended long ago
 * @throws {StoreError}
 */
export async function* load(
  scan: Scan,
  prefix: string,
  clock: Clock,
  damaged: (what: string) => void,
  forget: (keys: readonly string[]) => Promise<unknown>,
  now: number,
): AsyncGenerator<SnapshotPiece> {
  const read = async function* <Result>(hash: string, parse: (row: Row) => Result): AsyncGenerator<Result[]> {
    for await (const piece of fields(scan, `${prefix}${hash}`)) {
      const results: Result[] = [];
      for (const [key, value] of piece) {
        try {
          results.push(parse({ key, record: value.split("\n") }));
        } catch (error) {
          damaged(
            `${key} of ${prefix}${hash} is left out: ${error instanceof Error ? error.message : error}`,
          );
        }
      }
      yield results;
    }
  };
  const parse = <Value>(codec: Codec<Value>, json: string | undefined): Value =>
    codec.read(JSON.parse(json ?? "null"), clock);

  const server = ({ key, record: [first, told, report, planned, , enabled] }: Row): StoredServer => ({
    address: parse(address, key),
    ...parse(sums, told),
    ...parse(plan, planned),
    enabled: enabled === "1",
    firstSeen: parse(time, first),
    report: parse(text, report),
  });
  // There are many groups, so each is one text to parse.
  const group = ({ key, record: [server, leave, ...its] }: Row) => {
    const texts = [key, server, leave === "" ? "null" : leave];
    for (let i = 0; i < its.length; i += 2) texts.push(`[${its[i]},${its[i + 1]}]`);
    const [id, holder, left, ...rooms] = listOf(JSON.parse(`[${texts.join()}]`));
    const [namespace, name] = names.read(id, clock);
    const placement: Placement = { namespace, group: name, server: address.read(holder, clock) };
    return {
      placement: left === null ? placement : { ...placement, leave: text.read(left, clock) },
      rooms: rooms.map((each): StoredRoom => {
        const [[, name], customer, listed] = room.read(each, clock);
        return { namespace, name, customer, listed };
      }),
    };
  };
  const kind = ({ key, record: [its] }: Row): LearnedKind => {
    const [namespace, template] = parse(names, key);
    return { namespace, template, sizes: parse(sizes, its) };
  };
  const learnedName = ({ key, record: [its] }: Row): LearnedName => {
    const [high, low] = parse(hash, key);
    return { high, low, known: parse(known, its) };
  };
  const queued = ({ record: [server, order, its] }: Row): StoredTask => ({
    server: parse(address, server),
    task: parse(task, its),
    order: parse(number, order),
  });

  for await (const servers of read("servers", server)) {
    for (const piece of slices(servers)) yield { servers: piece };
  }
  for await (const groups of read("groups", group)) {
    for (const piece of slices(groups.map(({ placement }) => placement))) yield { placements: piece };
    for (const piece of slices(groups.flatMap(({ rooms }) => rooms))) yield { rooms: piece };
  }
  const banned = ({ key, record: [, its] }: Row): { readonly key: string; readonly ban: Ban } => ({
    key,
    ban: parse(ban, its),
  });
  for await (const bans of read("bans", banned)) {
    for (const piece of slices(bans.map(({ ban }) => ban))) yield { bans: piece };
    const ended = bans.filter(({ ban }) => ban.until < now - ENDED_FOR);
    if (ended.length > 0) await forget(ended.map(({ key }) => key));
  }
  // Kinds and tasks come in an order of theirs; there are not too many of either.
  const kinds = (await Array.fromAsync(read("kinds", kind))).flat();
  kinds.sort((a, b) => (a.sizes?.at ?? 0) - (b.sizes?.at ?? 0));
  for (const piece of slices(kinds)) yield { kinds: piece };
  for await (const learned of read("names", learnedName)) {
    for (const piece of slices(learned)) yield { names: piece };
  }
  const tasks = (await Array.fromAsync(read("tasks", queued))).flat();
  tasks.sort((a, b) => (a.order ?? 0) - (b.order ?? 0) || a.task.sequence - b.task.sequence);
  for (const piece of slices(tasks)) yield { tasks: piece };
  const open = ({ key, record }: Row): StoredHandOver[] => {
    const server = parse(address, key);
    const handOvers: StoredHandOver[] = [];
    for (let i = 0; i + 1 < record.length; i += 2) {
      handOvers.push({ server, id: parse(number, record[i]), tasks: parse(list(number), record[i + 1]) });
    }
    return handOvers;
  };
  for await (const handOvers of read("handed", open)) {
    for (const piece of slices(handOvers.flat())) yield { handOvers: piece };
  }
}

/** The fields of a hash, each once; those that are added or removed meanwhile may be among them or not. */
async function* fields(
  scan: Scan,
  key: string,
): AsyncGenerator<readonly (readonly [name: string, value: string])[]> {
  const seen = new Set<string>(); // a hash that grows or shrinks tells some twice
  const ask = (cursor: string) => {
    const answer = scan(["HSCAN", key, cursor, "COUNT", String(AT_ONCE)]);
    answer.catch(() => {}); // nobody waits for it where reading ends early
    return answer;
  };
  let answer: Promise<unknown> | undefined = ask("0");
  while (answer !== undefined) {
    const [next, reply] = listOf(await answer);
    const cursor = textOf(next);
    answer = cursor === "0" ? undefined : ask(cursor); // read while this piece is worked on
    const texts = textsOf(reply);
    const piece: [string, string][] = [];
    for (let i = 0; i + 1 < texts.length; i += 2) {
      const [name = "", value = ""] = [texts[i], texts[i + 1]];
      if (seen.has(name)) continue;
      seen.add(name);
      piece.push([name, value]);
    }
    yield piece;
  }
}
