import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { StartError } from "../start_error.ts";
import { writeSecret } from "./secret_file.ts";
import { notPermitted } from "./permission.ts";

const FILE = "master.key";

/** A master key of the data folder. */
export interface StoredMasterKey {
  /** In base64. */
  readonly key: string;
  readonly file: string;
  /** Whether it was made just now, and is in no file yet. */
  readonly made: boolean;
}

/**
 * The master key that the data folder keeps for a gateway without a configured one; made where there is none, and then only
 * kept once {@link keepMasterKey} says so: others may have another one.
 *
 * @throws {StartError} where the file cannot be read, or holds no key
 */
export function storedMasterKey(folder: string): StoredMasterKey {
  const file = join(folder, FILE);
  const known = keptMasterKey(folder);
  if (known !== undefined) return { key: known, file, made: false };
  return { key: randomBytes(32).toString("base64"), file, made: true };
}

/**
 * Writes a key to its file where it was made just now, readable by the owner only.
 *
 * @throws {StartError} where it cannot be written
 */
export function keepMasterKey({ key, file, made }: StoredMasterKey): void {
  if (!made) return;
  try {
    writeSecret(file, `${key}\n`);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * The master key that the data folder keeps, if there is one.
 *
 * @returns the key in base64
 * @throws {StartError} where the file cannot be read, or holds no key
 */
export function keptMasterKey(folder: string): string | undefined {
  const file = join(folder, FILE);
  let key: string;
  try {
    key = Deno.readTextFileSync(file).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(file, error);
  }
  if (Buffer.from(key, "base64").length >= 16) return key;
  throw new StartError(`${file}: expected a master key in base64; restore it, or configure masterKey`);
}

/**
 * Makes sure that the data folder is there and can be written.
 *
 * @throws {StartError} that says what to do
 */
export function openDataFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const probe = Deno.makeTempFileSync({ dir: folder, prefix: ".probe-" });
    Deno.removeSync(probe);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function unreadable(path: string, error: unknown): StartError {
  const reason = error instanceof Deno.errors.NotCapable
    ? `${notPermitted(optionsFor(path))}; --data names another folder, or :memory: to keep nothing`
    : error instanceof Error
    ? error.message
    : String(error);
  return new StartError(`the data folder: ${path}: ${reason}`, { cause: error });
}

/** The options for a folder that have not been given. */
function optionsFor(path: string): string {
  const missing = (["read", "write"] as const).filter((name) =>
    Deno.permissions.querySync({ name, path }).state !== "granted"
  );
  return missing.map((name) => `--allow-${name}=${path}`).join(" ");
}
