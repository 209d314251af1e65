// deno-lint-ignore no-import-prefix -- see README.md
export { default } from "npm:@open-rpc/meta-schema@1.14.9";
