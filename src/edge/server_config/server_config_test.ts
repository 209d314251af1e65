import assert from "node:assert/strict";
import { recommendedServerConfig } from "../../config/recommended.ts";
import type { Address } from "../../fleet/mod.ts";
import { deriveServerKey } from "../../tokens/mod.ts";
import { completeServerConfig } from "./server_config.ts";

const { jwk } = deriveServerKey(Buffer.from("a master key of a test"), "sfu:4433" as Address);
const complete = (toml: string) => completeServerConfig(toml, recommendedServerConfig(5, "10.0.0.0/8"), jwk);

for (const toml of ["", "\n", "# nothing but a comment", 'name = "no tables"']) {
  Deno.test(`a configuration like ${JSON.stringify(toml)} gets every recommended setting and the key`, () => {
    const config = complete(toml);
    assert.match(config, /report_interval = 5000\n/);
    assert.match(config, /allowed = \[ "10.0.0.0\/8", "127.0.0.1\/8", "::1\/128" \]/);
    assert.match(config, /\[limit\.peer\.incoming_messages\]\nrate = 10\n/);
    assert.match(config, new RegExp(`d = "${jwk.d}"`));
  });
}

Deno.test("the server's own values win, and its arrays get the recommended items appended", () => {
  const config = complete('[quic]\nidle_timeout = 1\n[metrics]\nallowed = ["192.168.0.0/16", "::1/128"]\n');
  assert.match(config, /idle_timeout = 1\n/);
  assert.match(config, /keep_alive_interval = 5000/);
  assert.match(config, /allowed = \[ "192.168.0.0\/16", "::1\/128", "10.0.0.0\/8", "127.0.0.1\/8" \]/);
});

Deno.test("a value where a table is recommended stays", () => {
  assert.match(complete("quic = false"), /^quic = false\n/);
});

Deno.test("integers stay integers, floats floats and dates dates", () => {
  const config = complete(
    "a = 1\nb = 1.0\nc = 9007199254740993\nd = 1979-05-27\ne = 07:32:00\nf = 1979-05-27T07:32:00Z\n",
  );
  for (const line of ["a = 1", "b = 1.0", "c = 9007199254740993", "d = 1979-05-27", "e = 07:32:00"]) {
    assert.match(config, new RegExp(`^${line.replaceAll(".", "\\.")}(\\.0+)?$`, "m"));
  }
  assert.match(config, /^f = 1979-05-27T07:32:00(\.000)?Z$/m);
});

Deno.test("keys of the server's own stay, and its derived key is there once", () => {
  const once = complete('[[authorization.keys]]\nkid = "own"\n');
  assert.equal(complete(once).match(/kid = /g)?.length, 2);
  assert.match(once, /kid = "own"/);
});

const wrong = [
  ["a = ", /line 1, column \d+/],
  ["a = 1\nb = = 2", /line 2, column 5/],
  ['authorization = "no"', /authorization must be a table/],
  ["[authorization]\nkeys = 1", /authorization.keys must be an array/],
] as const;
for (const [toml, message] of wrong) {
  Deno.test(`bad TOML is named: ${JSON.stringify(toml)}`, () => {
    assert.throws(() => complete(toml), { name: "RpcError", message });
  });
}

const networks: [string, string, string][] = [
  ['["10.1.0.0/16"]', "0.0.0.0/0", '[ "10.1.0.0/16", "127.0.0.1/8", "::1/128" ]'],
  ['["10.1.0.0/16"]', "10.0.0.0/8", '[ "10.1.0.0/16", "127.0.0.1/8", "::1/128" ]'],
  ['["10.1.2.3"]', "10.1.2.0/24", '[ "10.1.2.3", "127.0.0.1/8", "::1/128" ]'],
  ["[]", "0.0.0.0/0", '[ "127.0.0.1/8", "::1/128" ]'],
  ['["2001:db8:1::/48"]', "2001:db8::/32", '[ "2001:db8:1::/48", "127.0.0.1/8", "::1/128" ]'],
  ['["10.0.0.0/8"]', "10.1.0.0/16", '[ "10.0.0.0/8", "10.1.0.0/16", "127.0.0.1/8", "::1/128" ]'],
  ['["0.0.0.0/0"]', "0.0.0.0/0", '[ "0.0.0.0/0", "127.0.0.1/8", "::1/128" ]'],
];
for (const [own, recommended, allowed] of networks) {
  Deno.test(`metrics.allowed = ${own} is not opened by appending ${recommended}`, () => {
    const warnings: string[] = [];
    const settings = recommendedServerConfig(5, recommended);
    const config = completeServerConfig(
      `[metrics]\nallowed = ${own}`,
      settings,
      jwk,
      (its) => warnings.push(its),
    );
    assert.ok(config.includes(`allowed = ${allowed}\n`), config);
    assert.equal(warnings.length, allowed.includes(recommended) ? 0 : 1);
  });
}
