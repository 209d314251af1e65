import { registerHooks } from "node:module";

/** Marks the URL of a module that was read again; the number makes a module of its own of it. */
const MARK = "reload";

/** Marks as they appear in messages and stack traces. */
const MARKS = new RegExp(`\\?${MARK}=\\d+`, "g");

/** Our own modules, which a configuration shares with the program that runs, and never gets a second time. */
const OURS = [new URL("../", import.meta.url).href, new URL("../../configSchema.ts", import.meta.url).href];

let loads = 0;

/**
 * Imports a module as it is on disk now, and so all that it imports by relative path, however often that was imported
 * before. An `import()` is otherwise kept by its URL for as long as the process lives, and so is every import within
 * (Deno 2.9.6): a changed URL alone would bring a new `config.ts` with the old `customers.ts` that it imports. So each is
 * given a URL of its own as it is resolved. Packages (`npm:`, `node:`) and our own modules are shared. What was imported
 * before stays in memory: some kilobytes a reload.
 */
export async function importFresh(url: string): Promise<{ default?: unknown }> {
  const load = loads++;
  if (load === 0) return await import(url);
  const marked = (target: string) => `${target}?${MARK}=${load}`;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const within = context.parentURL?.endsWith(`?${MARK}=${load}`) === true &&
        /^(\.|\/|file:)/.test(specifier);
      if (!within || OURS.some((own) => resolved.url.startsWith(own))) return resolved;
      return { ...resolved, url: marked(resolved.url) };
    },
  });
  try {
    return await import(marked(url));
  } finally {
    hooks.deregister();
  }
}

/** A message about such a module as its author knows it. */
export function withoutMarks(text: string): string {
  return text.replace(MARKS, "");
}
