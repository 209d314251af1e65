/**
 * The reference of the configuration, `docs/configuration.md`, made from the schema: its texts, types, ranges and
 * defaults. Run by `deno task docs`; a test holds the file current.
 *
 * @module
 */
import { z } from "zod";
import { mustAgree } from "./agreed.ts";
import { needsRestart } from "./reload.ts";
import { ConfigSchema } from "./schema.ts";
import { checkedBy } from "./unknown_members.ts";

type Schema = z.core.$ZodType;

/** Columns of the documentation, as `deno fmt` wraps it. */
const WIDTH = 110;

/** Longest time that the schema takes, ten years in seconds; not worth a word as a range. */
const LONGEST_TIME = 10 * 365 * 86400;

const INTRODUCTION = `
# Configuration

<!-- Made from src/config/schema.ts by \`deno task docs\`: change the texts there. -->

[\`config.ts\`](../config.ts) default-exports an object. Everything has a default or is optional, so it may be short:

\`\`\`ts
import type { Config } from "./configSchema.ts";

const config: Config = {
  internal: { users: [{ name: "odin", password: "at least 16 characters" }] },
  placement: { ceiling: 0.9 },
};

export default config;
\`\`\`

Durations are in seconds. An option of the command line goes before the environment, and that before the configuration
([operations.md](operations.md#options)). Mistakes end the start with one message that names each of them; a misspelt member
is a mistake, one that is not known at all a warning. \`config.ts\` is read when the gateway starts, and again by a
[reload](operations.md#reload). That takes over all members but those marked **restart**. Members marked **common** must be
the same for all gateways that share a Redis ([several-gateways.md](several-gateways.md#set-up)), and there take a restart
of all of them.
`;

/** The text of `docs/configuration.md`. */
export function configurationReference(): string {
  const sections: string[] = [];
  for (const [name, schema] of Object.entries(ConfigSchema.shape)) sections.push(section(name, schema));
  return [...wrapped(INTRODUCTION.trim()), "", sections.join("\n\n"), ""].join("\n");
}

/** A member of the whole configuration: its text, then its own members. */
function section(name: string, schema: Schema): string {
  const members = membersOf(schema);
  const facts = isGroup(schema)
    ? ""
    : `\n\n${fill(`${capital(factsOf(schema))}${reloadOf(name)}.`).join("\n")}`;
  const list = members.flatMap(([key, member]) => entry(key, member, 0, name)).join("\n");
  return `## ${name}\n\n${fill(textOf(schema)).join("\n")}${facts}${list === "" ? "" : `\n\n${list}`}`;
}

/** Says that a member takes a restart, where it does, or where there are several gateways. */
function reloadOf(path: string): string {
  if (needsRestart(path) !== undefined) return "; **restart**";
  return mustAgree(path) ? "; **common**" : "";
}

/**
 * A member within one: a line of the list, and below it those that it has itself.
 *
 * @param path of the member that it is within; absent where that is one for a reload as a whole
 */
function entry(name: string, schema: Schema, depth: number, path?: string): string[] {
  const text = textOf(schema);
  if (text === "") return [];
  const indent = "  ".repeat(depth);
  const reload = path === undefined ? "" : reloadOf(`${path}.${name}`);
  const facts = isGroup(schema) ? "" : ` (${factsOf(schema)}${reload})`;
  const lines = fill(`\`${name}\`${facts}: ${text}`, `${indent}- `, `${indent}  `);
  return [...lines, ...membersOf(schema).flatMap(([key, member]) => entry(key, member, depth + 1))];
}

/** Whether there is nothing to be said of a member but its text and its own members. */
function isGroup(schema: Schema): boolean {
  return schema instanceof z.ZodPrefault;
}

/** Type, range, and whether it may be left out. */
function factsOf(schema: Schema): string {
  const type = typeOf(schema);
  for (let inner: Schema | undefined = schema; inner !== undefined; inner = innerOf(inner)) {
    if (inner instanceof z.ZodDefault) return `${type}; default ${shown(inner.def.defaultValue)}`;
    if (inner instanceof z.ZodOptional) return `${type}; optional`;
  }
  return `${type}; required`;
}

function typeOf(schema: Schema): string {
  const expected = z.globalRegistry.get(schema)?.expected;
  if (typeof expected === "string") return expected;
  if (schema instanceof z.ZodEnum) return schema.options.map(shown).join(", ");
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(shown).join(", ");
  if (schema instanceof z.ZodBoolean) return "`true` or `false`";
  if (schema instanceof z.ZodNumber) return numberType(schema);
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodArray) return `list of ${plural(typeOf(schema.element))}`;
  if (schema instanceof z.ZodUnion) return schema.options.map(typeOf).join(", or ");
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return "object";
  const inner = innerOf(schema);
  if (inner === undefined) throw new Error(`no words for the type ${schema._zod.def.type}`);
  return typeOf(inner);
}

function plural(type: string): string {
  return type.split(", or ").map((each) => each === "text" ? "texts" : `${each}s`).join(" or ");
}

function numberType(schema: z.ZodNumber): string {
  const bounds = (schema.def.checks ?? []).map(({ _zod: { def } }) => def).filter(isBound);
  const least = bounds.find(({ check }) => check === "greater_than");
  const most = bounds.find(({ check, value }) => check === "less_than" && value !== LONGEST_TIME);
  const word = schema.isInt ? "whole number" : "number";
  const low = least === undefined
    ? ""
    : `${least.inclusive ? "of at least" : "above"} ${digits(least.value)}`;
  if (most === undefined) return low === "" ? word : `${word} ${low}`;
  if (least?.inclusive) return `${word} from ${digits(least.value)} to ${digits(most.value)}`;
  return `${word} ${low === "" ? "" : `${low} and `}up to ${digits(most.value)}`;
}

interface Bound {
  readonly check: "greater_than" | "less_than";
  readonly value: number;
  readonly inclusive: boolean;
}

function isBound(check: object): check is Bound {
  const { check: name, value } = check as Partial<Bound>;
  return (name === "greater_than" || name === "less_than") && typeof value === "number";
}

function digits(value: number): string {
  return value.toLocaleString("en-US");
}

/** The members of an object, of the entries of a list, or of those alternatives that are objects. */
function membersOf(schema: Schema): [string, Schema][] {
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape as Record<string, Schema>);
  if (schema instanceof z.ZodArray) return membersOf(schema.element);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(membersOf);
  const inner = innerOf(schema);
  return inner === undefined ? [] : membersOf(inner);
}

/** What a schema is wrapped in: a default, leave to be absent, a transformation. */
function innerOf(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodPipe) return schema.in;
  return checkedBy(schema) ?? (schema._zod.def as { innerType?: Schema }).innerType;
}

function textOf(schema: Schema): string {
  return z.globalRegistry.get(schema)?.description ?? "";
}

/** A value as one would write it in `config.ts`. */
function shown(value: unknown): string {
  if (typeof value === "number" && value >= 10_000) return `\`${digits(value).replaceAll(",", "_")}\``;
  return `\`${JSON.stringify(value)}\``;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Wraps paragraphs; leaves code, headings and comments as they are. */
function wrapped(markdown: string): string[] {
  const blocks = markdown.split(/\n\n(?=[^\n]*)/);
  let inCode = false;
  return blocks.flatMap((block, i) => {
    const fences = block.match(/^```/gm)?.length ?? 0;
    const plain = !inCode && fences === 0 && !/^(#|<!--)/.test(block);
    if (fences % 2 === 1) inCode = !inCode;
    return [...(i === 0 ? [] : [""]), ...(plain ? fill(block) : block.split("\n"))];
  });
}

/** Breaks a text into lines, as `deno fmt` does: at blanks that are not in code. */
function fill(text: string, first = "", indent = ""): string[] {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines: string[] = [];
  let line = first;
  for (const [i, word] of words.entries()) {
    const longer = i === 0 ? line + word : `${line} ${word}`;
    if (i > 0 && longer.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../../docs/configuration.md", import.meta.url), configurationReference());
}
