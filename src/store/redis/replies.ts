/** An answer of Redis that is to be a list. @throws {Error} where it is not */
export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error("a list is expected of Redis");
  return reply;
}

/** A list of texts. @throws {Error} where it is not */
export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(textOf);
}

/** A text. @throws {Error} where it is not */
export function textOf(reply: unknown): string {
  if (typeof reply !== "string") throw new Error("a text is expected of Redis");
  return reply;
}

/** Seconds and microseconds, as Redis's TIME has them. */
export function timeOf(reply: unknown): readonly [seconds: number, microseconds: number] {
  const [seconds, microseconds] = textsOf(reply);
  return [Number(seconds), Number(microseconds)];
}
