import type { AuditRecord } from "./audit.ts";
import { Output } from "./output.ts";
import { RotatedFile, type Rotation } from "./rotated_file.ts";

/** What is still waiting when the gateway stops is written within so many milliseconds, or not at all. */
const STOP_WITHIN = 1000;

/** Told when the file cannot be written any more, once, and when it can be again. */
export interface AuditFileEvents {
  failed(error: unknown): void;
  /** @param lost records that were lost meanwhile */
  recovered(lost: number): void;
  /** Files that were put aside and are too many could not be removed. */
  notRemoved(error: unknown): void;
}

/**
 * The audit in a file of its own: a JSON object a line. Nobody waits for the disk; records wait in a bounded queue, and
 * what is lost, because the disk is full say, is counted, and said in the file as soon as it can be.
 */
export class AuditFile {
  readonly #file: RotatedFile;
  readonly #output: Output;
  #failing = false;
  #lost = 0;

  private constructor(file: RotatedFile, events: AuditFileEvents) {
    this.#file = file;
    const lost = (records: number) => {
      this.#lost = records;
      return `${JSON.stringify({ time: new Date().toISOString(), lost: records })}\n`;
    };
    this.#output = new Output(async (bytes) => {
      try {
        const written = await file.write(bytes);
        if (this.#failing && written === bytes.length) {
          this.#failing = false;
          events.recovered(this.#lost);
        }
        return written;
      } catch (error) {
        if (!this.#failing) events.failed(error);
        this.#failing = true;
        throw error;
      }
    }, lost);
  }

  /** @throws where the file cannot be written */
  static async open(path: string, rotation: Rotation, events: AuditFileEvents): Promise<AuditFile> {
    const file = new RotatedFile(path, rotation, (error) => events.notRemoved(error));
    await file.open();
    return new AuditFile(file, events);
  }

  /** Takes a record, and never waits. */
  write(record: AuditRecord): void {
    this.#output.line(`${JSON.stringify(record)}\n`);
  }

  /** Writes what waits, if the disk takes it soon. */
  async close(): Promise<void> {
    await this.#output.stop(STOP_WITHIN);
    this.#file.close();
  }
}
