import assert from "node:assert/strict";
import { z } from "zod";
import { AGREED_MEMBERS, agreedSettings } from "./agreed.ts";
import { readConfig } from "./load.ts";
import { differenceOf, needsRestart, RELOADS } from "./reload.ts";
import { ConfigSchema } from "./schema.ts";

/** The members of a group, as paths. */
function within(group: string): string[] {
  const schema = ConfigSchema.shape[group as keyof typeof ConfigSchema.shape];
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
  assert.ok(inner instanceof z.ZodObject, `${group} is no group`);
  return Object.keys(inner.shape).map((key) => `${group}.${key}`);
}

const settingsOf = (config: object) => readConfig(config).settings;

Deno.test("the table of what a reload does has each member of the configuration, and no other", () => {
  const members = Object.keys(ConfigSchema.shape);
  const named = new Set(Object.keys(RELOADS).map((path) => path.split(".")[0]!));
  assert.deepEqual([...named].filter((name) => !members.includes(name)), [], "these are no members");
  for (const name of members.filter((name) => RELOADS[name] === undefined)) {
    assert.deepEqual(
      within(name).filter((path) => RELOADS[path] === undefined),
      [],
      `${name} is not decided on`,
    );
  }
  for (const path of Object.keys(RELOADS).filter((path) => path.includes("."))) {
    assert.ok(within(path.split(".")[0]!).includes(path), `${path} is no member`);
  }
});

Deno.test("the table in docs/operations.md names each member that takes a restart, with its reason, and no other", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/operations.md", import.meta.url));
  const rows = page.matchAll(/^\| (`.*?`) +\| \*\*restart\*\*: (.*?) +\|$/gm);
  const named = Array.from(rows).flatMap(([, members, reason]) =>
    members!.split(", ").map((member) => [member.slice(1, -1), reason!])
  );
  const inCode = Object.entries(RELOADS).filter(([, what]) => what !== "reload");
  assert.deepEqual(Object.fromEntries(named), Object.fromEntries(inCode));
});

Deno.test("a reload takes over what it can, keeps what takes a restart, and names both", () => {
  const before = settingsOf({ limits: { batch: 5 } });
  const after = settingsOf({
    limits: { batch: 6, headers: 9000 },
    http: { port: 7100 },
    masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
    placement: { ceiling: 0.5 },
    sfuPools: { available: ["eu"], default: "eu" },
  });
  const { changed, restart, inForce } = differenceOf(before, after);
  assert.deepEqual(changed.toSorted(), ["limits.batch", "placement.ceiling", "sfuPools"]);
  assert.deepEqual(restart.map(({ member }) => member).toSorted(), [
    "http.port",
    "limits.headers",
    "masterKey",
  ]);
  assert.equal(inForce.limits.batch, 6);
  assert.equal(inForce.placement.ceiling, 0.5);
  assert.deepEqual(inForce.sfuPools, after.sfuPools);
  assert.equal(inForce.limits.headers, before.limits.headers);
  assert.equal(inForce.http.port, 7000);
  assert.equal(inForce.masterKey, undefined);
  const none = differenceOf(after, after);
  assert.deepEqual([none.changed, none.restart], [[], []]);
});

/** A change of each setting in which gateways must not differ. */
const agreed: Readonly<Record<string, object>> = {
  "sfuConfig.updateInterval": { sfuConfig: { updateInterval: 4 } },
  "sfuConfig.disableTimeout": { sfuConfig: { disableTimeout: 9 } },
  "sfuConfig.removeTimeout": { sfuConfig: { removeTimeout: 60 } },
  "loginToken.lifetime": { loginToken: { lifetime: 60 } },
  "limits.grantTimeout": { limits: { grantTimeout: 20 } },
  "placement.growthWindow": { placement: { growthWindow: 600 } },
  sfuPools: { sfuPools: { available: ["eu"], default: "eu" } },
};
for (const member of AGREED_MEMBERS) {
  Deno.test(`a reload leaves what gateways must have in common to a restart of all: ${member}`, () => {
    const store = { redis: { url: "redis://r" } };
    const changes = { bans: { maxTime: 100 }, ...agreed[member] };
    const before = settingsOf({ store });
    const { changed, restart, inForce } = differenceOf(before, settingsOf({ store, ...changes }));
    assert.deepEqual(changed, ["bans.maxTime"]);
    assert.deepEqual(restart.map(({ member }) => member), [member]);
    assert.match(restart[0]!.reason, /share the store.*stop them all/);
    assert.deepEqual(agreedSettings(inForce), agreedSettings(before));
    const alone = differenceOf(settingsOf({}), settingsOf(changes));
    assert.deepEqual([alone.changed.toSorted(), alone.restart], [["bans.maxTime", member].toSorted(), []]);
  });
}

Deno.test("pools in another order are the same to other gateways, and what differs within them is not", () => {
  const of = (...available: unknown[]) =>
    settingsOf({
      store: { redis: { url: "redis://r" } },
      sfuPools: { available, default: "eu" },
    });
  const pools = of("eu", "us");
  assert.deepEqual(differenceOf(pools, of("us", "eu")).changed, ["sfuPools.available"]);
  const { changed, restart } = differenceOf(pools, of("eu", { name: "us", spill: ["eu"] }));
  assert.deepEqual([changed, restart.map(({ member }) => member)], [[], ["sfuPools.available"]]);
});

Deno.test("the documentation of several gateways names all that they must have in common, and nothing else", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/several-gateways.md", import.meta.url));
  const [, sentence] = /All gateways need the same ([^.]*(?:\.\w[^.]*)*)\.\s/.exec(page) ?? [];
  const named = Array.from(sentence!.matchAll(/`([\w.]+)`/g), ([, name]) => name!);
  assert.deepEqual(named.toSorted(), ["masterKey", ...AGREED_MEMBERS].toSorted());
});

Deno.test("what is left out comes back to its default, and an optional member goes", () => {
  const before = settingsOf({
    limits: { batch: 5 },
    connections: { limit: 100 },
    sfuConfig: { recommended: {} },
  });
  const { changed, inForce } = differenceOf(before, settingsOf({}));
  assert.deepEqual(changed, ["sfuConfig.recommended", "connections.limit", "limits.batch"]);
  assert.deepEqual(inForce, settingsOf({}));
});

Deno.test("a function that was read again is taken, and named only where its text differs", () => {
  const api = (updateFunction: () => Promise<unknown>) => settingsOf({ customerApi: { updateFunction } });
  const made = () => () => Promise.resolve([]);
  const [one, same, other] = [api(made()), api(made()), api(() => Promise.resolve([1]))];
  const { changed, inForce } = differenceOf(one, same);
  assert.deepEqual(changed, []);
  assert.equal(inForce.customerApi?.updateFunction, same.customerApi?.updateFunction);
  assert.deepEqual(differenceOf(one, other).changed, ["customerApi.updateFunction"]);
});

Deno.test("a member that the table does not have is a fault of ours, and no silent reload", () => {
  assert.throws(() => needsRestart("nowhere.at.all"), /no entry for nowhere\.at\.all/);
});

const USER = { name: "ann", password: "sixteen characters" };
const mixtures: [string, object, object, RegExp[]][] = [
  [
    "operators' users may not go while other machines reach the listener",
    { operations: { hostname: "0.0.0.0", users: [USER] } },
    { operations: { hostname: "127.0.0.1" } },
    [/^operations\.users: expected a user, since other machines reach 0\.0\.0\.0/],
  ],
  [
    "nor where the listener is to be switched off",
    { operations: { hostname: "0.0.0.0", users: [USER] } },
    { operations: { enabled: false } },
    [/^operations\.users: expected a user/],
  ],
  [
    "they may go while only this machine does, whatever a restart will open",
    { operations: { users: [USER] } },
    { operations: { port: 9000 } },
    [],
  ],
  ["what does not go together in one configuration is no matter of a mixture", {}, { logLevel: "DEBUG" }, []],
];
for (const [what, before, after, conflicts] of mixtures) {
  Deno.test(`what a reload puts in force is checked as a whole: ${what}`, () => {
    const found = differenceOf(settingsOf(before), settingsOf(after)).conflicts;
    assert.equal(found.length, conflicts.length, String(found));
    conflicts.forEach((pattern, i) => assert.match(found[i]!, pattern));
  });
}

Deno.test("a configuration that was read is right when it is read again, with all that it may have", () => {
  const settings = settingsOf({
    customers: [{ id: "acme", maxPeers: Infinity, maxRooms: 5, accessKeys: [] }],
    unknownCustomers: { maxPeers: 5, maxRooms: 5 },
    sfuPools: { available: ["eu", { name: "us", spill: ["eu"] }], default: "eu" },
    sfuConfig: { recommended: { quic: { keep_alive_interval: 1234 } } },
    internal: { users: [{ ...USER, role: "server", addresses: ["a:*"] }] },
    webhooks: [{
      url: "https://example.org/x",
      secret: `whsec_${btoa("x".repeat(24))}`,
      events: ["ban.lifted"],
    }],
    rates: {},
    trustedProxies: ["10.0.0.0/8"],
    masterKey: "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==",
  });
  for (
    const more of [{}, {
      customers: undefined,
      customerApi: { updateFunction: () => Promise.resolve([]) },
    }]
  ) {
    const { conflicts, changed } = differenceOf(settings, settingsOf({ ...settings, ...more }));
    assert.deepEqual(conflicts, []);
    assert.equal(changed.includes("sfuPools"), false);
  }
});
