import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { TomlDate } from "smol-toml";
import jsonSuite from "./data/json_test_suite.json" with { type: "json" };
import tomlSuite from "./data/toml_test.json" with { type: "json" };
import wycheproof from "./data/wycheproof_ed25519.json" with { type: "json" };
import { RpcError } from "../src/edge/errors.ts";
import { readJson } from "../src/edge/rpc/json_body.ts";
import { BadToml, readToml, writeToml } from "../src/edge/server_config/toml.ts";
import { isSignedBy } from "../src/tokens/signature.ts";

/** A value of toml-test: a leaf says its type, and its value as text. */
type Tagged = { readonly type: string; readonly value: string } | readonly Tagged[] | {
  readonly [key: string]: Tagged;
};

function isLeaf(tagged: Tagged): tagged is { readonly type: string; readonly value: string } {
  return "type" in tagged && "value" in tagged && typeof tagged.type === "string" &&
    typeof tagged.value === "string";
}

/** Compares what was read with what toml-test expects. */
function checkToml(read: unknown, expected: Tagged, where: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(read) && read.length === expected.length, where);
    expected.forEach((each, i) => checkToml(read[i], each, `${where}[${i}]`));
  } else if (isLeaf(expected)) checkLeaf(read, expected, where);
  else {
    assert.deepEqual(Object.keys(read as object).sort(), Object.keys(expected).sort(), where);
    for (const [key, each] of Object.entries(expected)) {
      checkToml((read as Record<string, unknown>)[key], each, `${where}.${key}`);
    }
  }
}

function checkLeaf(read: unknown, { type, value }: { type: string; value: string }, where: string): void {
  switch (type) {
    case "string":
      return assert.equal(read, value, where);
    case "bool":
      return assert.equal(read, value === "true", where);
    case "integer":
      return assert.equal(read, BigInt(value), where);
    case "float":
      return assert.ok(
        Object.is(read, Number(value.replace("inf", "Infinity"))),
        `${where}: ${read} for ${value}`,
      );
    default:
      assert.ok(read instanceof TomlDate, where);
      return assert.equal(
        read.toISOString(),
        new TomlDate(value.replace(/(\.\d{3})\d+/, "$1")).toISOString(),
        where,
      );
  }
}

/** What is valid and refused all the same, because it would not come back as it went in. */
const INEXACT = /times are kept to the millisecond only/;

Deno.test("toml-test: what is valid is read as it says, and written so that it reads as the same again", async () => {
  await checkAll(Object.entries(tomlSuite.valid), ([text, expected], name) => {
    try {
      const read = readToml(text as string);
      checkToml(read, expected as unknown as Tagged, name);
      checkToml(readToml(writeToml(read)), expected as unknown as Tagged, `${name}, written and read again`);
    } catch (error) {
      if (!(error instanceof BadToml && INEXACT.test(error.reason))) throw error;
    }
  });
});

Deno.test("toml-test: what is invalid is refused, with its place", async () => {
  await checkAll(Object.entries(tomlSuite.invalid), (text) =>
    assert.throws(
      () => readToml(text),
      (error) => error instanceof BadToml && error.line! >= 1 && error.column! >= 1,
    ));
});

/** The value of a body, or `undefined` where it is refused. */
async function tryRead(body: Uint8Array): Promise<{ value: unknown } | undefined> {
  try {
    return { value: await readJson(body) };
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    return undefined;
  }
}

/** What `JSON.parse` makes of a body in UTF-8. */
function reference(body: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) };
  } catch {
    return undefined;
  }
}

const encoder = new TextEncoder();
const documents: [string, Uint8Array][] = [
  ...Object.entries(jsonSuite).map(([name, base64]) =>
    [name, Buffer.from(base64, "base64")] as [string, Uint8Array]
  ),
  ["n_structure_100000_opening_arrays", encoder.encode("[".repeat(100_000))],
  ["n_structure_open_array_object", encoder.encode('[{"":'.repeat(50_000))],
];

/** Rooms that make a body so large that it is read piece by piece. */
const ROOM = '{"id":["acme","room"],"customer":"acme","age":{"secs":1,"nanos":0},"peers":1}';
const FILL = new Array(4000).fill(ROOM).join(",");

Deno.test("JSONTestSuite: bodies are read as they should be, by themselves and as a room in a large report", async () => {
  await checkAll(documents, async (document, name) => {
    const read = await tryRead(document);
    if (name.startsWith("y_")) assert.deepEqual(read, reference(document));
    else if (name.startsWith("n_")) assert.equal(read, undefined);
    else assert.equal(read === undefined, reference(document) === undefined);
    for (const rooms of [[document, encoder.encode(`,${FILL}`)], [encoder.encode(`${FILL},`), document]]) {
      const request = '{"jsonrpc":"2.0","id":1,"method":"sfu.Report","params":{"rooms":[';
      const large = Buffer.concat([encoder.encode(request), ...rooms, encoder.encode("]}}")]);
      assert.equal(await tryRead(large) === undefined, reference(large) === undefined, "in a large report");
    }
  });
});

/** Wycheproof signs any bytes, a token is text: what is not ASCII cannot be what was signed. */
const ASCII = /^([0-7][0-9a-f])*$/;

Deno.test("Wycheproof: signatures of Ed25519 are accepted and refused as it says", async () => {
  const vectors = wycheproof.flatMap(({ key, tests }) =>
    tests.map((test) => [`${test.id} ${test.comment}`, { key, ...test }] as const)
  );
  await checkAll(vectors, ({ key, message, signature, result }) => {
    const x = Buffer.from(key, "hex").toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const parts = {
      header: "",
      claims: "",
      signed: Buffer.from(message, "hex").toString("utf8"),
      signature: Buffer.from(signature, "hex").toString("base64url"),
    };
    if (ASCII.test(message)) assert.equal(isSignedBy(parts, publicKey), result === "valid");
    else if (result === "invalid") assert.ok(!isSignedBy(parts, publicKey));
  });
});

/** Checks every case of a suite, and names those that fail. */
async function checkAll<Case>(
  cases: Iterable<readonly [string, Case]>,
  check: (its: Case, name: string) => void | Promise<void>,
): Promise<void> {
  const failed: Record<string, string> = {};
  let checked = 0;
  for (const [name, its] of cases) {
    checked++;
    try {
      await check(its, name);
    } catch (error) {
      failed[name] = String(error);
    }
  }
  assert.deepEqual(failed, {});
  assert.ok(checked > 100, `only ${checked} cases`);
}
