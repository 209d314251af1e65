import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { parseNetwork } from "../../config/network.ts";
import { ClientAddresses } from "./client_address.ts";
import { addressesOfForwarded, addressesOfList, addressIn } from "./forwarded.ts";

const PROXIES = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"];

function clientOf(
  caller: string,
  headers: Record<string, string>,
  proxies: readonly string[] = PROXIES,
): string {
  const addresses = new ClientAddresses(proxies.flatMap((text) => parseNetwork(text) ?? []));
  const request = { caller, header: (name: string) => headers[name] };
  const first = addresses.of(request);
  assert.equal(addresses.of(request), first, "the second time it is the same");
  return first;
}

const LISTS = [
  ["10.0.0.1", "203.0.113.7", "203.0.113.7", "a trusted proxy is believed"],
  ["198.51.100.9", "203.0.113.7", "198.51.100.9", "a stranger is not believed"],
  [
    "10.0.0.1",
    "1.2.3.4, 203.0.113.7",
    "203.0.113.7",
    "what stands before the client's address is the client's own word",
  ],
  ["10.0.0.1", "203.0.113.7,192.0.2.1, 10.9.9.9", "203.0.113.7", "further trusted proxies are passed over"],
  ["10.0.0.1", "192.0.2.2, 192.0.2.1", "192.0.2.2", "a single address is a network of one"],
  ["fd12::1", "2001:DB8:0::7", "2001:db8::7", "IPv6 proxies are networks, IPv6 clients have one spelling"],
  ["10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7", "a port is left out"],
  ["10.0.0.1", "203.0.113.7:4711", "203.0.113.7", "also that of an IPv4 address"],
  ["10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7", "an IPv4 address may be written as IPv6"],
  ["10.0.0.1", "::ffff:10.0.0.2", "10.0.0.2", "so may a proxy's: it is the furthest that is known"],
  ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", "where all are proxies it is the furthest"],
  ["10.0.0.1", "garbage, 203.0.113.7", "203.0.113.7", "what is left of the client is not looked at"],
  ["10.0.0.1", "203.0.113.7, garbage", "10.0.0.1", "malformed: not believed"],
  ["10.0.0.1", "203.0.113.7, ", "10.0.0.1", "an element is missing: not believed"],
  ["10.0.0.1", "203.0.113.7, 10.0.0.5, unknown", "10.0.0.1", "hidden: not believed"],
  ["10.0.0.1", "203.0.113.07", "10.0.0.1", "an address with leading zeros is none"],
  ["10.0.0.1", "fe80::1%eth0", "10.0.0.1", "a zone is of another machine"],
  ["10.0.0.1", "", "10.0.0.1", "empty"],
  ["10.0.0.1", `1.1.1.1, ${"10.0.0.2, ".repeat(40)}10.0.0.3`, "10.0.0.1", "too many proxies: not believed"],
] as const;
for (const [caller, header, client, why] of LISTS) {
  Deno.test(`X-Forwarded-For from ${caller}, ${header.slice(0, 60)}: ${why}`, () => {
    assert.equal(clientOf(caller, { "x-forwarded-for": header }), client);
  });
}

const FORWARDED = [
  ["for=203.0.113.7", "203.0.113.7", "a token"],
  [
    'For="[2001:db8:cafe::17]:4711";proto=https;by=10.0.0.1',
    "2001:db8:cafe::17",
    "a quoted node among others",
  ],
  ["for=1.2.3.4, for=203.0.113.7;host=a , for=10.0.0.9", "203.0.113.7", "the last that is no proxy"],
  ["for=203.0.113.7, for=unknown", "10.0.0.1", "hidden"],
  ['for="_gazonk"', "10.0.0.1", "an obfuscated node"],
  ["proto=https", "10.0.0.1", "no node at all"],
  ["for=203.0.113.7;for=203.0.113.8", "10.0.0.1", "a parameter twice"],
  ['for=1.1.1.1;x=", for=203.0.113.7', "10.0.0.1", "a quote that is not closed"],
  ['for=1.1.1.1;x=", for="[2001:db8::9]"', "10.0.0.1", "a quote that swallows the proxy's own"],
  ["for=203.0.113.7 for=203.0.113.8", "10.0.0.1", "no comma"],
  [`${"for=1.1.1.1, ".repeat(400)}for=203.0.113.7`, "10.0.0.1", "too long"],
] as const;
for (const [header, client, why] of FORWARDED) {
  Deno.test(`Forwarded: ${header.slice(0, 60)}: ${why}`, () => {
    assert.equal(clientOf("10.0.0.1", { forwarded: header }), client);
  });
}

Deno.test("Forwarded and X-Forwarded-For that contradict each other are not believed: one is a stranger's", () => {
  const list = { "x-forwarded-for": "203.0.113.7" };
  assert.equal(clientOf("10.0.0.1", { ...list, forwarded: "for=198.51.100.1" }), "10.0.0.1");
  assert.equal(clientOf("10.0.0.1", { ...list, forwarded: "nonsense" }), "10.0.0.1");
  assert.equal(clientOf("10.0.0.1", { ...list, forwarded: "for=203.0.113.7" }), "203.0.113.7");
});

Deno.test("without trusted proxies nobody is believed, and the first of one's own that passes requests on is told", () => {
  const told: string[] = [];
  const addresses = new ClientAddresses([], (proxy) => told.push(proxy));
  const header = (name: string) => name === "x-forwarded-for" ? "203.0.113.7" : undefined;
  for (const caller of ["198.51.100.9", "10.1.2.3", "10.1.2.4"]) {
    assert.equal(addresses.of({ caller, header }), caller);
  }
  assert.deepEqual(told, ["10.1.2.3"]);
});

Deno.test("any text at all in the headers is read without a fault, and gives an address", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    for (const address of [...addressesOfList(text), ...addressesOfForwarded(text), addressIn(text)]) {
      if (address !== undefined) assert.equal(addressIn(address), address);
    }
  }));
});

/** Spellings of networks, and whether a proxy at 10.9.0.2 is in them: IPv4 that is written as IPv6 is IPv4. */
const MAPPED: [text: string, trusted: boolean][] = [
  ["::ffff:10.9.0.2", true],
  ["::FFFF:10.9.0.2", true],
  ["::ffff:a09:2", true],
  ["0:0:0:0:0:ffff:0a09:0002", true],
  ["::ffff:10.9.0.0/120", true],
  ["::ffff:10.9.0.2/128", true],
  ["::ffff:10.8.0.0/111", true],
  ["::ffff:10.9.0.3", false],
  ["::ffff:10.9.1.0/120", false],
  ["::10.9.0.2", false],
  ["64:ff9b::10.9.0.2", false],
  ["::fffe:10.9.0.2", false],
  ["::/1", false],
];
for (const [text, trusted] of MAPPED) {
  Deno.test(`a proxy at 10.9.0.2 is ${trusted ? "trusted" : "a stranger"} with ${text} in trustedProxies`, () => {
    const client = clientOf("10.9.0.2", { "x-forwarded-for": "203.0.113.7" }, [text]);
    assert.equal(client, trusted ? "203.0.113.7" : "10.9.0.2");
  });
}

const NETWORKS = [
  ["10.0.0.0/8", 8],
  ["fd00::/8", 8],
  ["192.0.2.1", 32],
  ["2001:db8::1", 128],
  ["0.0.0.0/0", 0],
  ["::/0", 0],
  ["::ffff:0:0/96", 0],
  ["::ffff:0:0/95", 95],
  ["10.0.0.0/", undefined],
  ["10.0.0.0/33", undefined],
  ["10.0.0.0/ 8", undefined],
  ["10.0.0.0/1e1", undefined],
  ["10.0.0.0/8/8", undefined],
  ["10.0.0", undefined],
  ["fe80::1%eth0/64", undefined],
] as const;
for (const [text, bits] of NETWORKS) {
  Deno.test(`${text} is ${bits === undefined ? "no network" : `a network of ${bits} bits`}`, () => {
    assert.equal(parseNetwork(text)?.bits, bits);
  });
}
