import assert from "node:assert/strict";
import { otherFirstAddress, parseNetwork } from "./network.ts";
import { ConfigSchema } from "./schema.ts";

const spellings: [text: string, first: string | undefined, message?: string][] = [
  ["10.9.0.0/24", undefined],
  ["10.9.0.3", undefined],
  ["10.9.0.3/32", undefined],
  ["128.0.0.0/1", undefined],
  ["fd00::/8", undefined],
  ["2001:db8::1", undefined],
  ["2001:db8:0:8000::/49", undefined],
  ["::ffff:10.9.0.0/120", undefined],
  [
    "10.9.0.3/24",
    "10.9.0.0",
    "expected 10.9.0.0/24 for that whole network, or 10.9.0.3 for the address alone",
  ],
  ["10.9.0.3/31", "10.9.0.2"],
  ["255.255.255.255/1", "128.0.0.0"],
  ["10.0.0.0/5", "8.0.0.0"],
  ["fd00::1/8", "fd00::", "expected fd00::/8 for that whole network, or fd00::1 for the address alone"],
  ["2001:db8:0:8000::/48", "2001:db8::"],
  [
    "::ffff:10.9.0.3/120",
    "10.9.0.0",
    "expected 10.9.0.0/24 for that whole network, or 10.9.0.3 for the address alone",
  ],
  ["::ffff:0:0/95", "::fffe:0:0"],
];

for (const [text, first, message] of spellings) {
  Deno.test(`trustedProxies: ${text} is ${first === undefined ? "taken" : "refused: the network begins at " + first}`, () => {
    const network = parseNetwork(text);
    assert.ok(network !== undefined);
    assert.equal(otherFirstAddress(network), first);
    const { success, error } = ConfigSchema.safeParse({ trustedProxies: [text] });
    assert.equal(success, first === undefined);
    if (message !== undefined) assert.equal(error?.issues[0]?.message, message);
  });
}

for (const everything of ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "::ffff:1.2.3.4/96"]) {
  Deno.test(`trustedProxies: ${everything} is everything, and refused`, () => {
    const { error } = ConfigSchema.safeParse({ trustedProxies: [everything] });
    assert.match(error?.issues[0]?.message ?? "", /callers could claim any address/);
  });
}
