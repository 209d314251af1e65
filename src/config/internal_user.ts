import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf } from "../error_message.ts";
import { StartError } from "../start_error.ts";
import { mainAddress, type Settings } from "./schema.ts";
import { writeSecret } from "./secret_file.ts";

/** Who may call the internal methods, and what servers need for it. */
const FILES = { user: "internal.user", server: "server.toml" };

/** The user that the data folder keeps for a gateway without configured ones. */
export interface MadeUser {
  readonly name: string;
  readonly password: string;
  readonly file: string;
  /** Whether it was made just now. */
  readonly made: boolean;
}

/**
 * The user of `/internal` that the data folder keeps; made on first use, readable by the owner only.
 *
 * @throws {StartError} where the file cannot be read or made
 */
export function storedInternalUser(folder: string): MadeUser {
  const path = join(folder, FILES.user);
  try {
    const known = readUser(path);
    const user = known ?? { name: "odin", password: randomBytes(24).toString("base64url") };
    if (known === undefined) writeSecret(path, `${user.name}:${user.password}\n`);
    return { ...user, file: path, made: known === undefined };
  } catch (error) {
    throw unusable(path, error);
  }
}

/**
 * Makes sure that the user that the data folder keeps, if it keeps one, can be used.
 *
 * @throws {StartError} where the file cannot be read, or holds no user
 */
export function checkInternalUser(folder: string): void {
  const path = join(folder, FILES.user);
  try {
    readUser(path);
    readText(join(folder, FILES.server));
  } catch (error) {
    throw unusable(path, error);
  }
}

/**
 * Writes `server.toml`: the lines that a server's own configuration needs, readable by the owner only.
 *
 * @param port where the gateway listens
 * @returns the file
 * @throws {StartError} where it cannot be written
 */
export function writeServerToml(folder: string, settings: Settings, user: MadeUser, port: number): string {
  const file = join(folder, FILES.server);
  try {
    const toml = serverToml(settings, user, port);
    if (readText(file) !== toml) writeSecret(file, toml);
    return file;
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(path: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const reason = messageOf(error);
  return new StartError(`the data folder: ${path}: ${reason}`, { cause: error });
}

function readUser(path: string): { name: string; password: string } | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const [, name, password] = /^([^:\s]+):(\S{16,})\s*$/.exec(text) ?? [];
  if (name === undefined || password === undefined) {
    throw new StartError(
      `the data folder: ${path}: expected user:password; restore it, or remove it and attach all servers anew`,
    );
  }
  return { name, password };
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function serverToml(settings: Settings, { name, password }: MadeUser, port: number): string {
  const { hostname: host } = mainAddress(settings);
  const wildcard = host === "0.0.0.0" || host === "::";
  const shown = wildcard ? ownName() : host.includes(":") ? `[${host}]` : host;
  const scheme = settings.useSsl ? "https" : "http";
  const url = `${scheme}://${name}:${password}@${shown}:${port}/internal`;
  const hint = wildcard ? "# Where the servers reach the gateway by another name, put that in.\n" : "";
  return `# What an ODIN server needs in its own configuration to attach to this gateway. Keep it secret: whoever has it
# gets servers' private keys. Made by the gateway, because internal.users are not configured.
${hint}[supervisor]
url = "${url}"

# Newer servers:
# [provisioning]
# url = "${url}"
`;
}

/** The name of this machine; where it is not known, a place to put it in. */
function ownName(): string {
  return readText("/etc/hostname")?.trim() || "GATEWAY";
}
