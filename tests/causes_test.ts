import assert from "node:assert/strict";
import { join } from "node:path";

const PROJECT = new URL("..", import.meta.url).pathname;

/** Where the error that was caught must not go along. */
const WITHOUT_CAUSE: Readonly<Record<string, string>> = {
  "src/tokens/client_token.ts": "the parser quotes the token",
  "src/cli/token.ts": "the parser quotes the key",
  "src/config/load.ts": "an import's error quotes the configuration, with passwords in it",
  "src/command_line/command.ts": "commander quotes what was given for an option",
  "src/edge/server_config/toml.ts": "the parser quotes a server's configuration, with passwords in it",
};

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(PROJECT, folder))) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) yield path;
  }
}

/** What stands between the bracket at this place and the one that closes it. Texts with brackets in them are taken as they are. */
function inBrackets(text: string, open: number): string {
  const [begin, end] = text[open] === "{" ? ["{", "}"] : ["(", ")"];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === begin) depth++;
    else if (text[at] === end && --depth === 0) return text.slice(open + 1, at);
  }
  return text.slice(open + 1);
}

/** Errors that are made while another one is being handled, and do not say so. */
function* withoutCause(text: string): Generator<string> {
  for (const handler of text.matchAll(/\bcatch (?:\((\w+)\) )?\{/g)) {
    const block = inBrackets(text, handler.index + handler[0].length - 1);
    for (const made of block.matchAll(/\bnew (\w*(?:Error|Failure|Refusal|Token|Toml|InUse|Gone)\w*)\(/g)) {
      const args = inBrackets(block, made.index + made[0].length - 1);
      if (!/\bcause\b/.test(args)) yield `${made[1]}(${args.replaceAll(/\s+/g, " ").trim()})`;
    }
  }
}

Deno.test("an error that is made because of another one keeps it as its cause", () => {
  const found: string[] = [];
  for (const file of sources("src")) {
    if (file in WITHOUT_CAUSE) continue;
    for (const error of withoutCause(Deno.readTextFileSync(join(PROJECT, file)))) {
      found.push(`${file}: ${error}`);
    }
  }
  assert.deepEqual(found, []);
});

Deno.test("what has to go without its cause is looked at, and nothing else", () => {
  for (const file of Object.keys(WITHOUT_CAUSE)) {
    assert.ok(
      [...withoutCause(Deno.readTextFileSync(join(PROJECT, file)))].length > 0,
      `${file} needs no exception`,
    );
  }
  const found = (text: string) => [...withoutCause(text)].length;
  assert.equal(found("try { a(); } catch (error) { throw new StartError(`no ${b()}`); }"), 1);
  assert.equal(found('try { a(); } catch { throw new StartError("no"); }'), 1);
  assert.equal(found('try { a(); } catch (error) { throw new StartError("no", { cause: error }); }'), 0);
  assert.equal(found('try { a(); } catch (error) { throw error; } throw new StartError("no");'), 0);
});
