import assert from "node:assert/strict";
import { join } from "node:path";
import { SqliteStore } from "../src/store/sqlite/store.ts";
import { TestGateway } from "./gateway.ts";
import { isInstalled } from "./programs.ts";
import { loaded } from "../src/store/testing.ts";

/** Calls; enough of their bytes that the log of the database is copied into it a few times meanwhile (4 MB). */
const CALLS = 240;
const BYTES = 12_000;

/** Points in time at which the power fails, spread over the answers. */
const CUTS = 40;

/** What a process did to a file. */
type Step =
  | { readonly at: number; readonly file: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly at: number; readonly file: string; readonly size: number };

/** What is safe: everything that was done to the file before `began`, from `ended` on. */
interface Sync {
  readonly file: string;
  readonly began: number;
  readonly ended: number;
}

Deno.test({
  name: "what was acknowledged survives the loss of everything after the last fsync",
  ignore: !isInstalled("strace"),
  async fn() {
    await using gateway = await TestGateway.start({}, {}, (folder) => [
      ...["strace", "-D", "-f", "-qq", "-y", "-xx", "-ttt", "-s", "1000000", "-o", `${folder}/trace`],
      ...["-e", "trace=write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync"],
      ...["-P", `${folder}/data/gateway.db`, "-P", `${folder}/data/gateway.db-wal`],
    ]);
    const folder = gateway.folder.path;
    await gateway.report("a:1", [{ name: "r", peers: 1 }]);
    const answers: { at: number; user?: string; number?: number }[] = [];
    const user_data = Array.from({ length: BYTES }, () => 255);
    const one = async (i: number) => {
      if (i % 2 === 0) {
        const user = `user-${i}`;
        await gateway.call("RoomBanClient", "r", "b", { room_id: "r", user_id: user, ban_time: 600 });
        answers.push({ at: preciseTime(), user });
      } else {
        user_data[0] = i;
        await gateway.call("RoomUpdate", "r", "b", { room_id: "r", user_data });
        answers.push({ at: preciseTime(), number: i });
      }
    };
    for (let i = 0; i < CALLS; i += 4) await Promise.all([one(i), one(i + 1), one(i + 2), one(i + 3)]);
    await gateway.program.stop("SIGKILL");
    const { steps, syncs } = readTrace(await Deno.readTextFile(`${folder}/trace`));
    assert.ok(
      syncs.some(({ file }) => file.endsWith("gateway.db")),
      "the log was never copied: too little was written",
    );

    for (let cut = 1; cut <= CUTS; cut++) {
      const known = answers.slice(0, Math.floor(answers.length * cut / CUTS));
      const { at } = known.at(-1)!;
      // Of what was not safe, nothing is left, or some of it: disks write in any order.
      for (const luck of [0, 0.5]) {
        const place = join(folder, `cut-${cut}-${luck}`);
        afterPowerLoss(place, steps, syncs, at, luck);
        const { users, numbers } = await contentOf(place);
        for (const { user, number } of known) {
          if (user !== undefined) assert.ok(users.has(user), `the ban of ${user} is lost at cut ${cut}`);
          if (number !== undefined) assert.ok(numbers.has(number), `update ${number} is lost at cut ${cut}`);
        }
      }
    }
  },
});

/** Reads what strace has written (-f -y -xx -ttt). */
function readTrace(text: string): { steps: Step[]; syncs: Sync[] } {
  const steps: Step[] = [];
  const syncs: Sync[] = [];
  const unfinished = new Map<string, { at: number; call: string }>();
  for (const line of text.split("\n")) {
    const [, thread, time, rest] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    if (thread === undefined) continue;
    let began = Number(time);
    let call = rest!;
    if (call.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { at: began, call: call.slice(0, -"<unfinished ...>".length).trimEnd() });
      continue;
    }
    const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(call) ?? [];
    if (resumed !== undefined) {
      const before = unfinished.get(thread)!;
      began = before.at;
      call = before.call + resumed;
    }
    const ended = Number(time);
    const [, name, path, args] = /^(\w+)\(\d+<([^>]+)>(.*)$/.exec(call) ?? [];
    if (name === undefined) continue;
    const file = path!.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
      .split("/").at(-1)!;
    if (name === "fsync" || name === "fdatasync") syncs.push({ file, began, ended });
    else if (name === "ftruncate") steps.push({ at: began, file, size: Number(/^, (\d+)/.exec(args!)![1]) });
    else if (name === "pwrite64") {
      const [, hex, offset] = /^, "([^"]*)", \d+, (\d+)\)/.exec(args!) ?? [];
      assert.ok(hex !== undefined, line.slice(0, 200));
      const bytes = Buffer.from(hex.replaceAll("\\x", ""), "hex");
      steps.push({ at: began, file, offset: Number(offset), bytes });
    } else assert.fail(`${name} is not expected`);
  }
  return { steps, syncs };
}

/** Makes the files as they are on the disk when the power fails; of what was not safe by then, that part. */
function afterPowerLoss(
  folder: string,
  steps: readonly Step[],
  syncs: readonly Sync[],
  at: number,
  luck: number,
): void {
  Deno.mkdirSync(folder);
  for (const file of ["gateway.db", "gateway.db-wal"]) {
    const safe = Math.max(
      -Infinity,
      ...syncs.filter((sync) => sync.file === file && sync.ended <= at).map(({ began }) => began),
    );
    using disk = Deno.openSync(join(folder, file), { create: true, write: true });
    for (const step of steps) {
      if (step.file !== file || step.at > at) continue;
      if (step.at > safe && Math.random() >= luck) continue;
      if ("size" in step) disk.truncateSync(step.size);
      else {
        disk.seekSync(step.offset, Deno.SeekMode.Start);
        for (let bytes = step.bytes; bytes.length > 0;) bytes = bytes.subarray(disk.writeSync(bytes));
      }
    }
  }
}

/** The users that are banned, and the numbers of the updates that wait, in the store of a folder. */
async function contentOf(folder: string): Promise<{ users: Set<string>; numbers: Set<number> }> {
  const store = await SqliteStore.open(folder, {
    now: () => performance.now(),
    unixTime: Date.now,
    others() {},
    failed(error) {
      throw error;
    },
  });
  const { bans, tasks } = await loaded(store);
  const users = new Set(Array.from(bans, ({ user }) => user ?? ""));
  const numbers = new Set<number>();
  for (const { task } of tasks) {
    if (task.kind === "RoomUpdate") numbers.add(JSON.parse(task.json).user_data[0]);
  }
  await store.close();
  return { users, numbers };
}

/** Unix time in seconds, to the microsecond, as strace has it. */
function preciseTime(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}
