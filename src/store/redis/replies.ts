import { Fault } from "./fault.ts";

/** An answer of Redis that is to be a list. @throws {Fault} where it is not */
export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected("a list");
  return reply;
}

/** A list of texts. @throws {Fault} where it is not */
export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(textOf);
}

/** A text. @throws {Fault} where it is not */
export function textOf(reply: unknown): string {
  if (typeof reply !== "string") throw unexpected("a text");
  return reply;
}

/** Seconds and microseconds, as Redis's TIME has them. */
export function timeOf(reply: unknown): readonly [seconds: number, microseconds: number] {
  const [seconds, microseconds] = textsOf(reply);
  return [Number(seconds), Number(microseconds)];
}

function unexpected(expected: string): Fault {
  return new Fault(
    "refused",
    `Redis has answered something else than ${expected}, which the gateway asked for`,
  );
}
