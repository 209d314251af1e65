import assert from "node:assert/strict";
import { Customers, type KeptList } from "../customers/customers.ts";
import { readConfig } from "./load.ts";
import { parseCustomers } from "./customer_entry.ts";
import { unknownMembers } from "./unknown_members.ts";
import { z } from "zod";

const publicKey = { kid: "k", kty: "OKP", crv: "Ed25519", x: "x" };
const customer = { id: "acme", maxPeers: 1, maxRooms: 1, accessKeys: [{ publicKey }] };

/** What is said of a configuration that is wrong. */
function mistake(config: object): string {
  try {
    readConfig(config);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("the configuration was taken");
}

const misspelt: [object, RegExp][] = [
  [
    { customers: [{ ...customer, pool: ["eu"] }] },
    /customers\[0\]\.pool: no such member; did you mean pools\?/,
  ],
  [
    { customers: [customer, { ...customer, accessKeys: [{ namespce: "n", publicKey }] }] },
    /customers\[1\]\.accessKeys\[0\]\.namespce: .*namespace\?/,
  ],
  [
    { customers: [{ ...customer, accessKeys: [{ publicKey: { ...publicKey, KID: 1 } }] }] },
    /customers\[0\]\.accessKeys\[0\]\.publicKey\.KID: .*kid\?/,
  ],
  [
    { sfuPools: { available: ["us", { name: "eu", spil: ["us"] }], default: "eu" } },
    /sfuPools\.available\[1\]\.spil: .*spill\?/,
  ],
  [{ unknownCustomers: { maxPeers: 1, maxRooms: 1, maxPeer: 2 } }, /unknownCustomers\.maxPeer: .*maxPeers\?/],
  [
    { internal: { users: [{ name: "odin", password: "p", pasword: "p" }] } },
    /users\[0\]\.pasword: .*password\?/,
  ],
  [{ internal: { user: [] } }, /internal\.user: .*users\?/],
  [{ customerApi: { updateFunction: () => {}, updateIntervall: 5 } }, /customerApi\.updateIntervall: /],
];
for (const [config, message] of misspelt) {
  Deno.test(`a misspelt member is named at every depth: ${message.source}`, () => {
    assert.match(mistake(config), message);
  });
}

Deno.test("a member that is not known at all is a warning at every depth, one for all entries of a list", () => {
  const plan = (id: number) => ({ ...customer, id: `c${id}`, plan: "gold" });
  const { warnings } = readConfig({
    customers: Array.from({ length: 500 }, (_, i) => plan(i)),
    sfuPools: { available: [{ name: "eu", region: 1 }], default: "eu" },
    sfuConfig: { recommended: { anything: { at: { all: 1 } } } },
  });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /customers\[0\]\.plan is not a member .*\(500 times\)/);
  assert.match(warnings[1]!, /sfuPools\.available\[0\]\.region is not a member/);
});

Deno.test("what a JWK may say besides is no mistake", () => {
  const jwk = { ...publicKey, alg: "EdDSA", use: "sig", key_ops: ["verify"], ext: true };
  const customers = [{ ...customer, accessKeys: [{ publicKey: jwk }] }];
  assert.deepEqual(readConfig({ customers }).warnings, []);
  const { customers: [its], broken } = parseCustomers(customers);
  assert.deepEqual([its?.accessKeys, broken], [[{ publicKey }], []]);
});

Deno.test("names that every object has are members like others", () => {
  const config = JSON.parse('{ "constructor": 1, "internal": { "__proto__": 1, "toString": {} } }');
  assert.equal(readConfig(config).warnings.length, 3);
});

Deno.test("members are looked at through lists, pairs, records, alternatives, wrappers and what is read later", () => {
  const inner = z.object({ known: z.number().optional() });
  const schema = z.object({
    list: z.array(inner).default([]),
    pair: z.tuple([inner, z.string()]).optional(),
    record: z.record(z.string(), inner).nullable(),
    either: z.union([z.string(), inner, z.array(inner)]),
    changed: inner.transform(String).optional(),
  });
  const odd = { knwn: 1, known: 2 };
  const value = {
    list: [{}, odd],
    pair: [odd, "x"],
    record: { free: odd },
    either: [odd],
    changed: odd,
  };
  assert.deepEqual(unknownMembers(schema, value).map(({ path, meant }) => [path, meant]), [
    ["list[1].knwn", "known"],
    ["pair[0].knwn", "known"],
    ["record.free.knwn", "known"],
    ["either[0].knwn", "known"],
    ["changed.knwn", "known"],
  ]);
});

Deno.test("a configuration full of mistakes is answered with the first of them", () => {
  const customers = Array.from({ length: 5000 }, () => ({ ...customer, maxPeers: -1, pool: [] }));
  const lines = mistake({ customers }).split("\n");
  assert.ok(lines.length <= 25, `${lines.length} lines`);
  assert.match(lines[1]!, /customers\[0\]\.pool: .*\(5000 times in the list\)/);
  assert.match(lines.at(-1)!, /and 4981 more/);
});

Deno.test("a misspelt member in what customerApi returns is a warning, and the customer loads", () => {
  const list = [{ ...customer, pool: ["eu"] }, {
    ...customer,
    id: "b",
    accessKeys: [{ publicKey, namespce: "n" }],
  }];
  const { customers, broken } = parseCustomers(list);
  assert.deepEqual(customers.map(({ id, accessKeys }) => [id, accessKeys.length]), [["acme", 1], ["b", 1]]);
  assert.deepEqual(broken, [
    { entry: "customers[0].pool", reason: "no such member; did you mean pools?" },
    { entry: "customers[1].accessKeys[0].namespce", reason: "no such member; did you mean namespace?" },
  ]);
});

for (const noLimit of [{ maxRooms: null }, { maxRooms: "Infinity" }, { maxRooms: Infinity }, {}]) {
  Deno.test(`a customer API says "no limit" as JSON can: ${JSON.stringify(noLimit)}`, async () => {
    const { maxRooms: _, ...limited } = customer;
    const list = JSON.parse(JSON.stringify([{ ...limited, ...noLimit }]));
    const { customers, broken } = parseCustomers(list);
    assert.deepEqual(broken, []);
    assert.deepEqual([customers[0]?.maxPeers, customers[0]?.maxRooms], [1, Infinity]);
    // The list outlives the process as text.
    let kept: KeptList | undefined;
    const x = "TC3lMPKKC3C3uPMGPliiayUm32APb3GXKsNNLSxooFw";
    const usable = [{ ...list[0], accessKeys: [{ publicKey: { ...publicKey, x } }] }];
    const settings = { customers: undefined, sfuPools: undefined, unknownCustomers: "forbidden" as const };
    const events = { loaded: () => {}, kept: () => {}, broken: () => {} };
    const api = { updateFunction: () => Promise.resolve(usable), updateInterval: 60 };
    const memory = {
      now: 0,
      recall: () => Promise.resolve(kept),
      remember: (list: KeptList) => Promise.resolve((kept = list, true)),
      leads: () => Promise.resolve(true),
      resign: () => Promise.resolve(),
    };
    await new Customers({ ...settings, customerApi: api }, events, memory).refresh();
    const again = new Customers({ ...settings, customerApi: api }, events, memory);
    await again.load();
    assert.equal([...again.ring.values()][0]?.licence.maxRooms, Infinity);
  });
}

for (const limit of ["5", "infinity", -1, NaN, "", false, {}, []]) {
  Deno.test(`a limit that is none leaves the customer out: ${JSON.stringify(limit)}`, () => {
    const { customers, broken } = parseCustomers([{ ...customer, maxPeers: limit }]);
    assert.equal(customers.length, 0);
    assert.match(broken[0]!.reason, /maxPeers: expected a number/);
  });
}

Deno.test("a customer whose limit is misspelt is not taken for one without a limit", () => {
  const { maxPeers, ...rest } = customer;
  const { customers, broken } = parseCustomers([{ ...rest, maxPeer: maxPeers }, {
    ...rest,
    id: "b",
    MaxPeers: 1,
  }]);
  assert.equal(customers.length, 0);
  assert.match(broken.at(-1)!.reason, /without maxPeers it would have no limit/);
  assert.match(mistake({ customers: [{ ...rest, maxPeer: 1 }] }), /maxPeer: .*did you mean maxPeers\?/);
});

// An access key, a password, both as a user, and a master key.
const SECRETS = [
  "S3CRET",
  "odin:S3CRET",
  "AFGHxJ0uJ5kNnkq8m2RlHPmUSWvc5MoRQP0OnIkKS3CRET",
  "http://odin:S3CRET@gateway.example:7000/",
];
for (const secret of SECRETS) {
  const places: [string, object][] = [
    ["as the only user", { internal: { users: [secret] } }],
    ["instead of the users", { internal: { users: secret } }],
    ["instead of internal", { internal: secret }],
    ["as a user's wrong member", { internal: { users: [{ name: "odin", password: [secret] }] } }],
    ["as a password with a wrong name", { internal: { users: [{ name: `${secret}:`, password: "p" }] } }],
    ["as a name", { internal: { users: [{ [secret]: "odin" }] } }],
    ["as a name above", { internal: { [secret]: "odin", users: 1 } }],
    ["as who may call", { internal: { withoutUsers: secret } }],
    ["as an operator's role", { operations: { users: [{ name: "boss", password: "p", role: secret }] } }],
    ["as a member of operations", { operations: { [secret]: "boss", users: 1 } }],
    ["as a list of master keys", { masterKey: [secret] }],
    ["as the master key's member", { masterKey: { key: secret } }],
    ["as a customer", { customers: [secret] }],
    ["instead of customers", { customers: secret }],
    ["as a customer's keys", { customers: [{ ...customer, accessKeys: secret }] }],
    ["as a customer's limit", { customers: [{ ...customer, maxPeers: secret }] }],
    ["as the function", { customerApi: { updateFunction: secret } }],
    ["as the customer API", { customerApi: secret }],
  ];
  for (const [where, config] of places) {
    Deno.test(`a mistake does not print a secret, ${secret} ${where}`, () => {
      assert.ok(!mistake(config).includes("S3CRET"), mistake(config));
    });
  }
  Deno.test(`a warning does not print a secret: ${secret}`, () => {
    const keys = [secret, { [secret]: 1, publicKey }, { publicKey: secret }, {
      publicKey: { ...publicKey, x: [secret] },
    }];
    const list = [{ ...customer, accessKeys: keys }, secret, { [secret]: 1 }, {
      ...customer,
      maxRooms: secret,
    }];
    const shown = JSON.stringify(parseCustomers(list).broken);
    assert.ok(secret === "S3CRET" || !shown.includes("S3CRET"), shown);
    const users = [{ name: "odin", password: "p".repeat(16), [secret]: 1 }];
    const { warnings } = readConfig({ internal: { users } });
    assert.equal(warnings.length, 1);
    assert.doesNotMatch(warnings[0]!, /S3CRET/);
  });
}

Deno.test("where nothing is secret, what was found is shown", () => {
  assert.match(mistake({ logLevel: "LOUD" }), /found "LOUD"/);
  assert.match(mistake({ http: { port: "7000" } }), /found "7000"/);
  assert.match(mistake({ http: [7000] }), /http: expected object, found a list/);
  assert.match(mistake({ customers: [{ ...customer, maxPeers: -1 }] }), /found -1/);
  assert.match(mistake({ tasks: null }), /tasks: .*found null/);
});
