import assert from "node:assert/strict";
import { z } from "zod";
import { configurationReference } from "./reference.ts";
import { ConfigSchema } from "./schema.ts";

Deno.test("docs/configuration.md says what the schema says", () => {
  const file = Deno.readTextFileSync(new URL("../../docs/configuration.md", import.meta.url));
  assert.ok(file === configurationReference(), "the file is not current: run deno task docs");
});

Deno.test("every member of the configuration is explained", () => {
  const silent: string[] = [];
  for (const [group, schema] of Object.entries(ConfigSchema.shape)) {
    const members = schema instanceof z.ZodPrefault ? schema.def.innerType : undefined;
    const own = members instanceof z.ZodObject ? Object.entries<z.ZodType>(members.shape) : [];
    for (const [name, each] of [[group, schema as z.ZodType] as const, ...own]) {
      if (!each.description) silent.push(name === group ? group : `${group}.${name}`);
    }
  }
  assert.deepEqual(silent, []);
});

const lines = [
  ["port", "- `port` (whole number from 0 to 65,535; default `7000`; **restart**): "],
  ["publicKey", "    - `x` (text; required): "],
  ["updateFunction", "- `updateFunction` (function; required): "],
  ["strategy", '- `strategy` (`"expected"`, '],
] as const;

for (const [name, beginning] of lines) {
  Deno.test(`configurationReference: ${name} with its type, range and default`, () => {
    assert.ok(configurationReference().includes(`\n${beginning}`), beginning);
  });
}
