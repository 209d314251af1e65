// deno-lint-ignore no-import-prefix -- see README.md
import axe from "npm:axe-core@4.14.1";

/** The source of axe-core, to be run in a page. */
export const source: string = axe.source;
