import { isDeepStrictEqual } from "node:util";
import { parse, stringify, TomlDate, TomlError } from "smol-toml";

/** A table of TOML; integers are bigint, floats number. */
export type Table = Record<string, unknown>;

/** Why a text is not read, and where that is known. */
export class BadToml extends Error {
  override readonly name = "BadToml";

  constructor(readonly reason: string, readonly line?: number, readonly column?: number) {
    super(line === undefined ? reason : `line ${line}, column ${column}: ${reason}`);
  }
}

/** Tables in tables, and values in all, at most: what is more costs others their time, and the library its stack. */
const BOUND = { depth: 64, values: 5000 };

/**
 * Reads TOML, and refuses what the library would change: dates that there are not, fractions of a second below a
 * millisecond, floats beyond those that there are.
 *
 * @throws {BadToml}
 */
export function readToml(text: string): Table {
  if (!text.isWellFormed()) throw new BadToml("the text is not well-formed Unicode");
  refuseInexact(text);
  let table: Table;
  try {
    table = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw new BadToml("it is nested too deep or cannot be read");
    const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new BadToml(reason, error.line, error.column);
  }
  let values = 0;
  const count = (value: unknown, depth: number) => {
    if (depth > BOUND.depth) throw new BadToml(`tables are nested more than ${BOUND.depth} deep`);
    if (++values > BOUND.values) throw new BadToml(`it has more than ${BOUND.values} values`);
    if (Array.isArray(value)) { for (const item of value) count(item, depth + 1); }
    else if (isTable(value)) { for (const key of Object.keys(value)) count(value[key], depth + 1); }
  };
  count(table, 0);
  return table;
}

/**
 * Writes TOML that reads as the same again.
 *
 * @throws {BadToml} where the library cannot
 */
export function writeToml(table: Table): string {
  // The library writes -0.0 as 0.0, so a text that nothing else is stands for it.
  const negativeZero = `-0.0 ${crypto.randomUUID()}`;
  const mark = (value: unknown): unknown => {
    if (Object.is(value, -0)) return negativeZero;
    if (Array.isArray(value)) return value.map(mark);
    if (!isTable(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mark(member)]));
  };
  const text = stringify(mark(table), { numbersAsFloat: true }).replaceAll(`"${negativeZero}"`, "-0.0");
  if (!isDeepStrictEqual(plain(parse(text, { integersAsBigInt: true })), plain(table))) {
    throw new BadToml("it cannot be written back exactly");
  }
  return text;
}

/** Whether a value is a table. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof TomlDate);
}

/** For comparison: without prototypes, and with dates as text. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return { date: value.toISOString() };
  if (Array.isArray(value)) return value.map(plain);
  if (!isTable(value)) return value;
  return new Map(Object.keys(value).map((key) => [key, plain(value[key])]));
}

/**
 * Comments and strings, which are passed over; and dates and floats, outside of them. A string that is not closed reaches as
 * far as one could: whatever is in a text, each character is looked at a bounded number of times.
 */
const TOKENS =
  /#[^\n]*|"""(?:\\[^]|[^\\"]|"(?!""))*(?:"{3,5})?|'''(?:[^']|'(?!''))*(?:'{3,5})?|"(?:\\[^\n]|[^"\\\n])*"?|'[^'\n]*'?|(?<![\w.+-])(?:(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?=[Tt]\d|[^\w-]|$)|(?<float>[+-]?\d[\d_]*(?:\.[\d_]+)?[eE][+-]?\d+)(?![\w.-]))|:\d\d\.(?<fraction>\d+)/g;

function refuseInexact(text: string): void {
  for (const { 0: token, index, groups } of text.matchAll(TOKENS)) {
    const reason = groups === undefined ? undefined : whatIsInexact(token, groups);
    if (reason === undefined || isKey(text, index + token.length)) continue;
    const before = text.slice(0, index).split("\n");
    throw new BadToml(reason, before.length, before.at(-1)!.length + 1);
  }
}

function whatIsInexact(token: string, groups: Record<string, string | undefined>): string | undefined {
  const { year, month, day, float, fraction } = groups;
  if (day !== undefined) {
    const days = new Date(Date.UTC(2000 + Number(year) % 400, Number(month), 0)).getUTCDate();
    return Number(day) > days ? `there is no ${token}` : undefined;
  }
  if (float !== undefined) {
    return Number.isFinite(Number(float.replaceAll("_", ""))) ? undefined : "the float is too large";
  }
  if (fraction !== undefined && /[1-9]/.test(fraction.slice(3))) {
    return "times are kept to the millisecond only";
  }
  return undefined;
}

/** Whether what ends there is a key: digits and dashes make one, too. */
function isKey(text: string, end: number): boolean {
  return /^[ \t]*[=.]/.test(text.slice(end, end + 20)) && !/^\.\d/.test(text.slice(end, end + 2));
}
