import { notPermitted } from "../config/permission.ts";
import { mainAddress, type Settings } from "../config/schema.ts";
import { StartError } from "../start_error.ts";

/**
 * Asked for before it listens, because the listener throws where nothing can catch it (`node:net` on Deno 2.9.6), and start
 * would hang.
 *
 * @throws {StartError} naming the option that is missing
 */
export function askToListen(settings: Settings): void {
  const { hostname, port } = mainAddress(settings);
  const host = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  if (Deno.permissions.requestSync({ name: "net", host }).state === "granted") return;
  throw new StartError(
    `cannot listen on ${hostname} port ${port}: ${notPermitted(`--allow-net=${host}`)}`,
  );
}
