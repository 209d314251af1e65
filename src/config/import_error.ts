import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf } from "../error_message.ts";
import { withoutMarks } from "./fresh_import.ts";
import { missingPermission, notPermitted } from "./permission.ts";

/** Colours, which the runtime puts into the messages of failed imports. */
// deno-lint-ignore no-control-regex -- escape sequences begin with a control character
const COLOURS = /\x1b\[[\d;]*m/g;

/** Where our own code is, which is not where a configuration is wrong. */
const OURS = new URL("../", import.meta.url).href;

/** Why importing a configuration failed, and where; in words for its author, and without a value that stands in it. */
export function explainImport(path: string, error: unknown): string {
  const text = withoutMarks(messageOf(error).replace(COLOURS, ""));
  const missing = /^Module not found "([^"]+)"/.exec(text)?.[1];
  if (missing === pathToFileURL(path).href) {
    return `${path}: no such configuration file; --config names another`;
  }
  const option = missingPermission(text);
  if (option === `--allow-read=${path}`) return `${path}: ${notPermitted(option)}`;
  const stack = error instanceof Error ? withoutMarks(error.stack ?? "").replace(COLOURS, "") : "";
  const place = placeOf(path, `${text}\n${stack}`);
  return `${path}${option === undefined ? " cannot be loaded" : ""}: ${place}${
    cause(text, missing, option, error)
  }`;
}

function cause(
  text: string,
  missing: string | undefined,
  option: string | undefined,
  error: unknown,
): string {
  if (option !== undefined) return `the configuration needs what is ${notPermitted(option)}`;
  if (missing !== undefined) return `it imports ${shown(missing)}, which is not there${hint(missing)}`;
  const bare = /^Import "([^"]+)" not a dependency/.exec(text)?.[1];
  if (bare !== undefined) {
    return `it imports "${bare}", which deno.json does not name; name it there, or import "npm:${bare}@<version>"`;
  }
  return withoutValues(text, error);
}

/** The types that a configuration is written with, which it expects beside itself. */
function hint(missing: string): string {
  return basename(missing) === "configSchema.ts" ? ": it lies beside main.ts, import it from there" : "";
}

/** Built-in errors quote what they choke on, which may be a password that was not put in quotes. */
function withoutValues(text: string, error: unknown): string {
  if (text.endsWith("is not valid JSON")) return "what should be JSON is not";
  const [line = ""] = text.split("\n", 1);
  if (error instanceof ReferenceError) {
    return line.replace(/^.* is not defined$/, "a name that is not defined; is it a text without quotes?");
  }
  return line
    .replace(/^(SyntaxError: .*?), got .*$/, "$1")
    .replace(/^Invalid URL: .*$/, "Invalid URL")
    .replace(/ at file:\/\/\S+$/, "");
}

/** "line 1, column 2: ", with the file where it is another than the configuration. */
function placeOf(path: string, text: string): string {
  for (const [, url, line, column] of text.matchAll(/(file:\/\/[^\s()]+?):(\d+):(\d+)/g)) {
    if (url!.startsWith(OURS) || url === Deno.mainModule) continue;
    const file = shown(url!);
    return `${file === path ? "" : `${file}, `}line ${line}, column ${column}: `;
  }
  return "";
}

function shown(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}
