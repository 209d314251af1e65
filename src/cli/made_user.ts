import {
  checkInternalUser,
  type MadeUser,
  storedInternalUser,
  writeServerToml,
} from "../config/internal_user.ts";
import type { KeptSecrets } from "../config/kept_secrets.ts";
import { mainAddress, type Settings } from "../config/schema.ts";
import type { Operator } from "../app/running.ts";
import { isLoopback } from "../config/loopback.ts";
import { log } from "../ops/log.ts";
import { StartError } from "../start_error.ts";
import { MEMORY } from "./data_folder.ts";

/**
 * Who may call the internal methods. Somebody has to be able to call those of a listener that others reach: where nobody is
 * configured, a user is made, whose password is in the data folder and never in the log.
 */
export class MadeUsers {
  #made: MadeUser | undefined;
  #port: number | undefined;

  constructor(readonly data: string, readonly secrets: KeptSecrets) {}

  /** @throws {StartError} where nobody could call, or the user cannot be kept */
  of(settings: Settings): ReturnType<Operator["usersOf"]> {
    if (!needsUser(settings)) return settings.internal.users;
    if (this.data === MEMORY) throw nobody(settings);
    const before = this.#made;
    this.#made = storedInternalUser(this.data);
    this.secrets.keep(this.#made.file);
    if (before === undefined && this.#port !== undefined) this.tellServers(settings, this.#port);
    return [this.#made];
  }

  /** Where a user was made, writes the lines that servers need to attach, and says where. */
  tellServers(settings: Settings, port: number): void {
    this.#port = port;
    if (this.#made === undefined) return;
    const file = writeServerToml(this.data, settings, this.#made, port);
    const said = this.#made.made
      ? "no internal.users are configured: made one, and what servers need to attach is in {file}"
      : "no internal.users are configured: the one made before is used. What servers need to attach is in {file}";
    log.warning(said, { file });
    const concern = concernAboutMadeUser(settings);
    if (concern !== undefined) log.warning("{concern}", { concern });
  }
}

/** Why a user that this gateway alone knows is not enough, where that is so. */
export function concernAboutMadeUser(settings: Settings): string | undefined {
  if (!needsUser(settings) || settings.store.redis === undefined) return undefined;
  return "no internal.users are configured: each gateway that shares the store makes a user of its own, and the others refuse " +
    "servers that know only that one; configure internal.users, the same for all";
}

/**
 * Makes sure that {@link MadeUsers} would find somebody, without making a user.
 *
 * @throws {StartError} where it would not
 */
export function checkUserToMake(settings: Settings, data: string): void {
  if (!needsUser(settings)) return;
  if (data === MEMORY) throw nobody(settings);
  checkInternalUser(data);
}

function needsUser(settings: Settings): boolean {
  const { users, withoutUsers } = settings.internal;
  return users.length === 0 && withoutUsers === undefined && !isLoopback(mainAddress(settings).hostname);
}

function nobody(settings: Settings): StartError {
  return new StartError(
    `nobody may call /internal: other machines reach the listener on ${
      mainAddress(settings).hostname
    }, and nothing is kept; ` +
      "configure internal.users, or listen with --host 127.0.0.1",
  );
}
