import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { ipv4Number } from "./network_list.ts";

Deno.test("what is an IPv4 address is decided as by the runtime", () => {
  const parts = [
    "0",
    "1",
    "9",
    "10",
    "99",
    "100",
    "255",
    "256",
    "00",
    "01",
    "1000",
    "",
    " 1",
    "1a",
    "-1",
    "٣",
  ];
  const texts = parts.flatMap((one) => [
    ...[`${one}.2.3.4`, `1.${one}.3.4`, `1.2.3.${one}`, `1.2.${one}`, `1.2.3.4.${one}`],
    ...parts.map((other) => `${one}.${other}.${one}.${other}`),
  ]);
  for (const text of [...texts, "", ".", "...", "1.2.3.4.", ".1.2.3.4", "::1", "::ffff:1.2.3.4"]) {
    assert.equal(ipv4Number(text) !== undefined, isIPv4(text), JSON.stringify(text));
  }
  assert.equal(ipv4Number("192.0.2.255")! >>> 0, 0xc00002ff);
});
