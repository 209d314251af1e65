// deno-lint-ignore no-import-prefix -- see README.md
export { generate } from "npm:selfsigned@5.5.0";
