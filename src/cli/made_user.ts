import {
  checkInternalUser,
  type MadeUser,
  storedInternalUser,
  writeServerToml,
} from "../config/internal_user.ts";
import type { KeptSecrets } from "../config/kept_secrets.ts";
import type { Settings } from "../config/schema.ts";
import { isLoopback } from "../config/loopback.ts";
import { log } from "../ops/log.ts";
import { StartError } from "../start_error.ts";
import { MEMORY } from "./data_folder.ts";

/**
 * Somebody has to be able to call the internal methods of a listener that others reach: where nobody is configured, a user
 * is made, whose password is in the data folder and never in the log.
 *
 * @throws {StartError} where the user cannot be kept
 */
export function userToMake(settings: Settings, data: string, secrets: KeptSecrets): MadeUser | undefined {
  if (!needsUser(settings)) return undefined;
  if (data === MEMORY) throw nobody(settings);
  const user = storedInternalUser(data);
  secrets.keep(user.file);
  return user;
}

/**
 * Makes sure that {@link userToMake} would get a user, without making one.
 *
 * @throws {StartError} where it would not
 */
export function checkUserToMake(settings: Settings, data: string): void {
  if (!needsUser(settings)) return;
  if (data === MEMORY) throw nobody(settings);
  checkInternalUser(data);
}

/** Writes the lines that servers need to attach, and says where. */
export function tellServers(settings: Settings, data: string, user: MadeUser, port: number): void {
  const file = writeServerToml(data, settings, user, port);
  const said = user.made
    ? "no internal.users are configured: made one, and what servers need to attach is in {file}"
    : "no internal.users are configured: the one made before is used. What servers need to attach is in {file}";
  log.warning(said, { file });
}

function needsUser(settings: Settings): boolean {
  const { users, withoutUsers } = settings.internal;
  return users.length === 0 && withoutUsers === undefined && !isLoopback(hostnameOf(settings));
}

function nobody(settings: Settings): StartError {
  return new StartError(
    `nobody may call /internal: other machines reach the listener on ${
      hostnameOf(settings)
    }, and nothing is kept; ` +
      "configure internal.users, or listen with --host 127.0.0.1",
  );
}

function hostnameOf({ useSsl, http, https }: Settings): string {
  return (useSsl ? https : http).hostname;
}
