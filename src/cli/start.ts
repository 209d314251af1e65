import { loadConfig } from "../config/load.ts";
import { openDataFolder, storedMasterKey } from "../config/master_key.ts";
import type { Settings } from "../config/schema.ts";
import { log, startLog, stopLog } from "../ops/log.ts";
import { runGateway } from "../run.ts";
import { parseStartArguments } from "./arguments.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the gateway until it is told to stop.
 *
 * @throws {ConfigError} where the operator made a mistake
 */
export async function start(args: readonly string[]): Promise<void> {
  const parsed = parseStartArguments(args, (name) => Deno.env.get(name));
  if ("print" in parsed) {
    console.log(parsed.print.trimEnd());
    return;
  }
  const { settings, warnings } = await loadConfig(parsed.config, parsed.overrides);
  openDataFolder(parsed.data);
  await startLog(settings);
  for (const warning of warnings) log.warning("{warning}", { warning });
  try {
    const gateway = runGateway(settings, masterKey(settings, parsed.data));
    log.info("ODIN Gateway {version} listens on {url}", { version: VERSION, url: gateway.url });
    const signal = await stopSignal();
    log.info("{signal}: finishing the requests under way", { signal });
    await gateway.stop();
    log.info("stopped");
  } finally {
    await stopLog();
  }
}

function masterKey(settings: Settings, data: string): string {
  if (settings.masterKey !== undefined) return settings.masterKey;
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
