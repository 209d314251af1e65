/**
 * What a `config.ts` is written with, under the name that configurations of the gateway in use before import:
 * `import { Config } from "./configSchema.ts"`. A value too, because such an import may be one of a value.
 *
 * @module
 */
import { ConfigSchema } from "./src/config/schema.ts";
import type { Config as Input } from "./src/config/schema.ts";

/** What `config.ts` may say. */
export type Config = Input;

/** The schema that a configuration is checked by. */
export const Config = ConfigSchema;
