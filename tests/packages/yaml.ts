// deno-lint-ignore no-import-prefix -- see README.md
import { load } from "npm:js-yaml@5.5.0";

/** What a YAML document says. */
export const parse = (text: string): unknown => load(text);
