import { messageOf } from "../error_message.ts";
import { refusePipe, unwritable } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { AuditFile } from "../ops/audit_file.ts";
import { log } from "../ops/log.ts";

/**
 * The audit file, if there is to be one; the log says when it cannot be written, once, and when it can be again.
 *
 * @throws {StartError} where it cannot be written now
 */
export async function openAuditFile({ audit }: Pick<Settings, "audit">): Promise<AuditFile | undefined> {
  const { file, maxSize, maxAge, keep } = audit;
  if (file === undefined) return undefined;
  try {
    refusePipe(file);
    return await AuditFile.open(file, { maxSize, maxAge: maxAge * 1000, keep }, {
      failed: (error) =>
        log.error(
          "the audit file {file} cannot be written: {error}. Records that it does not take are counted",
          {
            file,
            error: messageOf(error),
          },
        ),
      notRemoved: (error) =>
        log.warning("old audit files beside {file} cannot be removed: {error}", {
          file,
          error: messageOf(error),
        }),
      recovered: (lost) =>
        log.warning("the audit file {file} can be written again; {lost} records were lost", { file, lost }),
    });
  } catch (error) {
    throw unwritable("audit.file", file, error);
  }
}
