import assert from "node:assert/strict";
import { z } from "zod";
import type { Asked } from "../../../lists/pages.ts";
import { listMethod } from "./list_method.ts";
import { Name, ScopedKey, ServerAddress } from "./shapes.ts";

const CALL = { user: undefined };
const LIST = "0b0e7fd1-3a5e-4b9e-9d0c-6a1c1c0a9f11";
const AFTER = ["acme", "r1"];

/** A list that answers nothing, what it was asked for last, and a place to go on from. */
function listOf(name: string, next: { list: string; after: (string | number)[] } | undefined) {
  const asked: Asked<object>[] = [];
  const method = listMethod({
    name,
    summary: "List",
    filters: {
      namespace: Name.optional(),
      server: ServerAddress.optional(),
      listed: z.boolean().default(true),
      ...{ b: Name.optional(), c: Name.optional(), d: Name.optional() },
    },
    key: name === "long.List" ? z.tuple([z.string(), z.string(), z.string()]) : ScopedKey,
    entries: "things",
    entry: z.number(),
    page: (each) => {
      asked.push(each);
      return Promise.resolve({ items: [1, 2], next });
    },
    show: (item: number) => item + 1,
  });
  return { asked, call: async (params: unknown) => await method.call(params, CALL) as { cursor: string } };
}

function cursorOf(...parts: unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

Deno.test("a cursor has the list go on with its filters, as they were checked, whatever the limit", async () => {
  const { asked, call } = listOf("thing.List", { list: LIST, after: AFTER });
  const { cursor, ...first } = await call({ server: "SFU:04433", limit: 7 });
  assert.deepEqual(first, { things: [2, 3] });
  await call({ cursor, limit: 8 });
  await call({ cursor, namespace: "other" });
  const filter = { server: "sfu:4433", listed: true };
  const from = { list: LIST, after: AFTER };
  assert.deepEqual(asked, [{ filter, limit: 7 }, { filter, from, limit: 8 }, { filter, from, limit: 100 }]);
  const end = await listOf("thing.List", undefined).call({});
  assert.equal(end.cursor, null);
});

Deno.test("the longest filters and keys fit into a cursor", async () => {
  const long = "\u0001".repeat(1024);
  const after = [long, long, long];
  const { asked, call } = listOf("long.List", { list: LIST, after });
  const server = `${"a".repeat(63)}.example:65535`;
  const filter = { namespace: long, server, b: long, c: long, d: long };
  const { cursor } = await call(filter);
  await call({ cursor });
  assert.deepEqual(asked[1], {
    filter: { ...filter, listed: true },
    from: { list: LIST, after },
    limit: 100,
  });
});

const forged: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a text", "nonsense"],
  ["no JSON", Buffer.from("[1,").toString("base64url")],
  ["another list's", cursorOf("other.List", {}, LIST, AFTER)],
  ["an object", Buffer.from("{}").toString("base64url")],
  ["null", Buffer.from("null").toString("base64url")],
  ["too little", cursorOf("thing.List", {}, LIST)],
  ["too much", cursorOf("thing.List", {}, LIST, AFTER, 1)],
  ["another key", cursorOf("thing.List", {}, LIST, ["acme"])],
  ["a key of numbers", cursorOf("thing.List", {}, LIST, [1, 2])],
  ["no name of a list", cursorOf("thing.List", {}, "x", AFTER)],
  ["a filter that a param may not be", cursorOf("thing.List", { namespace: "" }, LIST, AFTER)],
  ["a filter that is not known", cursorOf("thing.List", { customer: "acme" }, LIST, AFTER)],
  ["a prototype", cursorOf("thing.List", JSON.parse('{"__proto__":{"listed":1}}'), LIST, AFTER)],
  ["deep", Buffer.from("[".repeat(50_000)).toString("base64url")],
];
for (const [what, cursor] of forged) {
  Deno.test(`a cursor that is none is refused: ${what}`, async () => {
    const { asked, call } = listOf("thing.List", undefined);
    await assert.rejects(call({ cursor }), /^RpcError: cursor: not known; begin the list anew$/);
    assert.deepEqual(asked, []);
  });
}

Deno.test("so is one that is too long, or of bytes that chance has made, or of a cursor that was changed", async () => {
  const { asked, call } = listOf("thing.List", undefined);
  await assert.rejects(
    call({ cursor: cursorOf("thing.List", {}, LIST, ["a".repeat(100_000), ""]) }),
    /^RpcError: cursor: /,
  );
  for (let i = 0; i < 1000; i++) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.floor(Math.random() * 200)));
    await assert.rejects(
      call({ cursor: Buffer.from(bytes).toString("base64url") }),
      /^RpcError: cursor: not known/,
    );
  }
  assert.deepEqual(asked, []);
  const good = cursorOf("thing.List", { namespace: "acme" }, LIST, AFTER);
  for (let i = 0; i < good.length; i++) {
    const changed = good.slice(0, i) + (good[i] === "A" ? "B" : "A") + good.slice(i + 1);
    await call({ cursor: changed }).catch(({ name, message }) =>
      assert.equal(`${name}: ${message}`, "RpcError: cursor: not known; begin the list anew")
    );
  }
});

Deno.test("what no param is called is refused, as other methods do", async () => {
  const { call } = listOf("thing.List", undefined);
  await assert.rejects(call({ Limit: 1 }), /did you mean limit\?/);
  await assert.rejects(call({ namespace: "" }), /^RpcError: namespace: /);
});
