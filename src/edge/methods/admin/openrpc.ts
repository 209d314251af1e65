import { z } from "zod";
import { type RpcErrorName, RpcErrors } from "../../errors.ts";
import type { AdminMethod } from "./method.ts";

/** A piece of the document. */
type Part = Record<string, unknown>;

/** The document as a whole: a type, since an interface is no record. */
export type OpenRpcDocument = {
  readonly openrpc: string;
  readonly info: Part;
  readonly methods: Part[];
  readonly components: Part;
};

/** Errors that any call may end with. */
const ANY: readonly RpcErrorName[] = ["invalidParams", "forbidden", "internal"];

/** The OpenRPC document (https://spec.open-rpc.org, 1.3) of methods, made of their schemas. */
export function openRpcDocument(methods: readonly AdminMethod[], version: string): OpenRpcDocument {
  return {
    openrpc: "1.3.2",
    info: {
      title: "ODIN Gateway, methods for operators",
      version,
      description:
        "JSON-RPC 2.0 over POST, on `/internal` and on `/rpc` of the operations listener, with HTTP Basic.",
      license: { name: "MIT" },
    },
    methods: methods.map(methodPart),
    components: {
      errors: Object.fromEntries(
        Object.entries(RpcErrors).map(([name, { code, cause }]) => [name, { code, message: cause }]),
      ),
    },
  };
}

function methodPart({ name, summary, description, does, params, result, errors }: AdminMethod): Part {
  return {
    name,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [{
      name: does === "shows" ? "read" : "admin",
      summary: `for users with the role ${roleFor(does)}`,
    }],
    paramStructure: "by-name",
    params: paramsOf(params),
    result: { name: "result", schema: schemaOf(result, "output") },
    errors: [...new Set([...errors, ...ANY])].map((error) => ({ $ref: `#/components/errors/${error}` })),
  };
}

function roleFor(does: AdminMethod["does"]): string {
  return does === "shows" ? "read or admin" : "admin";
}

function paramsOf(params: z.ZodObject): Part[] {
  const { properties = {}, required = [] } = schemaOf(params, "input") as {
    properties?: Record<string, Part>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    ...(description === undefined ? {} : { description }),
    required: required.includes(name),
    schema,
  }));
}

/** JSON Schema draft 7, the one that OpenRPC 1.3 is built on. What only code can check says its type itself (`meta`). */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Part {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io, unrepresentable: "any" });
  return rest;
}
