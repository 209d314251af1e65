import { RpcError } from "./errors.ts";
import { refusal } from "./http/answer.ts";
import type { HttpAnswer } from "./http/message.ts";

/** A refusal that needs more than the error's own status. */
export class Refusal extends Error {
  /** @param untold the cause, where the log has not been told of it */
  constructor(readonly answer: HttpAnswer, readonly untold?: string) {
    super();
  }
}

/** A request that is refused before it is known what it calls. */
export function notServed(
  error: RpcError,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return new Refusal(refusal(error, headers, status), error.message);
}

/** A body that is longer than so many bytes. */
export function bodyTooLong(limit: number): Refusal {
  const error = new RpcError("invalidRequest", `the body is longer than ${limit} bytes`);
  return notServed(error, 413);
}
