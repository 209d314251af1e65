import { Command, Option } from "commander";
import { KEPT_TEXTS } from "../app/kept_texts.ts";
import { openSharedStore } from "../app/shared_store.ts";
import { parseCommand } from "../command_line/command.ts";
import { loadConfig } from "../config/load.ts";
import { keptMasterKey, openDataFolder } from "../config/master_key.ts";
import type { Settings } from "../config/schema.ts";
import { StartError } from "../start_error.ts";
import { type Contents, contentsOf } from "../store/contents.ts";
import { type SharedStore, type Store, StoreError, type StoreOptions } from "../store/port.ts";
import { FolderLock } from "../store/sqlite/lock.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import { parseStore, secretsFrom } from "./arguments.ts";
import { fromEnvironment } from "./environment.ts";
import { startErrorOf } from "./store_fault.ts";
import { surviveStrays } from "./strays.ts";
import { VERSION } from "./version.ts";

interface MigrateOptions {
  readonly to: "redis" | "folder";
  readonly config: string;
  readonly data: string;
  readonly store?: string;
  readonly yes?: true;
}

/**
 * Copies what the data folder has into the Redis that several gateways share, or back.
 *
 * @throws {StartError} where it cannot be done, or the target has something already
 */
export async function migrateStore(args: readonly string[]): Promise<void> {
  const options = parseArguments(args);
  if (options === undefined) return;
  surviveStrays(() => {}); // of connections to Redis, whose calls say themselves how they went
  const { to, config, data, store, yes } = options;
  const { masterkey, redisPassword, sentinelPassword } = secretsFrom(fromEnvironment);
  const { settings } = await loadConfig(config, {
    store,
    masterkey,
    redisPassword,
    sentinelPassword,
  });
  try {
    await using stack = new AsyncDisposableStack();
    if (to === "redis") mustHaveStore(data);
    openDataFolder(data);
    const lock = new FolderLock(data);
    stack.defer(() => lock.release());
    const folder = await SqliteStore.open(data, storeOptions("the data folder"), lock);
    stack.defer(() => folder.close());
    const redis = await openRedis(settings, data);
    stack.defer(() => redis.close());
    const [from, target] = to === "redis" ? [folder, redis] : [redis, folder];
    const contents = await contentsOf(from);
    const before = await contentsOf(target);
    const others = (await redis.gateways()).filter(({ self }) => !self).length;
    if (countOf(contents) === 0) {
      console.error(`warning: ${to === "redis" ? data : "Redis"} has nothing that could be copied`);
    }
    if (yes !== true) refuse(to, { before: countOf(before), others });
    await copy(from, target, contents);
    const names = to === "redis" ? [data, "Redis"] : ["Redis", data];
    console.log(`From ${names[0]} to ${names[1]}: ${inWords(contents)}.`);
    console.log(`${names[1]} has now: ${inWords(await contentsOf(target))}.`);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw startErrorOf(error);
  }
}

/** @returns undefined where help was asked for */
function parseArguments(args: readonly string[]): MigrateOptions | undefined {
  const command = new Command("deno task migrate-store")
    .description(
      "Copies servers, places, rooms, bans, tasks and kinds from the data folder into the Redis that several gateways " +
        "share, or back. No gateway may run on the data folder meanwhile.",
    )
    .addOption(
      new Option("--to <where>", "where to copy to").choices(["redis", "folder"]).makeOptionMandatory(),
    )
    .option("--config <file>", "the configuration, with masterKey and store.redis", "./config.ts")
    .option("--data <folder>", "the data folder", "./data")
    .option("--store <url>", "the Redis, redis://host:6379, instead of store.redis", parseStore)
    .option("--yes", "also where the target has something already, or gateways run on that Redis");
  const print = parseCommand(command, args);
  if (print === undefined) return command.opts<MigrateOptions>();
  console.log(print);
  return undefined;
}

async function openRedis(settings: Settings, data: string): Promise<Store & SharedStore> {
  const { redis } = settings.store;
  if (redis === undefined) {
    throw new StartError("there is no store.redis in the configuration, and no --store");
  }
  const masterKey = settings.masterKey ?? keptMasterKey(data);
  if (masterKey === undefined) {
    throw new StartError(
      `no masterKey is configured, and ${data} has none: the servers need the same as before`,
    );
  }
  const shared = { settings: () => settings, masterKey, version: VERSION };
  return await openSharedStore(redis, shared, storeOptions("the store in Redis"));
}

/** A store that is read and written by nobody else: what gateways do meanwhile is of no interest. */
function storeOptions(store: string): StoreOptions {
  return {
    now: () => performance.now(),
    unixTime: Date.now,
    others: () => {},
    failed: () => {},
    damaged: (what) => console.error(`warning: ${store} is damaged, and this is left out: ${what}`),
  };
}

/** @throws {StartError} where no gateway has ever run on the folder: nothing would be copied, and all seem well */
function mustHaveStore(data: string): void {
  try {
    Deno.statSync(`${data}/gateway.db`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StartError(
      `${data} has no gateway.db: no gateway has run on that folder; name the right one by --data`,
      { cause: error },
    );
  }
}

/** @throws {StartError} */
function refuse(to: MigrateOptions["to"], { before, others }: { before: number; others: number }): void {
  if (before > 0) {
    throw new StartError(
      to === "redis"
        ? "Redis has something already; with --yes the rest is added, and what is there stays as it is"
        : "the data folder has something already; with --yes it is replaced",
    );
  }
  if (others > 0) {
    throw new StartError(
      `${others} gateways run on that Redis, and what they do meanwhile is not copied; stop them, or say --yes`,
    );
  }
}

async function copy(from: Store, to: Store, contents: Contents): Promise<void> {
  if (to.shared === undefined) await to.replace(contents);
  else await to.shared.offer(contents);
  for (const name of KEPT_TEXTS) {
    const text = await from.value(name);
    if (text === undefined) continue;
    // Nobody knows how old it is: in Redis it never takes the place of what is there.
    if (to.shared === undefined) await to.setValue(name, text);
    else await to.shared.keepNewest(name, { text, made: 0 });
  }
}

/** How many rows that is. */
function countOf(contents: Contents): number {
  return Object.values(contents).reduce((sum, { length }) => sum + length, 0);
}

/** What that is, for people. */
function inWords({ servers, placements, rooms, bans, kinds, names, tasks }: Contents): string {
  return [
    `servers ${servers.length}`,
    `groups ${placements.length}`,
    `rooms ${rooms.length}`,
    `bans ${bans.length}`,
    `tasks ${tasks.length}`,
    `kinds of rooms ${kinds.length}`,
    `names that come back ${names.length}`,
  ].join(", ");
}
