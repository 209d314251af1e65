// deno-lint-ignore no-import-prefix -- see README.md
export { Ajv } from "npm:ajv@8.20.0";
