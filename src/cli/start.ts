import { randomBytes } from "node:crypto";
import { loadConfig, refusePipe, unwritable } from "../config/load.ts";
import { KeptSecrets } from "../config/kept_secrets.ts";
import { keepMasterKey, storedMasterKey } from "../config/master_key.ts";
import { notPermitted } from "../config/permission.ts";
import type { Settings } from "../config/schema.ts";
import { log, startLog, stopLog, takeConsole } from "../ops/log.ts";
import { TraceRecorder } from "../ops/trace.ts";
import type { SharedFolder } from "../app/hand_over.ts";
import { runGateway } from "../app/run.ts";
import { dangersOfSharedStore, openSharedStore } from "../app/shared_store.ts";
import { defaultConnectionLimit } from "../edge/http/connection_limit.ts";
import { readCertificate } from "../edge/http/certificate_files.ts";
import { NO_STORE } from "../store/no_store.ts";
import type { OutboxEvents } from "../store/outbox.ts";
import { SqliteOutbox } from "../store/sqlite/outbox.ts";
import { StoreError, type StoreOptions } from "../store/port.ts";
import { ENVIRONMENT, parseStartArguments } from "./arguments.ts";
import { check } from "./check.ts";
import { concernAboutUnused, DataFolder, MEMORY, Unwanted } from "./data_folder.ts";
import { fromEnvironment, mayRead } from "./environment.ts";
import { askToListen } from "./listen_permission.ts";
import { MadeUsers } from "./made_user.ts";
import { ServiceManager } from "./service_manager.ts";
import { catchSignals } from "./signals.ts";
import { startErrorOf } from "./store_fault.ts";
import { surviveStrays } from "./strays.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the gateway until it is told to stop.
 *
 * @throws {StartError} where the operator made a mistake
 */
export async function start(args: readonly string[]): Promise<void> {
  const parsed = parseStartArguments(args, fromEnvironment);
  if ("print" in parsed) {
    console.log(parsed.print);
    return;
  }
  if (parsed.check) return await check(parsed);
  const { settings, warnings } = await loadConfig(parsed.config, parsed.overrides);
  askToListen(settings);
  // Before a process that runs is asked to hand over: what may be wrong, and what takes long.
  if (settings.useSsl) readCertificate(settings.https);
  defaultConnectionLimit();
  const folder = parsed.data === MEMORY
    ? undefined
    : await DataFolder.open(parsed.data, parsed.takeOver ? VERSION : undefined);
  startLog(settings);
  const giveConsoleBack = takeConsole();
  try {
    const signals = catchSignals();
    for (const warning of warnings) log.warning("{warning}", { warning });
    surviveStrays((what, message) => {
      log.error("something failed that nobody waits for ({what}); the gateway goes on: {message}", {
        what,
        message,
      });
    });
    using manager = new ServiceManager(fromEnvironment);
    const unread = Object.values(ENVIRONMENT).filter((variable) =>
      !mayRead(variable) &&
      (variable !== ENVIRONMENT.redisPassword || settings.store.redis !== undefined) &&
      (variable !== ENVIRONMENT.sentinelPassword || settings.store.redis?.sentinels !== undefined)
    );
    if (unread.length > 0) {
      log.warning("the environment is not looked at for {unread}: {reason}", {
        unread: unread.join(" and "),
        reason: notPermitted(`--allow-env=${unread.join(",")}`),
      });
    }
    using secrets = new KeptSecrets({
      restored: (file) => log.warning("{file} was removed: written again", { file }),
      failed: (file, message) =>
        log.error("{file} was removed, and cannot be written again: {message}", { file, message }),
    });
    const { key, keep } = masterKey(settings, parsed.data, secrets);
    if (settings.store.redis === undefined) keep();
    let inForce = () => settings;
    const { redis } = settings.store;
    const unused = redis && concernAboutUnused(parsed.data);
    if (unused !== undefined) log.warning("{unused}", { unused });
    const openStore = async (options: StoreOptions) => {
      if (redis !== undefined) {
        const shared = { settings: () => inForce(), masterKey: key, version: VERSION };
        const store = await openSharedStore(redis, shared, options);
        keep(); // not before the other gateways have the same
        for (const warning of await dangersOfSharedStore(redis)) log.warning("{warning}", { warning });
        return store;
      }
      return folder === undefined
        ? NO_STORE
        : await folder.openStore(options, () => signals.stopping !== undefined);
    };
    const users = new MadeUsers(parsed.data, secrets);
    const run = () => {
      const recorder = parsed.record === undefined ? undefined : openRecorder(parsed.record);
      return runGateway(settings, key, openStore, recorder, {
        usersOf: (settings) => users.of(settings),
        reread: () => loadConfig(parsed.config, parsed.overrides),
        folder: sharedFolder(folder, () => signals.stopping !== undefined),
        ...(folder === undefined
          ? {}
          : { openOutbox: (events: OutboxEvents) => new SqliteOutbox(parsed.data, events) }),
      }, VERSION);
    };
    const gateway = await run().catch((error: unknown) => {
      if (error instanceof Unwanted) return undefined;
      if (folder === undefined) throw error;
      folder.takeFromEnded(error);
      log.warning("the process that was to be replaced has ended: this one starts as if there had been none");
      return run();
    });
    if (gateway === undefined) {
      return log.info("{signal}: nothing is taken over, the other process goes on", {
        signal: signals.stopping,
      });
    }
    inForce = () => gateway.settings();
    folder?.ready();
    users.tellServers(settings, Number(new URL(gateway.url).port));
    signals.reload = () => gateway.reloadFor("SIGHUP");
    log.info("ODIN Gateway {version} listens on {url}{how}", {
      version: VERSION,
      url: gateway.url,
      how: folder?.wasTakenOver === true ? ", in place of the process before" : "",
    });
    manager.ready(`listens on ${gateway.url}`);
    const signal = await Promise.race([signals.stop, folder?.hasLeft ?? signals.stop]);
    if (signal !== undefined) log.info("{signal}: finishing the requests under way", { signal });
    manager.stopping();
    await gateway.stop();
    log.info("stopped");
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw startErrorOf(error, settings.store.redis === undefined ? "the data folder" : "the store");
  } finally {
    folder?.close();
    await stopLog();
    giveConsoleBack();
  }
}

/** The folder as other processes may take it over; not where its path is too long for sockets in it. */
function sharedFolder(folder: DataFolder | undefined, unwanted: () => boolean): SharedFolder | undefined {
  const sockets = folder?.sockets;
  if (folder === undefined || sockets === undefined) return undefined;
  return {
    sockets,
    ports: () => folder.ports,
    takeOver: () => folder.takeOver(unwanted),
    release: () => folder.release(),
    take: () => folder.take(),
    left: () => folder.left(),
  };
}

/** @throws {StartError} where the file cannot be written */
function openRecorder(file: string): TraceRecorder {
  try {
    refusePipe(file);
    const recorder = new TraceRecorder(file, (error) => log.error("{file}: {error}", { file, error }));
    log.warning("recording grants and reports to {file}: it grows until the gateway stops", { file });
    return recorder;
  } catch (error) {
    throw unwritable("--record", file, error);
  }
}

/** @returns the key, and what keeps one that was made in the data folder, once it may be used */
function masterKey(
  settings: Settings,
  data: string,
  secrets: KeptSecrets,
): { readonly key: string; keep(): void } {
  if (settings.masterKey !== undefined) return { key: settings.masterKey, keep: () => {} };
  if (data === MEMORY) {
    log.warning("no masterKey is configured, and nothing is kept: made one for this run");
    return { key: randomBytes(32).toString("base64"), keep: () => {} };
  }
  const stored = storedMasterKey(data);
  const { key, file, made } = stored;
  let kept = false;
  const keep = () => {
    if (kept) return;
    keepMasterKey(stored);
    if (made) {
      log.warning(
        "no masterKey is configured: made one and keep it in {file}; further gateways need the same",
        { file },
      );
    } else log.info("no masterKey is configured: using the one in {file}", { file });
    secrets.keep(file);
    kept = true;
  };
  return { key, keep };
}
