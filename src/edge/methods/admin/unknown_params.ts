import type { z } from "zod";
import { isTypo } from "../../../misspelling.ts";
import { RpcError } from "../../errors.ts";

/** Params that an answer names, at most. */
const NAMED = 4;

/** Longest name of a param that comes back. */
const ECHO = 64;

/**
 * Refuses params that a method does not take. A misspelt one would widen what is asked for: without its `user_id` the
 * lift of a user's ban is that of the whole room's.
 *
 * @throws {RpcError} `invalidParams` with their names, and what was probably meant
 */
export function refuseUnknownParams({ shape }: z.ZodObject, params: unknown): void {
  if (typeof params !== "object" || params === null) return;
  const unknown = Object.keys(params).filter((name) => !Object.hasOwn(shape, name));
  if (unknown.length === 0) return;
  const known = Object.keys(shape);
  const data = unknown.slice(0, NAMED).map((name) => ({
    member: name.slice(0, ECHO),
    reason: reasonFor(name, known, params),
  }));
  const { member, reason } = data[0]!;
  throw new RpcError("invalidParams", `${member}: ${reason}`, data);
}

function reasonFor(name: string, known: readonly string[], given: object): string {
  const meant = known.find((candidate) => !Object.hasOwn(given, candidate) && isMeant(name, candidate));
  if (meant !== undefined) return `no such param; did you mean ${meant}?`;
  if (known.length === 0) return "no such param; the method takes none";
  return `no such param; the method takes ${known.join(", ")}`;
}

/** `user` and `userId` mean `user_id`, as what is misspelt means what it is spelt like. */
function isMeant(name: string, candidate: string): boolean {
  if (name.length > ECHO) return false;
  const [given, taken] = [name, candidate].map((each) => each.replaceAll(/[_-]/g, "").toLowerCase());
  return isTypo(given!, taken!) || candidate.split("_").includes(name.toLowerCase());
}
