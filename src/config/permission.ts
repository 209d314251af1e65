import { messageOf } from "../error_message.ts";

/** The runtime's own sentence, as `Deno.errors.NotCapable` and failed imports have it. */
const SENTENCE =
  /(?:[A-Za-z]*Error: |NotCapable: )?Requires (\w+) access(?: to (?:"([^"\n]*)"|<[^>\n]*>))?[^\n]*?, run again with the (--allow-\w+) flag/;

/** What an operator does about a permission that the gateway has not been given. */
export function notPermitted(option: string): string {
  return `not permitted: add ${option} to the options of "deno run", in the task in deno.json or where you run it yourself`;
}

/** The option that would give the permission that an error is about; undefined where it is about something else. */
export function missingPermission(error: unknown): string | undefined {
  const text = messageOf(error);
  const [sentence, , target, option] = SENTENCE.exec(text) ?? [];
  if (sentence === undefined) return undefined;
  return target === undefined ? option : `${option}=${target}`;
}

/** A message in which the runtime's sentence about a missing permission has become ours. */
export function explainPermission(message: string): string {
  const option = missingPermission(message);
  return option === undefined ? message : message.replace(SENTENCE, () => notPermitted(option));
}
