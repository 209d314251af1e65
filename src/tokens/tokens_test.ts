import assert from "node:assert/strict";
import { generateAccessKey, TokenGenerator } from "@4players/odin-tokens";
import fc from "../../tests/packages/fast_check.ts";
import { publicKey } from "../../sim/access_key.ts";
import type { Address } from "../fleet/mod.ts";
import {
  type ClientToken,
  createKeyRing,
  deriveServerKey,
  ServerKeys,
  type TokenTrust,
  UnacceptableToken,
  verifyClientToken,
} from "./mod.ts";

const MASTER_KEY = Buffer.from("VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==", "base64");

const vectors = [
  [
    "sfu0.example:4433",
    "AnHlR20L2ncE",
    "TC3lMPKKC3C3uPMGPliiayUm32APb3GXKsNNLSxooFw",
    "uvGofoZ7CSgmIWt8lQVm-B1kiWshNfikVL1ZEz8OsNo",
  ],
  [
    "sfu1.example:4433",
    "AtI89TgiA7Vd",
    "CT2q-wUVv1ssVoMm82oxi7t3WTnPM3hkUOG3C0OyZrs",
    "hNiiloSZ1fUs6vgYgPwLLZGRLY5MMDIFqiZBnC2M7g4",
  ],
] as const;

for (const [address, kid, x, d] of vectors) {
  Deno.test(`the key of ${address} is the one that earlier gateways derived`, () => {
    const { jwk } = deriveServerKey(MASTER_KEY, address as Address);
    assert.deepEqual(jwk, { kid, kty: "OKP", crv: "Ed25519", x, d });
  });
}

const accessKey = generateAccessKey();
const generator = new TokenGenerator(accessKey);
const { ring } = await createKeyRing([{
  id: "acme",
  maxPeers: 5,
  maxRooms: 2,
  accessKeys: [{ namespace: "games", publicKey: { ...publicKey(accessKey), kty: "OKP", crv: "Ed25519" } }],
}]);
const servers = new ServerKeys(MASTER_KEY);
servers.add("sfu0.example:4433" as Address);
const trust: TokenTrust = { customers: ring, servers, unknownCustomers: undefined, leeway: 300 };
const now = Math.floor(Date.now() / 1000);
const verify = (token: string, more: Partial<TokenTrust> = {}, at = now): ClientToken =>
  verifyClientToken(token, { ...trust, ...more }, at);

/** A token with a signature that is valid, and whatever claims a test wants. */
function signedByServer(claims: object): string {
  return servers.ofServer("sfu0.example:4433" as Address).sign(claims);
}
const serverClaims = { cid: "acme", nsp: "games", rid: "r", uid: "u" };

Deno.test("a customer's token speaks for the customer, in the namespace of its key", () => {
  const token = verify(
    generator.createToken(["a", "b"], "alice", { audience: "gateway", subject: ["Connect", "roomclose"] }),
  );
  assert.equal(token.customer, "acme");
  assert.equal(token.namespace, "games");
  assert.deepEqual(token.licence, { maxPeers: 5, maxRooms: 2 });
  assert.deepEqual(token.rooms, ["a", "b"]);
  assert.deepEqual(token.methods, ["connect", "roomclose"]);
});

Deno.test("a server's token speaks for the customer that it names, without limits", () => {
  const token = verify(signedByServer({ ...serverClaims, tgs: ["x"], ups: "y", adr: "Z:01" }));
  assert.deepEqual([token.customer, token.namespace, token.server], ["acme", "games", "z:1"]);
  assert.deepEqual([token.tags, token.upstream], [["x"], "y"]);
  assert.equal(token.licence.maxPeers, Infinity);
});

Deno.test("internal.server goes before adr as the server asked for", () => {
  const claims = { ...serverClaims, adr: "a:1", internal: { server: "b:1" } };
  assert.equal(verify(signedByServer(claims)).server, "b:1");
});

const refusedClaims: [string, object, RegExp][] = [
  ["without cid, signed by a server", { nsp: "games", rid: "r", uid: "u" }, /cid/],
  ["without rid", { ...serverClaims, rid: undefined }, /rid/],
  ["with an empty list of rooms", { ...serverClaims, rid: [] }, /rid/],
  ["with an empty room name", { ...serverClaims, rid: "" }, /rid/],
  ["with a room name of more than 1024 bytes", { ...serverClaims, rid: "é".repeat(513) }, /rid/],
  ["with a number for a room", { ...serverClaims, rid: 5 }, /rid/],
  ["without uid", { ...serverClaims, uid: undefined }, /uid/],
  ["for another audience", { ...serverClaims, aud: "sfu" }, /audience/],
  ["for no audience", { ...serverClaims, aud: [] }, /audience/],
  ["that expired more than the leeway ago", { ...serverClaims, exp: now - 301 }, /expired/],
  ["that is valid only after the leeway", { ...serverClaims, nbf: now + 301 }, /not valid yet/],
  ["with a text as exp", { ...serverClaims, exp: "tomorrow" }, /exp/],
];
for (const [what, claims, message] of refusedClaims) {
  Deno.test(`a token ${what} is refused`, () => {
    assert.throws(() => verify(signedByServer(claims)), { name: "UnacceptableToken", message });
  });
}

const acceptedClaims: [string, object][] = [
  ["for several audiences, gateway among them", { aud: ["sfu", "gateway"] }],
  ["that expired within the leeway", { exp: now - 299 }],
  ["that becomes valid within the leeway", { nbf: now + 299 }],
  ["with a room name of 1024 bytes", { rid: "é".repeat(512) }],
];
for (const [what, claims] of acceptedClaims) {
  Deno.test(`a token ${what} is accepted`, () => {
    verify(signedByServer({ ...serverClaims, ...claims }));
  });
}

Deno.test("a token of an unknown key is refused, unless unknown customers are let in", () => {
  const stranger = new TokenGenerator(generateAccessKey());
  const token = stranger.createToken("r", "u");
  assert.throws(() => verify(token), /not known/);
  const { customer, namespace, licence } = verify(token, { unknownCustomers: { maxPeers: 3, maxRooms: 1 } });
  assert.match(customer, /^demo_A/);
  assert.equal(namespace, customer);
  assert.deepEqual(licence, { maxPeers: 3, maxRooms: 1 });
});

Deno.test("letting unknown customers in does not let anybody sign for a known one", () => {
  const token = generator.createToken("r", "u");
  const forged = `${token.slice(0, -8)}AAAAAAAA`;
  assert.throws(() => verify(forged, { unknownCustomers: { maxPeers: 3, maxRooms: 1 } }), /signature/);
});

Deno.test("no unknown key speaks for a customer that is listed under its name, nor in its namespace", () => {
  const stranger = generateAccessKey();
  const demo = `demo_${publicKey(stranger).kid}`;
  const known = ring.values().next().value!;
  const token = new TokenGenerator(stranger).createToken("r", "u");
  for (const listed of [{ ...known, customer: demo }, { ...known, namespace: demo }]) {
    const customers = new Map([["another", listed]]);
    const more = { customers, unknownCustomers: { maxPeers: 3, maxRooms: 1 } };
    assert.throws(() => verify(token, more), /not known/);
  }
});

Deno.test("a key id may be a number", () => {
  const numbered = new Map([["5", ring.values().next().value!]]);
  const [, claims, signature] = generator.createToken("r", "u").split(".");
  const header = Buffer.from('{"alg":"EdDSA","kid":5}').toString("base64url");
  assert.throws(
    () => verify(`${header}.${claims}.${signature}`, { customers: numbered }),
    /signature is wrong/,
  );
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const malformed: [string, string][] = [
  ["empty", ""],
  ["one part", "abc"],
  ["four parts", "a.b.c.d"],
  ["no base64url", "e30=.e30=.AA=="],
  ["no JSON", `${Buffer.from("no").toString("base64url")}.e30.AA`],
  ["another algorithm", `${part({ alg: "none", kid: "x" })}.${part({})}.`],
  ["no key id", `${part({ alg: "EdDSA" })}.${part({})}.`],
  ["another curve", `${part({ alg: "EdDSA", kid: "x", crv: "Ed448" })}.${part({})}.`],
  ["very long", `${"A".repeat(100_000)}.A.A`],
];
for (const [what, token] of malformed) {
  Deno.test(`a malformed token is refused with its cause: ${what}`, () => {
    assert.throws(() => verify(token), UnacceptableToken);
  });
}

Deno.test("changing any character of a token makes it unacceptable", () => {
  const token = generator.createToken("room", "user");
  fc.assert(fc.property(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_.!"), (at, character) => {
    // The last character holds two bits that mean nothing.
    fc.pre(token[at] !== character && at < token.length - 1);
    assert.throws(() => verify(token.slice(0, at) + character + token.slice(at + 1)), UnacceptableToken);
  }));
});

Deno.test("whatever looks like a token is refused with a cause, never with another error", () => {
  const json = fc.json().map((text) => Buffer.from(text).toString("base64url"));
  const header = fc.record({
    alg: fc.constant("EdDSA"),
    kid: fc.constantFrom([...ring.keys()][0]!, "AnHlR20L2ncE", "x"),
  }).map(part);
  const claims = fc.oneof(json, fc.anything().map((rid) => part({ rid, uid: "u" })));
  const signature = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
  fc.assert(fc.property(fc.oneof(json, header), claims, signature, (...parts) => {
    assert.throws(() => verify(parts.join(".")), UnacceptableToken);
  }));
});

Deno.test("a broken key is left out and named; the other keys load", async () => {
  const good = { ...publicKey(accessKey), kty: "OKP" as const, crv: "Ed25519" as const };
  const { ring, broken } = await createKeyRing([
    {
      id: "a",
      maxPeers: 1,
      maxRooms: 1,
      accessKeys: [{ publicKey: { ...good, x: "short" } }, { publicKey: good }],
    },
    { id: "b", maxPeers: 1, maxRooms: 1, accessKeys: [{ publicKey: good }] },
  ]);
  assert.equal(ring.get(good.kid)?.customer, "a");
  assert.equal(ring.get(good.kid)?.namespace, "a", "the namespace is the customer's id by default");
  assert.deepEqual(broken.map(({ customer }) => customer), ["a", "b"]);
});

Deno.test("tokens of a server that is gone are refused", () => {
  const keys = new ServerKeys(MASTER_KEY);
  keys.add("sfu0.example:4433" as Address);
  keys.remove("sfu0.example:4433" as Address);
  assert.throws(() => verify(signedByServer(serverClaims), { servers: keys }), /not known/);
});

Deno.test("a server that acts for a customer is bound to the customer's pools", () => {
  const token = signedByServer(serverClaims);
  const poolsOf = (customer: string) => customer === "acme" ? ["eu"] : undefined;
  assert.deepEqual(verify(token, { poolsOf }).pools, ["eu"]);
  assert.equal(verify(token, { poolsOf: () => undefined }).pools, undefined);
});
