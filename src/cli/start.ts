import { randomBytes } from "node:crypto";
import { ConfigError, loadConfig, unwritable } from "../config/load.ts";
import { openDataFolder, storedMasterKey } from "../config/master_key.ts";
import type { Settings } from "../config/schema.ts";
import { log, startLog, stopLog } from "../ops/log.ts";
import { TraceRecorder } from "../ops/trace.ts";
import { runGateway } from "../run.ts";
import { lockFolder } from "../store/lock.ts";
import { createNoStore } from "../store/no_store.ts";
import { SqliteStore } from "../store/sqlite.ts";
import { StoreError, type StoreOptions } from "../store/store.ts";
import { parseStartArguments } from "./arguments.ts";
import { VERSION } from "./version.ts";

/** As data folder: keep nothing. */
const MEMORY = ":memory:";

/**
 * Runs the gateway until it is told to stop.
 *
 * @throws {ConfigError} where the operator made a mistake
 */
export async function start(args: readonly string[]): Promise<void> {
  const parsed = parseStartArguments(args, (name) => Deno.env.get(name));
  if ("print" in parsed) {
    console.log(parsed.print);
    return;
  }
  const { settings, warnings } = await loadConfig(parsed.config, parsed.overrides);
  const unlock = openData(parsed.data);
  await startLog(settings);
  for (const warning of warnings) log.warning("{warning}", { warning });
  try {
    const openStore = (options: StoreOptions) =>
      parsed.data === MEMORY ? createNoStore(options) : new SqliteStore(parsed.data, options);
    const recorder = parsed.record === undefined ? undefined : openRecorder(parsed.record);
    const gateway = runGateway(settings, masterKey(settings, parsed.data), openStore, recorder);
    log.info("ODIN Gateway {version} listens on {url}", { version: VERSION, url: gateway.url });
    const signal = await stopSignal();
    log.info("{signal}: finishing the requests under way", { signal });
    await gateway.stop();
    log.info("stopped");
  } catch (error) {
    throw error instanceof StoreError ? new ConfigError(`the data folder: ${error.message}`) : error;
  } finally {
    unlock();
    await stopLog();
  }
}

/** Makes sure that the data folder is there, can be written, and is this process's alone. */
function openData(folder: string): () => void {
  if (folder === MEMORY) return () => {};
  openDataFolder(folder);
  try {
    return lockFolder(folder);
  } catch (error) {
    throw error instanceof StoreError ? new ConfigError(error.message) : error;
  }
}

/** @throws {ConfigError} where the file cannot be written */
function openRecorder(file: string): TraceRecorder {
  try {
    const recorder = new TraceRecorder(file, (error) => log.error("{file}: {error}", { file, error }));
    log.warning("recording grants and reports to {file}: it grows until the gateway stops", { file });
    return recorder;
  } catch (error) {
    throw unwritable("--record", file, error);
  }
}

function masterKey(settings: Settings, data: string): string {
  if (settings.masterKey !== undefined) return settings.masterKey;
  if (data === MEMORY) {
    log.warning("no masterKey is configured, and nothing is kept: made one for this run");
    return randomBytes(32).toString("base64");
  }
  const { key, file, made } = storedMasterKey(data);
  if (made) {
    log.warning(
      "no masterKey is configured: made one and keep it in {file}; further gateways need the same",
      { file },
    );
  } else {
    log.info("no masterKey is configured: using the one in {file}", { file });
  }
  return key;
}

function stopSignal(): Promise<Deno.Signal> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}
