import assert from "node:assert/strict";
import { maskedConfig } from "./masked.ts";
import { recommendedServerConfig } from "./recommended.ts";
import { ConfigSchema } from "./schema.ts";

Deno.test("no secret is shown, wherever it stands and whatever a new member is called", () => {
  const secret = "S3CRET";
  const shown = maskedConfig({
    masterKey: secret,
    internal: { users: [{ name: "kim", password: secret, role: "operator" }] },
    operations: { users: [{ name: "kim", password: secret }] },
    webhooks: [{ url: `https://kim:${secret}@hooks.example/a?token=${secret}`, secret }],
    store: {
      redis: {
        url: `redis://kim:${secret}@store.example`,
        password: secret,
        sentinels: { password: secret },
      },
    },
    sfuConfig: { recommended: { auth: { api_token: secret, keys: [secret, secret], list: [[secret]] } } },
    later: {
      clientSecret: secret,
      passphrase: secret,
      Authorization: secret,
      privateKey: { pem: "x", key: secret },
    },
  });
  const text = JSON.stringify(shown);
  assert.doesNotMatch(text, /S3CRET/);
  assert.deepEqual((shown.internal as { users: object[] }).users, [
    { name: "kim", password: "(secret)", role: "operator" },
  ]);
  assert.match(text, /https:\/\/user:secret@hooks\.example\/secret\?secret/);
});

const urls: [url: string, shown: string][] = [
  ["https://hooks.example", "https://hooks.example"],
  ["https://hooks.example:8443/", "https://hooks.example:8443/"],
  ["https://hooks.example/services/T0/B0/S3CRET", "https://hooks.example/secret"],
  ["https://hooks.example/S3CRET/", "https://hooks.example/secret"],
  ["https://hooks.example?S3CRET", "https://hooks.example/?secret"],
  ["https://hooks.example/#S3CRET", "https://hooks.example/#secret"],
  ["HTTPS://S3CRET@hooks.example/a", "https://user@hooks.example/secret"],
  ["redis://:S3CRET@store.example/S3CRET", "redis://:secret@store.example/secret"],
  ["https://[S3CRET", "(secret)"],
];
for (const [url, shown] of urls) {
  Deno.test(`of ${url} nothing is shown but where it is`, () => {
    assert.deepEqual(maskedConfig({ webhooks: [{ url }] }), { webhooks: [{ url: shown }] });
  });
}

Deno.test("of what servers are recommended, texts under names that are not ours are not shown", () => {
  const shown = maskedConfig({
    sfuConfig: {
      recommended: {
        ...recommendedServerConfig(5, "10.0.0.0/8"),
        auth: { apipass: "S3CRET", login: "S3CRET", timeout: 5, strict: true },
        store: { dsn: "user:S3CRET@db/x", hosts: ["S3CRET", { url: "kim:S3CRET@h" }] },
        "metrics.binding": "S3CRET",
        metrics: { binding: "0.0.0.0:9000", allowed: ["10.0.0.0/8"], remote: "S3CRET" },
      },
    },
  });
  assert.doesNotMatch(JSON.stringify(shown), /S3CRET/);
  const { recommended } = shown.sfuConfig as { recommended: Record<string, object> };
  assert.deepEqual(recommended.auth, {
    apipass: "(secret)",
    login: "(not shown)",
    timeout: 5,
    strict: true,
  });
  assert.deepEqual(recommended.metrics, {
    binding: "0.0.0.0:9000",
    allowed: ["10.0.0.0/8"],
    remote: "(not shown)",
  });
});

Deno.test("what is no secret is shown as it is, as far as JSON can", () => {
  const shown = maskedConfig({
    ...ConfigSchema.parse({ compatibility: { tokenWithoutSub: "everything" }, customers: [] }),
    customerApi: { updateFunction: () => Promise.resolve([]), updateInterval: 60 },
    unknownCustomers: { maxPeers: Infinity, maxRooms: 5 },
    absent: undefined,
  });
  assert.deepEqual(shown.compatibility, { tokenWithoutSub: "everything", roomIdPrefix: false });
  assert.deepEqual(shown.customerApi, { updateFunction: "(function)", updateInterval: 60 });
  assert.deepEqual(shown.unknownCustomers, { maxPeers: "Infinity", maxRooms: 5 });
  assert.equal(shown.customers, "0 entries, see customer.List");
  assert.ok(!("absent" in shown));
  assert.deepEqual(JSON.parse(JSON.stringify(shown)), shown);
  const secrets = JSON.stringify(shown).match(/"[^"]+":"\(secret\)"/g);
  assert.equal(secrets, null, "no member of a configuration without secrets is masked");
});
