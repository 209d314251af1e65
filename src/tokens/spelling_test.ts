import assert from "node:assert/strict";
import { generateAccessKey, TokenGenerator } from "@4players/odin-tokens";
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { publicKey } from "../../sim/access_key.ts";
import type { Address } from "../fleet/mod.ts";
import {
  createKeyRing,
  type Customer,
  deriveServerKey,
  keyId,
  KeyIdVersion,
  ServerKeys,
  type TokenTrust,
  UnacceptableToken,
  verifyClientToken,
} from "./mod.ts";

interface OwnKey {
  readonly kid: string;
  readonly x: string;
  readonly privateKey: KeyObject;
}

function newKey(): OwnKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { x } = privateKey.export({ format: "jwk" }) as { x: string };
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  const kid = keyId(Buffer.from(x, "base64url"), KeyIdVersion.customer);
  return { kid, x, privateKey: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
}

function customer(id: string, ...keys: { kid: string; x: string }[]): Customer {
  const accessKeys = keys.map(({ kid, x }) => ({
    publicKey: { kid, kty: "OKP", crv: "Ed25519", x } as const,
  }));
  return { id, maxPeers: 1, maxRooms: 1, accessKeys };
}

const key = newKey();
const trust: TokenTrust = {
  customers: (await createKeyRing([customer("acme", key)])).ring,
  servers: new ServerKeys(Buffer.from("a master key of a test")),
  unknownCustomers: undefined,
  leeway: 300,
};
const verify = (token: string) => verifyClientToken(token, trust, Math.floor(Date.now() / 1000));
const base64url = (part: string | Uint8Array) => Buffer.from(part as string).toString("base64url");

/** A token of these texts, which need not be JSON, signed by the customer's key. */
function signed(header: string | Uint8Array, claims: string | Uint8Array): string {
  return signedParts(base64url(header), base64url(claims));
}

function signedParts(header: string, claims: string): string {
  const signature = sign(null, Buffer.from(`${header}.${claims}`), key.privateKey);
  return `${header}.${claims}.${signature.toString("base64url")}`;
}

const header = JSON.stringify({ alg: "EdDSA", kid: key.kid });
const claims = '{"rid":"r","uid":"u"}';

Deno.test("what the tests of spelling begin with is a token", () => {
  assert.equal(verify(signed(header, claims)).user, "u");
  const odd = 'a\\": b\uFFFD"';
  assert.equal(verify(signed(header, JSON.stringify({ rid: "r", uid: odd }))).user, odd);
  assert.equal(verify(signed(header, '{ "rid" : ["r"] ,\n"uid"\t:"\\"u\\":"}')).user, '"u":');
});

const bytes = (text: string) => new TextEncoder().encode(text);
const refused: [string, string][] = [
  ["crit in the header", signed(`{"alg":"EdDSA","kid":"${key.kid}","crit":["exp"],"exp":1}`, claims)],
  ["an empty crit", signed(`{"alg":"EdDSA","kid":"${key.kid}","crit":[]}`, claims)],
  ["crit that is null", signed(`{"alg":"EdDSA","kid":"${key.kid}","crit":null}`, claims)],
  ["alg twice", signed(`{"alg":"none","alg":"EdDSA","kid":"${key.kid}"}`, claims)],
  ["kid twice, escaped", signed(`{"alg":"EdDSA","kid":"x","k\\u0069d":"${key.kid}"}`, claims)],
  ["a claim twice", signed(header, '{"rid":"r","uid":"u","rid":"s"}')],
  [
    "a claim twice, below",
    signed(header, '{"rid":"r","uid":"u","internal":{"server":"a:1","server":"b:1"}}'),
  ],
  ["claims that are not UTF-8", signed(header, Buffer.from('{"rid":"r","uid":"\xff"}', "latin1"))],
  ["overlong UTF-8", signed(header, Buffer.from('{"rid":"r","uid":"\xc1\x81"}', "latin1"))],
  ["a byte order mark before the claims", signed(header, bytes(`\uFEFF${claims}`))],
  ["a byte order mark before the header", signed(bytes(`\uFEFF${header}`), claims)],
  [
    "a header that is not UTF-8",
    signed(Buffer.from(`{"alg":"EdDSA","kid":"${key.kid}","x":"\xff"}`, "latin1"), claims),
  ],
  ["claims that are an array", signed(header, "[]")],
  ["kid of Object's prototype", signed('{"alg":"EdDSA","kid":"__proto__"}', claims)],
  ["kid of a member of Object's prototype", signed('{"alg":"EdDSA","kid":"constructor"}', claims)],
  ["kid as an object", signed(`{"alg":"EdDSA","kid":{"toString":"${key.kid}"}}`, claims)],
  ["a user that is no Unicode", signed(header, '{"rid":"r","uid":"\\ud800"}')],
];
for (const [what, token] of refused) {
  Deno.test(`a token is refused: ${what}`, () => assert.throws(() => verify(token), UnacceptableToken));
}

Deno.test("a token has one spelling: no padding, blanks, other alphabet or bits left over in any part", () => {
  // Of every length modulo 3, so that there is padding to add and there are bits to leave over.
  for (const user of ["u", "uu", "uuu"]) {
    const token = signed(header, JSON.stringify({ rid: "r", uid: user }));
    verify(token);
    const parts = token.split(".");
    for (const i of [0, 1, 2]) {
      const part = parts[i]!;
      const others = [
        `${part}=`,
        `${part}==`,
        ` ${part}`,
        `${part}\n`,
        `${part.slice(0, 4)}\t${part.slice(4)}`,
      ];
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      if (part.length % 4 !== 0) {
        const last = alphabet.indexOf(part.at(-1)!);
        for (const bit of part.length % 4 === 2 ? [1, 2, 4, 8] : [1, 2]) {
          others.push(part.slice(0, -1) + alphabet[last ^ bit]);
        }
      }
      for (const other of others) {
        const spelt = parts.with(i, other).join(".");
        assert.throws(() => verify(spelt), UnacceptableToken, `the signature of the first: ${spelt}`);
        if (i === 2) continue;
        const [head, body] = parts.with(i, other);
        assert.throws(
          () => verify(signedParts(head!, body!)),
          UnacceptableToken,
          `its own signature: ${other}`,
        );
      }
    }
  }
});

Deno.test("tokens of the package in use have this spelling", async () => {
  const accessKey = generateAccessKey();
  const its = { ...trust, customers: (await createKeyRing([customer("acme", publicKey(accessKey))])).ring };
  for (let length = 1; length < 20; length++) {
    const token = new TokenGenerator(accessKey).createToken("ü".repeat(length), "u".repeat(length));
    verifyClientToken(token, its, Math.floor(Date.now() / 1000));
  }
});

/** All points of order 1, 2, 4 and 8, and their encodings that are not canonical (RFC 8032 §5.1.3). */
const LOW_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
for (const hex of LOW_ORDER) {
  Deno.test(`a customer's key of low order or in another form is refused: ${hex.slice(0, 8)}…${hex.slice(-2)}`, async () => {
    const x = base64url(Buffer.from(hex, "hex"));
    const { ring, broken } = await createKeyRing([customer("acme", { kid: "k", x }, key)]);
    assert.deepEqual([...ring.keys()], [key.kid]);
    assert.match(broken[0]!.reason, /low order|canonical|weak/);
  });
}

Deno.test("a key id belongs to the key that it is worked out from, wherever that stands in the list", async () => {
  const thief = newKey();
  const claim = customer("thief", { kid: key.kid, x: thief.x });
  const owner = customer("owner", key);
  for (const list of [[claim, owner], [owner, claim]]) {
    const { ring, broken } = await createKeyRing(list);
    assert.equal(ring.get(key.kid)?.customer, "owner");
    assert.deepEqual(broken.map(({ customer }) => customer), ["thief"]);
  }
  const chosen = { kid: "7", x: key.x };
  const { ring } = await createKeyRing([customer("a", chosen), customer("b", { kid: "7", x: thief.x })]);
  assert.equal(ring.get("7")?.customer, "a", "of two that chose it, to the first");
});

Deno.test("no customer's key takes the key id of a server", async () => {
  const { kid } = deriveServerKey(Buffer.from("a master key of a test"), "sfu:1" as Address).jwk;
  const { ring, broken } = await createKeyRing([customer("thief", { kid, x: key.x })]);
  assert.equal(ring.size, 0);
  assert.match(broken[0]!.reason, /servers/);
});
