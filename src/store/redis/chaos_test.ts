import assert from "node:assert/strict";
import { Relay } from "../../../sim/relay.ts";
import type { Change } from "../../fleet/mod.ts";
import { seededRandom } from "../../fleet/testing.ts";
import { Tables } from "../rules.ts";
import { anyChange, loaded } from "../testing.ts";
import type { Committed } from "../port.ts";
import { RedisStore } from "./store.ts";
import { NO_REDIS, OPTIONS, RedisServer, until } from "./testing.ts";

const SEEDS = 2;

/** For how long things go wrong, in milliseconds. */
const LASTS = 5000;

/** As text to compare: without whatever each gateway measures or counts itself, and in one order of members. */
function textOf(value: unknown): string {
  const own = ["until", "expires", "at", "deadline", "firstSeen", "order"];
  return JSON.stringify(value, (_, its) => {
    if (typeof its !== "object" || its === null || Array.isArray(its)) return its;
    return Object.fromEntries(Object.entries(its).filter(([name]) => !own.includes(name)).toSorted());
  });
}

/** A gateway that has the tables of the store as a model of its own, by what it is told and answered. */
class Replica {
  readonly #proxy: Relay;
  store!: RedisStore;
  tables = new Tables();
  answered = 0;
  refused = 0;
  loads = 0;
  /** What is not as the store promises. */
  readonly broken: string[] = [];

  readonly #server: RedisServer;

  constructor(server: RedisServer) {
    this.#server = server;
    this.#proxy = new Relay(() => [server.port]);
  }

  async open(): Promise<void> {
    this.store = await RedisStore.open({ ...this.#server.settings, at: this.#proxy.at }, {
      ...OPTIONS,
      others: (changes) => this.#told(changes),
      astray: (lost) => {
        if (lost === "stored") this.broken.push("something was lost");
        return this.#load();
      },
    });
    await this.#load();
  }

  get proxy(): Relay {
    return this.#proxy;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    try {
      this.#answer(changes, await this.store.commit(changes, "process"));
      this.answered++;
    } catch {
      this.refused++; // if it is in the order all the same, it is told
    }
  }

  async close(): Promise<void> {
    await this.store.close();
    this.#proxy[Symbol.dispose]();
  }

  /** Loads what was there at one moment, so that everything that is told afterwards is to be accepted here as well. */
  async #load(): Promise<void> {
    let [snapshot, before, after] = [await loaded(this.store), "", await this.#place()];
    while (before !== after) {
      [snapshot, before, after] = [await loaded(this.store), after, await this.#place()];
    }
    this.tables = new Tables();
    this.tables.apply(this.tables.lacking(snapshot), 0, 0);
    for (const { leave, ...placement } of snapshot.placements) {
      if (leave !== undefined) this.tables.apply([{ type: "group-leaving", ...placement, leave }], 0, 0);
    }
    this.loads++;
  }

  /** Place of the last change in the store. */
  #place(): Promise<string> {
    return this.#server.ask("GET", "{odin}:n");
  }

  /** What is told was accepted by the store, so it is here, at the same place in the order. */
  #told(changes: readonly Change[]): void {
    const { accepted } = this.tables.apply(changes, 0, 0);
    this.#same("told", accepted, changes);
  }

  /** The store decided as it is decided here, at the place of the commit. */
  #answer(changes: readonly Change[], { instead }: Committed): void {
    this.#same("answered", this.tables.apply(changes, 0, 0).instead, instead);
  }

  #same(what: string, here: readonly Change[], there: readonly Change[]): void {
    if (textOf(here) !== textOf(there)) {
      this.broken.push(`${what}: ${textOf(there)}, and here ${textOf(here)}`);
    }
  }
}

/** What can be told of again in one view and not in another, as each measures time itself, is left out. */
function anyCertainChange(random: () => number): Change {
  while (true) {
    const change = anyChange(random);
    if (change.type !== "server-evicting" && change.type !== "ban-ended") return change;
  }
}

const FAULTS: readonly ((server: RedisServer, replica: Replica) => Promise<unknown>)[] = [
  async (_, { proxy }) => {
    proxy.refuse();
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.passing = "passes";
  },
  async (_, { proxy }) => {
    proxy.passing = "loses";
    await new Promise((resolve) => setTimeout(resolve, 700));
    proxy.refuse(); // what was swallowed does not come any more
    proxy.passing = "passes";
  },
  async (server) => {
    await server.kill();
    await server.start();
  },
  (server) => server.ask("XTRIM", "{odin}:log", "MAXLEN", "1"),
  (server, { store }) => server.ask("DEL", `{odin}:gw:${store.number}`),
  (server) => server.ask("FUNCTION", "FLUSH"),
  async (server) => {
    server.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 600));
    server.signal("SIGCONT");
  },
];

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test({
    name: `whatever goes wrong, gateways decide as Redis does and all see the same in the end (seed ${seed})`,
    ignore: NO_REDIS,
    async fn() {
      await using server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
      const random = seededRandom(seed);
      const replicas = [new Replica(server), new Replica(server), new Replica(server)];
      for (const replica of replicas) await replica.open();
      const end = performance.now() + LASTS;
      const working = replicas.map(async (replica) => {
        while (performance.now() < end) {
          const commits = Array.from(
            { length: 1 + Math.floor(random() * 3) },
            () =>
              replica.commit(
                Array.from({ length: Math.floor(random() * 5) }, () => anyCertainChange(random)),
              ),
          );
          await Promise.all(commits);
          await new Promise((resolve) => setTimeout(resolve, random() * 20));
        }
      });
      while (performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 300));
        const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
        await fault(server, replicas[Math.floor(random() * replicas.length)]!);
      }
      await Promise.all(working);
      for (const { store } of replicas) await until(() => store.catchUp().then(() => true, () => false));
      await new Promise((resolve) => setTimeout(resolve, 600)); // whoever has been taken for dead notices
      for (const { store } of replicas) await until(() => store.catchUp().then(() => true, () => false));
      const stored = await loaded(replicas[0]!.store);
      for (const { tables, broken } of replicas) {
        assert.deepEqual(broken.slice(0, 3), []);
        const its = tables.snapshot();
        for (const kind of ["servers", "placements", "rooms", "bans", "tasks", "kinds", "names"] as const) {
          const [here, there] = [its, stored].map((all) => Array.from<object>(all[kind]).map(textOf).sort());
          assert.deepEqual(here, there, kind);
        }
      }
      const [answered = 0, refused = 0, loads = 0] = (["answered", "refused", "loads"] as const).map((
        count,
      ) => replicas.reduce((sum, replica) => sum + replica[count], 0));
      assert.ok(
        answered > 10 && refused > 0 && loads > 3,
        `${answered} answered, ${refused} refused, ${loads} loads`,
      );
      for (const replica of replicas) await replica.close();
    },
  });
}
