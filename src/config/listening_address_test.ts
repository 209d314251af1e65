import assert from "node:assert/strict";
import { collide } from "./listening_address.ts";

const hosts: [one: string, other: string, collide: boolean][] = [
  ["127.0.0.1", "127.0.0.1", true],
  ["LOCALHOST", "localhost", true],
  ["[::1]", "::1", true],
  ["0.0.0.0", "127.0.0.1", true],
  ["0.0.0.0", "gateway.example", true],
  ["::", "127.0.0.1", true],
  ["::", "0.0.0.0", true],
  ["localhost", "127.0.0.1", true],
  ["localhost", "::1", true],
  ["127.0.0.1", "127.0.0.2", false],
  ["127.0.0.1", "::1", false],
  ["0.0.0.0", "::1", false],
  ["localhost", "10.0.0.1", false],
  ["gateway.example", "127.0.0.1", false],
];

for (const [one, other, expected] of hosts) {
  Deno.test(`${one} and ${other} ${expected ? "cannot" : "can"} have the same port`, () => {
    for (const [a, b] of [[one, other], [other, one]] as const) {
      assert.equal(collide({ hostname: a, port: 1 }, { hostname: b, port: 1 }), expected);
      assert.equal(collide({ hostname: a, port: 1 }, { hostname: b, port: 2 }), false);
      assert.equal(collide({ hostname: a, port: 0 }, { hostname: b, port: 0 }), false, "0 is any free port");
    }
  });
}
