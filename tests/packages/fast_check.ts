// deno-lint-ignore no-import-prefix -- see README.md
export { default } from "npm:fast-check@4.10.2";
