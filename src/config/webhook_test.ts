import assert from "node:assert/strict";
import { readConfig } from "./load.ts";

const SECRET = `whsec_${btoa("x".repeat(32))}`;

function read(...urls: string[]) {
  return readConfig({ webhooks: urls.map((url) => ({ url, secret: SECRET })) });
}

const same: [one: string, other: string][] = [
  ["http://hooks.example", "http://hooks.example/"],
  ["http://hooks.example/", "http://HOOKS.example:80/"],
  ["https://hooks.example/a", "HTTPS://hooks.example:443/a"],
  ["https://hooks.example/a", "https://hooks.example/b/../a"],
  ["http://127.0.0.1/a", "http://127.1/a"],
];
for (const [one, other] of same) {
  Deno.test(`${one} and ${other} are one webhook`, () => {
    assert.throws(
      () => read("http://first.example", one, other),
      /webhooks\[2\]\.url: expected another URL than those before/,
    );
  });
}

const different: [one: string, other: string][] = [
  ["http://hooks.example/", "https://hooks.example/"],
  ["http://hooks.example/a", "http://hooks.example/A"],
  ["http://hooks.example/a", "http://hooks.example/a/"],
  ["http://hooks.example/?a", "http://hooks.example/?b"],
  ["http://hooks.example:8080/", "http://hooks.example/"],
];
for (const [one, other] of different) {
  Deno.test(`${one} and ${other} are two webhooks`, () => {
    assert.deepEqual(read(one, other).settings.webhooks.map(({ url }) => url), [one, other]);
  });
}

Deno.test("of a webhook's URL that cannot be used nothing is shown: it may be a secret", () => {
  for (const url of ["S3CRET", "hooks/S3CRET", "http://[S3CRET", "ftp://x/S3CRET", "https://u:S3CRET@x/"]) {
    assert.throws(() => read(url), (error: Error) => {
      assert.match(error.message, /webhooks\[0\]\.url: expected a URL/);
      return !error.message.includes("S3CRET");
    }, url);
  }
});

Deno.test("a short password is a warning, of operators as of servers, and is not shown", () => {
  const users = (password: string) => ({ users: [{ name: "kim", password }] });
  for (const member of ["internal", "operations"]) {
    const { warnings } = readConfig({ [member]: users("hunter2") });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, new RegExp(`${member}\\.users: a password is shorter than 16 characters`));
    assert.ok(!warnings[0]!.includes("hunter2"));
    assert.deepEqual(readConfig({ [member]: users("x".repeat(16)) }).warnings, []);
  }
});
