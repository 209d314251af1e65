import assert from "node:assert/strict";
import { Rates } from "./rates.ts";

const OFF = { perKey: "off", perCustomer: "off", perAddress: "off", concurrentPerAddress: "off" } as const;
const acme = { keyId: "k1", customer: "acme", signed: true };

/** Requests of a token that are admitted at once. */
function admitted(rates: Rates, payer: typeof acme): number {
  let count = 0;
  while (rates.admit(payer, 0) === undefined && count < 1000) count++;
  return count;
}

/** Requests from an address that are admitted one after the other. */
function served(rates: Rates, client: string): number {
  let count = 0;
  for (; rates.begin(client, 0) === undefined && count < 1000; count++) rates.end(client);
  return count;
}

Deno.test("a key is limited by itself, its customer by all keys together, and nobody else by either", () => {
  const rates = new Rates({ ...OFF, perKey: 2, perCustomer: 3 }, 100);
  assert.equal(admitted(rates, acme), 10);
  assert.equal(rates.admit(acme, 0)?.by, "key");
  assert.equal(admitted(rates, { ...acme, keyId: "k2" }), 5);
  assert.equal(rates.admit({ ...acme, keyId: "k3" }, 0)?.by, "customer");
  assert.equal(admitted(rates, { keyId: "k4", customer: "other", signed: true }), 10);
});

Deno.test("what a customer is refused does not count for his key", () => {
  const rates = new Rates({ ...OFF, perKey: 10, perCustomer: 1 }, 100);
  admitted(rates, acme);
  for (let i = 0; i < 1000; i++) rates.admit(acme, 0);
  assert.equal(rates.admit(acme, 1000), undefined);
});

Deno.test("whoever nobody vouches for is counted as one, and never for a customer of that name", () => {
  const rates = new Rates({ ...OFF, perKey: 1, perCustomer: 1 }, 100);
  const stranger = (keyId: string) => ({ keyId, customer: `demo_${keyId}`, signed: false });
  assert.equal(admitted(rates, stranger("a")), 5);
  assert.equal(rates.admit(stranger("b"), 0)?.retryAfter, 1);
  assert.equal(rates.admit({ keyId: "a", customer: "demo_a", signed: true }, 0), undefined);
});

Deno.test("a look counts nothing, and is only worth it while somebody is refused", () => {
  const rates = new Rates({ ...OFF, perKey: 1 }, 100);
  for (let i = 0; i < 100; i++) assert.equal(rates.look(acme, 0), undefined);
  assert.equal(rates.isRefusing(0), false);
  admitted(rates, acme);
  assert.equal(rates.isRefusing(0), true);
  assert.equal(rates.look(acme, 0)?.by, "key");
  assert.equal(rates.isRefusing(2000), false);
});

Deno.test("an IPv6 address is its network of 64 bits; programs on this machine are not limited by address", () => {
  const rates = new Rates({ ...OFF, perAddress: 1, concurrentPerAddress: 1 }, 100);
  assert.equal(served(rates, "2001:db8::1"), 5);
  assert.equal(rates.begin("2001:db8::2", 0)?.by, "address");
  assert.equal(rates.begin("2001:db8:0:1::1", 0), undefined);
  assert.equal(served(rates, "203.0.113.7"), 5);
  for (const local of ["127.0.0.1", "::1"]) assert.equal(served(rates, local), 1000);
});

Deno.test("requests at a time are limited by address, and end with the request", () => {
  const rates = new Rates({ ...OFF, concurrentPerAddress: 2 }, 100);
  const client = "203.0.113.7";
  assert.deepEqual([rates.begin(client, 0), rates.begin(client, 0)], [undefined, undefined]);
  assert.equal(rates.begin(client, 0)?.by, "requests at a time");
  assert.equal(rates.begin("203.0.113.8", 0), undefined);
  rates.end(client);
  assert.equal(rates.begin(client, 0), undefined);
});

Deno.test("the further calls of a batch count for key, customer and address", () => {
  const rates = new Rates({ ...OFF, perKey: 1, perAddress: 1 }, 100);
  const client = "203.0.113.7";
  assert.equal(rates.begin(client, 0), undefined);
  assert.equal(rates.admit(acme, 0), undefined);
  rates.further(acme, client, 99, 0);
  assert.equal(rates.admit(acme, 0)?.retryAfter, 96);
  assert.equal(rates.begin(client, 0)?.retryAfter, 96);
});

Deno.test("with all limits off, everything is admitted", () => {
  const rates = new Rates(OFF, 100);
  assert.equal(admitted(rates, acme), 1000);
  assert.equal(served(rates, "203.0.113.7"), 1000);
});
