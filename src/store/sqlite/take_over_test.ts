import assert from "node:assert/strict";
import { TemporaryFolder } from "../../../sim/program.ts";
import {
  type Change,
  connect,
  createModel,
  endHandOver,
  handOverTasks,
  manage,
  type Model,
  plan,
  restore,
  Restorer,
  settle,
  snapshot,
  type Task,
  tick,
} from "../../fleet/mod.ts";
import { address, checkConsistency, hear, seededRandom, SETTINGS } from "../../fleet/testing.ts";
import { ChangeNotes } from "../../gateway/change_notes.ts";
import { loaded } from "../testing.ts";
import { FolderLock } from "./lock.ts";
import { SqliteStore } from "./store.ts";
import { OPTIONS } from "./testing.ts";

const SERVERS = ["a", "b", "c"].map(address);
const ROOMS = ["r0", "r1", "r2", "{g}0", "{g}1", "{g}2", "{h}0", "{h}1", "b\\s"];
const placement = { ...SETTINGS.placement, growthWindow: 2000 };
const settings = { ...SETTINGS, disableTimeout: 4000, removeTimeout: 9000, tokenLifetime: 5000, placement };
const options = { ...OPTIONS, unixTime: () => 1_700_000_000_000 };

/** Changes that the store keeps. */
const STORED: readonly Change["type"][] = [
  ...["server-appeared", "server-reported", "server-planned", "server-disabled", "server-removed"] as const,
  ...["group-placed", "group-released", "room-opened", "room-changed", "room-closed"] as const,
  ...["kind-learned", "banned", "ban-ended", "task-queued", "task-ended"] as const,
];

/** A gateway's model and its store, to which anything happens. */
class Life {
  readonly model = createModel(settings);
  readonly notes = new ChangeNotes();
  readonly types = new Set<string>();
  now = 0;

  constructor(readonly store: SqliteStore, readonly random: () => number) {}

  async go(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.now += Math.floor(this.random() * 1500);
      const changes = this.#one(this.#happenings)();
      for (const { type } of changes) this.types.add(type);
      for (const change of changes) this.notes.changed(change);
      await this.store.commit(changes, "process");
      settle(this.model, changes);
    }
  }

  readonly #happenings: readonly (() => readonly Change[])[] = [
    () => {
      const rooms = ROOMS.filter(() => this.random() < 0.3).map((name) => [name, 1, 1] as const);
      const { host } = new URL(`http://${this.#one(SERVERS)}`);
      return hear(this.model, host.split(".")[0]!, rooms, this.now, this.#one(["default", "other"]));
    },
    () => {
      const input = { customer: this.#one(["acme", "other"]), namespace: "acme", user: "u", pool: "default" };
      const licence = { maxPeers: 1000, maxRooms: 1000 };
      const rooms = [this.#one(ROOMS)];
      return connect(this.model, { ...input, licence, rooms }, this.now, this.random).changes;
    },
    () => this.#managed({ task: "RoomBanClient", id: this.#room(), user_id: "x", ban_time: span(3) }, 3000),
    () => this.#managed({ task: "RoomBanClient", id: this.#room(), user_id: "x", ban_time: span(0) }, 0),
    () => this.#managed({ task: "RoomUpdate", id: this.#room(), user_data: [] }, 0),
    () => this.#managed({ task: "RoomClose", id: this.#room(), ban_time: span(60) }, 60_000),
    () => {
      const server = this.#one(SERVERS);
      const deadline = this.#one([undefined, this.now + 3000]);
      const after = { weight: this.#one([1, 0.5]), draining: this.#one([undefined, { deadline }]) };
      if (this.model.servers.get(server) === undefined) return [];
      plan(this.model, server, after);
      return [{ type: "server-planned", server, ...after }];
    },
    () => {
      const server = this.#one(SERVERS);
      const { handOver, changes } = handOverTasks(this.model, server, this.now, Infinity);
      if (handOver === undefined) return changes;
      return [...changes, ...endHandOver(this.model, server, handOver, "read", this.now)];
    },
    () => tick(this.model, this.now),
    () => {
      this.now += 5000;
      return tick(this.model, this.now);
    },
  ];

  #managed(task: Task, banTime: number): readonly Change[] {
    return manage(this.model, { task, banTime }, this.now).changes;
  }

  #room(): readonly [string, string] {
    return ["acme", this.#one(ROOMS)];
  }

  #one<Thing>(things: readonly Thing[]): Thing {
    return things[Math.floor(this.random() * things.length)]!;
  }
}

const span = (secs: number) => ({ secs, nanos: 0 });

/** What is in a model, in an order that does not depend on how it came there. */
function contents(model: Model) {
  const rows = Object.entries(snapshot(model)).map(([kind, rows]) => {
    const texts = Array.from(rows as Iterable<object>, (row) => JSON.stringify(row));
    return [kind, texts.sort()];
  });
  const usage = Array.from(model.usage.values(), ({ customer, reported }) => ({ customer, ...reported }));
  const unlisted = Array.from(model.unlisted.keys(), ({ id }) => id[1]).sort();
  return {
    ...Object.fromEntries(rows),
    usage: usage.sort((a, b) => a.customer < b.customer ? -1 : 1),
    unlisted,
  };
}

Deno.test("who loads a store that another process writes to has what that one leaves, whatever changed meanwhile", async () => {
  const types = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    using folder = new TemporaryFolder();
    const random = seededRandom(seed);
    const steps = () => Math.floor(random() * 6);
    const life = new Life(await SqliteStore.open(folder.path, options), random);
    await life.go(40);
    const next = await SqliteStore.open(folder.path, options, async () => {
      await life.go(steps());
      await life.store.close();
      const changed = life.notes.changes();
      assert.ok(changed !== "all");
      return { lock: new FolderLock(folder.path), changed };
    });
    life.notes.begin();
    const taken = createModel(settings);
    const restorer = new Restorer(taken, 0);
    for await (const piece of next.load()) {
      restorer.take(piece);
      if (piece.changed === undefined) await life.go(steps());
    }
    for (const _ of restorer.finish(0));
    const stored = createModel(settings);
    restore(stored, await loaded(next), 0);
    assert.deepEqual(contents(taken), contents(stored), `seed ${seed}`);
    checkConsistency(taken);
    await next.close();
    for (const type of life.types) types.add(type);
  }
  for (const type of STORED) assert.ok(types.has(type), `${type} never happened`);
});
