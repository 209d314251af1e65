// deno-lint-ignore no-import-prefix -- see README.md
export { pack, unpack } from "npm:msgpackr@1.12.1";
