import { RpcError } from "../errors.ts";
import type { Written } from "./written.ts";

/** Bytes that the results of a batch take, at most, besides those of calls that change something; they are short. */
const MOST = 8 * 1024 * 1024;

/**
 * Bound on what the calls of a batch show. The first result may be of any size, as if it had been asked for alone; once one
 * has been too much, no further call is even tried.
 */
export class BatchAnswer {
  #bytes = 0;
  #full = false;

  /** @throws {RpcError} `answerTooLong` where nothing more can be taken */
  mustTakeMore(): void {
    if (this.#full) throw tooLong();
  }

  /** @throws {RpcError} `answerTooLong` where it is too much, besides what was taken before */
  take({ json }: Written): void {
    const bytes = Buffer.byteLength(json);
    const isFirst = this.#bytes === 0;
    this.#full = this.#bytes + bytes > MOST;
    if (this.#full && !isFirst) throw tooLong();
    this.#bytes += bytes;
  }
}

function tooLong(): RpcError {
  return new RpcError(
    "answerTooLong",
    `the answer to the batch would be longer than ${
      MOST / 1024 / 1024
    } MB: ask for less, for shorter pages, or without a batch`,
  );
}
