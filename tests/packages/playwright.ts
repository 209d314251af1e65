import "./no_wsl.ts";
// deno-lint-ignore no-import-prefix -- see README.md
export { chromium } from "npm:playwright-core@1.65.1";
