import { closeSync, constants, openSync } from "node:fs";
import { messageOf } from "../error_message.ts";

/** `O_TMPFILE` of Linux: a file without a name, which no folder ever shows. */
const WITHOUT_NAME = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR;

/** Faults that tell that a folder cannot be written; any other means only that the file system has no files without names. */
const TELLING = /^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR|ENOENT)\b/;

/**
 * Why no file can be made in a folder, found without making one that anybody sees; nothing where one can be, or where that
 * cannot be found out (other systems than Linux).
 */
export function whyNotWritable(folder: string): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    closeSync(openSync(folder, WITHOUT_NAME, 0o600));
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    return TELLING.test(message) ? message : undefined;
  }
}
