import project from "../../deno.json" with { type: "json" };

/** Version of this gateway. */
export const VERSION: string = project.version;
