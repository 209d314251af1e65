import type { LoadedConfig } from "../config/load.ts";
import { differenceOf } from "../config/reload.ts";
import type { Settings } from "../config/schema.ts";
import { RpcError } from "../edge/errors.ts";
import { readCertificate } from "../edge/http/certificate_files.ts";
import type { Gate } from "../edge/gate.ts";
import type { ReloadedConfig, ReloadedCustomers, Reloading } from "../edge/methods/admin/reload_methods.ts";
import { log } from "../ops/log.ts";
import { StartError } from "../start_error.ts";

/** What is reloaded, and how. */
export interface Reloadable {
  /** The settings in force. */
  settings(): Settings;
  /**
   * Reads all that these settings name, to be in force at once when the answer is called, which cannot fail, and says what is
   * odd about the customers.
   *
   * @throws {StartError} where they cannot be used; then nothing has changed
   */
  prepare(settings: Settings): Promise<() => readonly string[]>;
  /**
   * Reads the customers of these settings. When the answer is called they alone are in force, and their customer API is
   * asked; what it answers then resolves when it has answered.
   *
   * @throws {StartError} where they cannot be used; then nothing has changed
   */
  prepareCustomers(settings: Settings): Promise<() => Promise<ReloadedCustomers>>;
}

/** A configuration, and a customer API, get so long in milliseconds: what waits longer keeps the next reload from its turn. */
const WITHIN = 30_000;

/**
 * Reads configuration, customers and certificate again, one reload after the other, each wholly or not at all. No connection
 * notices: requests under way end by the settings with which they began.
 */
export class Reload implements Reloading {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param read reads the configuration; absent where it came from no file
   * @param gate nothing is put in force while another process has the data
   * @param within milliseconds that what is asked for a reload may take
   */
  constructor(
    readonly read: (() => Promise<LoadedConfig>) | undefined,
    readonly gate: Gate,
    readonly parts: Reloadable,
    readonly within = WITHIN,
  ) {}

  config(): Promise<ReloadedConfig> {
    return this.#inTurn(async () => {
      const { settings, warnings: found } = await this.#read();
      const { changed, restart, inForce, conflicts } = differenceOf(this.parts.settings(), settings);
      if (conflicts.length > 0) throw new StartError(inPart(conflicts, restart.map(({ member }) => member)));
      const apply = await this.parts.prepare(inForce);
      const aboutCustomers = await this.gate.during(apply); // logged already
      const warnings = [...found, ...concernsOfRestart(this.parts.settings(), settings)];
      for (const warning of warnings) log.warning("{warning}", { warning });
      log.info("the configuration was read again: {changed}", {
        changed: changed.length === 0 ? "nothing has changed" : `${changed.join(", ")} changed`,
      });
      for (const { member, reason } of restart) {
        log.warning("{member} has changed and takes a restart: {reason}", { member, reason });
      }
      return { changed, restart, warnings: [...warnings, ...aboutCustomers] };
    });
  }

  customers(): Promise<ReloadedCustomers> {
    return this.#inTurn(async () => {
      const { settings: { customers, customerApi } } = await this.#read();
      const { customers: _, customerApi: __, ...others } = this.parts.settings();
      const take = await this.parts.prepareCustomers({
        ...others,
        ...(customers === undefined ? {} : { customers }),
        ...(customerApi === undefined ? {} : { customerApi }),
      });
      const taken = await this.gate.during(() => ({ answered: take() }));
      return await this.#inTime(
        taken.answered,
        () =>
          new RpcError(
            "unavailable",
            `the customer API has not answered within ${
              this.within / 1000
            } s: the customers before stay until it does`,
          ),
      );
    });
  }

  async #read(): Promise<LoadedConfig> {
    if (this.read === undefined) {
      throw new StartError("this gateway was started without a configuration file");
    }
    return await this.#inTime(
      this.read(),
      () =>
        new StartError(
          `the configuration could not be read within ${
            this.within / 1000
          } s: something that it or what it imports waits for ` +
            "(an await outside any function) does not come",
        ),
    );
  }

  /** Waits no longer than a reload may take. What comes later is not looked at. */
  async #inTime<Result>(coming: Promise<Result>, late: () => Error): Promise<Result> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(late()), this.within);
    try {
      return await Promise.race([coming, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #inTurn<Result>(reload: () => Promise<Result>): Promise<Result> {
    const running = this.#last.then(reload);
    this.#last = running.catch(() => {});
    try {
      return await running;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      log.error("the reload is refused, all stays as it was: {message}", { message: error.message });
      throw new RpcError("badConfiguration", error.message, undefined, { cause: error });
    }
  }
}

/** Why a configuration that is right cannot be taken over without a restart. */
function inPart(conflicts: readonly string[], restart: readonly string[]): string {
  const these = restart.join(", ");
  return `without a restart, which ${these} would take, the rest does not go with what is in force\n  ${
    conflicts.join("\n  ")
  }\n  restart the gateway, or leave ${these} as before`;
}

/** What would keep a start with these settings from succeeding that a reload does not look at. */
function concernsOfRestart(before: Settings, after: Settings): string[] {
  if (before.useSsl || !after.useSsl) return [];
  try {
    readCertificate(after.https);
    return [];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [`useSsl takes a restart, and that would fail: ${error.message}`];
  }
}
