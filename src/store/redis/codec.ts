/** Unix time as Redis tells it, and the caller's monotonic clock. */
export interface Clock {
  toUnixTime(time: number): number;
  fromUnixTime(time: number): number;
}

/** How a value stands in JSON. */
export interface Codec<Value> {
  write(value: Value, clock: Clock): unknown;
  /** @throws {Error} where it is no such value; the message says what is expected */
  read(json: unknown, clock: Clock): Value;
}

/** How a record stands in JSON: as an array of its members. */
export interface RecordCodec<Value> extends Codec<Value> {
  write(value: Value, clock: Clock): readonly unknown[];
}

/**
 * How each member of a record stands in JSON; the order is that of the array that the record is written as. Gateways of two
 * versions read what either of them has written: a version that adds a member puts it at the end, as an optional one.
 */
export type Members<Value> = { readonly [Name in keyof Value]-?: Codec<Value[Name]> };

/** Marks a member that is left out of a record where it is undefined. */
const ABSENT = Symbol("absent");

function primitive<Value>(expected: string, is: (json: unknown) => json is Value): Codec<Value> {
  return {
    write: (value) => value,
    read(json) {
      if (!is(json)) throw new Error(`${expected} is expected, not ${excerpt(json)}`);
      return json;
    },
  };
}

export const text = primitive("a text", (json) => typeof json === "string");
export const number = primitive("a number", (json) => typeof json === "number");
export const flag = primitive("true or false", (json) => typeof json === "boolean");
export const yes = primitive("true", (json): json is true => json === true);

/** A number that is only looked at, to a billionth: one with all its digits takes twice the space. */
export const rounded: Codec<number> = {
  write: (value) => Math.round(value * 1e9) / 1e9,
  read: number.read,
};

/** One of these texts. */
export function oneOf<Value extends string>(...texts: readonly Value[]): Codec<Value> {
  return primitive(
    `one of ${texts.join(", ")}`,
    (json): json is Value => texts.some((text) => text === json),
  );
}

/** A text that only a parser may make. */
export function parsed<Value extends string>(
  expected: string,
  parse: (text: string) => Value | undefined,
): Codec<Value> {
  return {
    write: (value) => value,
    read(json, clock) {
      const value = parse(text.read(json, clock));
      if (value === undefined) throw new Error(`${expected} is expected, not ${excerpt(json)}`);
      return value;
    },
  };
}

/** A point in time on the caller's monotonic clock; whole milliseconds of unix time in JSON. */
export const time: Codec<number> = {
  write: (value, clock) =>
    Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.round(clock.toUnixTime(value)))),
  read: (json, clock) => clock.fromUnixTime(number.read(json, clock)),
};

/** A member that may be undefined, and is there all the same. */
export function orUndefined<Value>(codec: Codec<Value>): Codec<Value | undefined> {
  return {
    write: (value, clock) => value === undefined ? null : codec.write(value, clock),
    read: (json, clock) => json === null || json === undefined ? undefined : codec.read(json, clock),
  };
}

/** A member that may be missing. */
export function optional<Value>(codec: Codec<Value>): Codec<Value> {
  return Object.assign({ [ABSENT]: true }, {
    write: (value: Value | undefined, clock: Clock) => value === undefined ? null : codec.write(value, clock),
    read: codec.read,
  });
}

export function list<Value>(codec: Codec<Value>): Codec<readonly Value[]> {
  return {
    write: (values, clock) => values.map((value) => codec.write(value, clock)),
    read(json, clock) {
      const values = array(json);
      const its: Value[] = [];
      for (let i = 0; i < values.length; i++) its.push(codec.read(values[i], clock));
      return its;
    },
  };
}

export function tuple<const Values extends readonly unknown[]>(
  ...codecs: { readonly [At in keyof Values]: Codec<Values[At]> }
): Codec<Values> {
  return {
    write: (values, clock) => codecs.map((codec, i) => codec.write(values[i], clock)),
    read(json, clock) {
      const values = array(json);
      const its: unknown[] = [];
      for (let i = 0; i < codecs.length; i++) its.push(codecs[i]!.read(values[i], clock));
      return its as unknown as Values; // each by its codec
    },
  };
}

/**
 * A record as an array of its members. Thousands are read each second, so with plain loops.
 *
 * @param skipped values before those of the members, which reading passes over
 */
export function record<Value extends object>(members: Members<Value>, skipped = 0): RecordCodec<Value> {
  const names = Object.keys(members) as (keyof Value)[];
  const codecs = names.map((name): Codec<Value[keyof Value]> => members[name]);
  return {
    write: (value, clock) => names.map((name, i) => codecs[i]!.write(value[name], clock)),
    read(json, clock) {
      const values = array(json);
      const its: Partial<Value> = {};
      for (let i = 0; i < names.length; i++) {
        const value = values[i + skipped];
        const codec = codecs[i]!;
        if ((value === null || value === undefined) && ABSENT in codec) continue;
        its[names[i]!] = codec.read(value, clock);
      }
      return its as Value; // each member by its codec
    },
  };
}

/** @throws {Error} where it is none */
export function array(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new Error(`an array is expected, not ${excerpt(json)}`);
  return json;
}

function excerpt(json: unknown): string {
  return (JSON.stringify(json) ?? "nothing").slice(0, 60);
}
