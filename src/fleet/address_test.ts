import assert from "node:assert/strict";
import fc from "../../tests/packages/fast_check.ts";
import { addressAt, parseAddress } from "./address.ts";

const spellings: [string, string[]][] = [
  ["sfu.example:4433", [
    "SFU.example:4433",
    "sfu.example.:4433",
    "Sfu.Example.:4433",
    "sfu.example:04433",
    "sfu.example:0000004433",
  ]],
  ["sfu:1", ["SFU:1", "sfu:01", "sfu.:1"]],
  ["my_container-1:65535", ["MY_container-1:65535"]],
  ["xn--bcher-kva.example:4433", [
    "bücher.example:4433",
    "BÜCHER.example.:4433",
    "xn--BCHER-kva.example:4433",
  ]],
  ["10.0.0.1:4433", [
    "10.0.0.1:04433",
    "10.0.0.1.:4433",
    "[::ffff:10.0.0.1]:4433",
    "[::FFFF:a00:1]:4433",
    "[0:0:0:0:0:ffff:0a00:0001]:4433",
  ]],
  ["[2001:db8::1]:4433", [
    "[2001:DB8::1]:4433",
    "[2001:0db8:0:0:0:0:0:1]:4433",
    "[2001:db8:0::0:1]:04433",
    "[2001:db8::0.0.0.1]:4433",
  ]],
  ["[::1]:4433", ["[0:0:0:0:0:0:0:1]:4433"]],
];
for (const [address, others] of spellings) {
  Deno.test(`parseAddress: one server has one spelling, ${address}`, () => {
    for (const text of [address, ...others]) assert.equal(parseAddress(text), address, text);
  });
}

const refused: [string, string[]][] = [
  ["no port from 1 to 65535", [
    "sfu",
    "sfu:",
    "sfu:0",
    "sfu:00",
    "sfu:65536",
    "sfu:99999999999999999999",
    "sfu:-1",
    "sfu:+1",
    "sfu:1.5",
    "sfu:1e3",
    "sfu:0x10",
    "sfu: 1",
    "sfu:1 ",
    "sfu:٤",
    "sfu:1\n",
  ]],
  ["an address that stands for all of a machine", [
    "0.0.0.0:1",
    "[::]:1",
    "[0:0:0:0:0:0:0:0]:1",
    "[::ffff:0.0.0.0]:1",
    "*:1",
    "*.example:1",
  ]],
  ["an IPv4 address that can be read in two ways, or is none", [
    "010.0.0.1:1",
    "127.1:1",
    "1.2.3.256:1",
    "0x7f.0.0.1:1",
    "1:1",
    "1.2.3.4.5:1",
    "sfu.1:1",
    "2130706433:1",
    "sfu.0x1:1",
    "１.２.３.999:1",
  ]],
  ["an IPv6 address without brackets, or none", [
    "::1:4433",
    "2001:db8::1:4433",
    "[::1:4433",
    "::1]:4433",
    "[::1]4433",
    "[]:1",
    "[1]:1",
    "[::g]:1",
    "[fe80::1%eth0]:1",
    "[1.2.3.4]:1",
    "[sfu]:1",
  ]],
  ["no name", [
    "",
    ":",
    ":1",
    ".:1",
    "a..b:1",
    ".a:1",
    "a b:1",
    "a/b:1",
    "http://a:1",
    "user@a:1",
    "a%2eb:1",
    "a?b:1",
    "a#b:1",
    "a\\b:1",
    "a\0b:1",
    "a\tb:1",
    "a:1:1",
    "ä/b:1",
    "ä b:1",
    "ä@b:1",
    "ä\tb:1",
    `${"a".repeat(64)}.example:1`,
    `${"a.".repeat(127)}a:1`,
    `${"a".repeat(400)}:1`,
  ]],
];
for (const [why, texts] of refused) {
  Deno.test(`parseAddress refuses ${why}`, () => {
    for (const text of texts) assert.equal(parseAddress(text), undefined, JSON.stringify(text));
  });
}

Deno.test("parseAddress: what it answers, it answers again", () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(host, fc.integer({ min: -1, max: 70_000 }), (host, port) => {
    const address = parseAddress(`${host}:${port}`);
    if (address !== undefined) assert.equal(parseAddress(address), address);
  }));
});

const callers: [string, string | undefined][] = [
  ["10.1.2.3", "10.1.2.3:4433"],
  ["::ffff:127.0.0.1", "127.0.0.1:4433"],
  ["::1", "[::1]:4433"],
  ["fe80::1%eth0", "[fe80::1]:4433"],
  ["", undefined],
];
for (const [ip, address] of callers) {
  Deno.test(`addressAt: a caller from "${ip}" is ${address}`, () =>
    assert.equal(addressAt(ip, 4433), address));
}
