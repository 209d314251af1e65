import assert from "node:assert/strict";
import { RpcErrors } from "../src/edge/errors.ts";
import { internalMethods, operatorMethods } from "../src/edge/methods/internal_methods.ts";
import { publicMethods } from "../src/edge/methods/public_methods.ts";
import { TestGateway } from "./gateway.ts";

const readme = read("README.md");
const api = read("docs/api.md");

function read(file: string): string {
  return Deno.readTextFileSync(new URL(`../${file}`, import.meta.url));
}

/** A `curl` line, and the result that is shown below it, if one is. */
interface Example {
  readonly method: string;
  readonly line: string;
  readonly shown: unknown;
}

function examplesIn(markdown: string): Example[] {
  const blocks = markdown.matchAll(/^```sh\n(curl .*)\n```\n(?:\n```json\n([^]*?)\n```\n)?/gm);
  return Array.from(blocks, ([, line = "", result]) => ({
    method: /"method":"([\w.]+)"/.exec(line)![1]!,
    line,
    shown: result === undefined ? undefined : JSON.parse(result),
  }));
}

/** Where a result has other members, or values of another type, than the one that is shown; of lists the first entries count. */
function differences(real: unknown, shown: unknown, place = "result"): string[] {
  if (real === null || shown === null) return [];
  const [type, expected] = [typeName(real), typeName(shown)];
  if (type !== expected) return [`${place}: ${type}, shown as ${expected}`];
  if (Array.isArray(real) && Array.isArray(shown)) {
    return real.length === 0 || shown.length === 0 ? [] : differences(real[0], shown[0], `${place}[0]`);
  }
  if (typeof real !== "object" || typeof shown !== "object") return [];
  const [its, theirs] = [real as Record<string, unknown>, shown as Record<string, unknown>];
  return [...new Set([...Object.keys(its), ...Object.keys(theirs)])].flatMap((key) => {
    if (!(key in its)) return [`${place}.${key}: shown, and not there`];
    if (!(key in theirs)) return [`${place}.${key}: there, and not shown`];
    return differences(its[key], theirs[key], `${place}.${key}`);
  });
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

Deno.test("the curl lines of docs/api.md work as printed, and answer what is shown", async (t) => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433", [{ name: "match-1", peers: 5 }]);
  await gateway.report("sfu:4433"); // the match is over, and its kind has a size
  const subject = ["Connect", "RoomClose", "RoomUpdate", "RoomBanClient", "RoomSendMessage"];
  const env = { GATEWAY: gateway.url, TOKEN: gateway.tokens.createToken("lobby", "alice", { subject }) };
  const examples = examplesIn(api);
  assert.equal(examples.length, api.match(/^curl /gm)!.length);
  for (const { method, line, shown } of examples) {
    await t.step(method, async () => {
      const { stdout } = await new Deno.Command("sh", { args: ["-c", line], env }).output();
      const { result, error } = JSON.parse(new TextDecoder().decode(stdout));
      assert.ok(result, JSON.stringify(error));
      if (shown === undefined) assert.deepEqual(result, {}, "the page shows no result");
      else assert.deepEqual(differences(result, shown), []);
    });
  }
});

Deno.test("docs/api.md explains every method", () => {
  const nothing = {} as never; // what methods work with, which their names do not need
  const operators = operatorMethods(nothing);
  const names = Object.keys({ ...publicMethods(nothing), ...internalMethods({ operators } as never) });
  for (const name of names) {
    assert.ok(api.includes(`\n### ${name}\n`) || api.includes(`\`${name}\` is the same.`), name);
  }
});

Deno.test("the table of errors in docs/api.md is the one in the code", () => {
  const rows = [...api.matchAll(/^\| *(-\d+) *\| *(\d+) *\| (.*?) *\|$/gm)].map((
    [, code, http, cause],
  ) => ({
    code: Number(code),
    http: Number(http),
    cause,
  }));
  assert.deepEqual(rows, Object.values(RpcErrors));
});

Deno.test("the README is short, and has the two commands to try the gateway with", () => {
  assert.ok(new TextEncoder().encode(readme).length <= 8000);
  for (const task of ["demo", "test"]) {
    assert.match(readme, new RegExp(`^npx -y deno@2\\.9\\.6 task ${task}\\b`, "m"));
  }
});
