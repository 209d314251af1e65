import { removeIfThere } from "../remove_if_there.ts";
import { dirname } from "node:path";

/**
 * Writes a secret so that it is whole or not there: to a file beside it, which takes its place once it is safe on disk.
 * Readable by the owner only.
 *
 * @throws {Deno.errors} where it cannot be written
 */
export function writeSecret(path: string, text: string): void {
  const temporary = `${path}.new`;
  removeIfThere(temporary);
  {
    using file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    file.syncSync();
  }
  Deno.renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** The name of a file is safe on disk only once its folder is. */
function syncFolder(folder: string): void {
  try {
    using opened = Deno.openSync(folder);
    opened.syncSync();
  } catch {
    // Not every system can do this for a folder; the file itself is safe.
  }
}
