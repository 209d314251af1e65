import { z } from "zod";
import { isTypo } from "../misspelling.ts";

/** A member that the schema does not know, wherever it stands in the same way. */
export interface UnknownMember {
  /** Where it stands first, `customers[0].pool`; not its name where that may be a secret. */
  readonly path: string;
  /** The known member that it was probably meant to be. */
  readonly meant: string | undefined;
  /** How many there are of it, in the entries of a list. */
  readonly times: number;
}

type Schema = z.core.$ZodType;
type Shape = Readonly<Record<string, Schema>>;

const laterSchemas = new WeakMap<Schema, Schema>();

/** Takes a value as it is, because it is checked later by the schema given; its members are looked at all the same. */
export function checkedLater(schema: Schema): z.ZodUnknown {
  const anything = z.unknown();
  laterSchemas.set(anything, schema);
  return anything;
}

/** The schema that a value of {@link checkedLater} is checked by in the end. */
export function checkedBy(schema: Schema): Schema | undefined {
  return laterSchemas.get(schema);
}

/** Places, by member and not by index, that are told of at most; nobody reads more. */
const MOST = 100;

/** Members whose own members are named only where they are known or nearly so. */
const SECRET = /^(internal|operations|users|accessKeys|publicKey|masterKey)$/;

/** What may be a member's name rather than a key or `user:password`. */
const A_NAME = /^[A-Za-z_$][\w$-]{0,31}$/;

/** Members of a value that a schema has no use for, at every depth: in lists, records and alternatives too. */
export function unknownMembers(schema: Schema, value: unknown, path = ""): UnknownMember[] {
  const found = new Map<string, { path: string; meant: string | undefined; times: number }>();

  function walk(kind: Kind, value: unknown, path: string, place: string): void {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      if (kind.elements.length + kind.tuples.length === 0) return;
      const element = kindOfAll(kind.elements);
      value.forEach((each, i) => {
        const its = kind.tuples.length === 0
          ? element
          : kindOfAll([...kind.elements, ...kind.tuples.flatMap((tuple) => tuple[i] ?? [])]);
        walk(its, each, `${path}[${i}]`, `${place}[]`);
      });
      return;
    }
    if (kind.shapes.length + kind.values.length === 0) return;
    for (const key of Object.keys(value)) {
      const its = kind.shapes.flatMap((shape) => Object.hasOwn(shape, key) ? shape[key]! : []);
      if (its.length + kind.values.length === 0) note(kind.shapes, key, path, `${place}.${key}`);
      else {
        const member = (value as Record<string, unknown>)[key];
        if (typeof member !== "object") continue;
        walk(kindOfAll([...its, ...kind.values]), member, joined(path, key), `${place}.${key}`);
      }
    }
  }

  function note(shapes: readonly Shape[], key: string, path: string, place: string): void {
    const known = found.get(place);
    if (known !== undefined) known.times++;
    if (known !== undefined || found.size >= MOST) return;
    const meant = shapes.flatMap((shape) => Object.keys(shape)).find((candidate) => isTypo(key, candidate));
    const secret = path.split(/[.[]/).some((each) => SECRET.test(each)) || !A_NAME.test(key);
    const name = meant === undefined && secret ? "(a name that is not shown)" : key;
    found.set(place, { path: joined(path, name), meant, times: 1 });
  }

  walk(kindOf(schema), value, path, "");
  return [...found.values()];
}

/** An unknown member in words; what becomes of it is for the caller to say. */
export function describeUnknown({ meant, times }: UnknownMember): string {
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return `no such member${hint}${times > 1 ? ` (${times} times in the list)` : ""}`;
}

/** What a schema says of members: those of objects, the elements of lists, what stands in pairs and records. */
interface Kind {
  readonly shapes: readonly Shape[];
  readonly elements: readonly Schema[];
  readonly tuples: readonly (readonly Schema[])[];
  readonly values: readonly Schema[];
}

const NOTHING: Kind = { shapes: [], elements: [], tuples: [], values: [] };

/** Kinds by schema: lists have thousands of entries of one. */
const kinds = new WeakMap<Schema, Kind>();

function kindOf(schema: Schema): Kind {
  let kind = kinds.get(schema);
  if (kind === undefined) kinds.set(schema, kind = lookAt(schema));
  return kind;
}

/** What several schemas say, of which a value may follow any. */
function kindOfAll(schemas: readonly Schema[]): Kind {
  if (schemas.length === 1) return kindOf(schemas[0]!);
  const all = schemas.map(kindOf);
  return {
    shapes: all.flatMap(({ shapes }) => shapes),
    elements: all.flatMap(({ elements }) => elements),
    tuples: all.flatMap(({ tuples }) => tuples),
    values: all.flatMap(({ values }) => values),
  };
}

/** Looks through alternatives, and through what a schema is wrapped in. */
function lookAt(schema: Schema): Kind {
  const later = checkedBy(schema);
  if (later !== undefined) return kindOf(later);
  if (schema instanceof z.ZodObject) return { ...NOTHING, shapes: [schema.shape as Shape] };
  if (schema instanceof z.ZodArray) return { ...NOTHING, elements: [schema.element] };
  if (schema instanceof z.ZodTuple) return { ...NOTHING, tuples: [schema.def.items] };
  if (schema instanceof z.ZodRecord) return { ...NOTHING, values: [schema.valueType] };
  if (schema instanceof z.ZodUnion) return kindOfAll(schema.options);
  if (schema instanceof z.ZodPipe) return kindOf(schema.in);
  const { innerType } = schema._zod.def as { innerType?: Schema };
  return innerType === undefined ? NOTHING : kindOf(innerType);
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
