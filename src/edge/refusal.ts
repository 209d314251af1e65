import { RpcError, type RpcErrorName } from "./errors.ts";
import { refusal } from "./http/answer.ts";
import type { HttpAnswer } from "./http/message.ts";

/** A refusal that needs more than the error's own status. */
export class Refusal extends Error {
  /** @param untold the cause, where the log has not been told of it */
  constructor(readonly answer: HttpAnswer, readonly untold?: string, options?: ErrorOptions) {
    super(undefined, options);
  }
}

/** A request that is refused before it is known what it calls. */
export function notServed(
  kind: RpcErrorName,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return new Refusal(refusal(new RpcError(kind, message), headers), message);
}

/** A body that is longer than so many bytes. */
export function bodyTooLong(limit: number): Refusal {
  return notServed("bodyTooLong", `the body is longer than ${limit} bytes`);
}
