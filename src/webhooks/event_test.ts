import assert from "node:assert/strict";
import { EVENT_NAMES, webhookKey } from "../config/webhook.ts";
import type { Address, Change } from "../fleet/mod.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { cloudEvent, eventOf } from "./event.ts";
import { LicenceWatch } from "./licence_watch.ts";
import { signatureHeaders } from "./signature.ts";

const [server, other] = ["a:1" as Address, "b:1" as Address];
const room = ["acme", "team-{m/7}"] as const;

const CHANGES: [Change, string, string, object][] = [
  [{ type: "server-appeared", server, pool: "eu", version: "1" }, "server.appeared", "a:1", {
    server,
    pool: "eu",
    version: "1",
  }],
  [{ type: "server-disabled", server, report: "0.1" }, "server.silent", "a:1", { server }],
  [{ type: "server-enabled", server }, "server.back", "a:1", { server }],
  [{ type: "server-drained", server }, "server.drained", "a:1", { server }],
  [{ type: "server-removed", server, report: "0.1" }, "server.removed", "a:1", { server }],
  [
    { type: "room-opened", room, customer: "c", server, listed: false },
    "room.placed",
    "acme/team-%7Bm%2F7%7D",
    { namespace: "acme", room: "team-{m/7}", customer: "c", server, reported: false },
  ],
  [
    { type: "group-placed", namespace: "acme", group: "m/7", server, from: other },
    "room.moved",
    "acme/m%2F7",
    { namespace: "acme", group: "m/7", from: other, server },
  ],
  [
    { type: "collision", room, holder: server, loser: other },
    "room.collided",
    "acme/team-%7Bm%2F7%7D",
    { namespace: "acme", room: "team-{m/7}", holder: server, loser: other },
  ],
  [
    { type: "room-closed", room, server },
    "room.closed",
    "acme/team-%7Bm%2F7%7D",
    { namespace: "acme", room: "team-{m/7}", server },
  ],
  [
    { type: "banned", ban: { room, user: "u", until: 1000, customer: "c", by: "k" } },
    "ban.set",
    "acme/team-%7Bm%2F7%7D",
    {
      namespace: "acme",
      room: "team-{m/7}",
      user: "u",
      until: "1970-01-01T00:00:01.005Z",
      customer: "c",
      key: "k",
    },
  ],
  [
    { type: "ban-ended", ban: { room, until: Infinity }, lifted: true },
    "ban.lifted",
    "acme/team-%7Bm%2F7%7D",
    { namespace: "acme", room: "team-{m/7}" },
  ],
];
for (const [change, name, subject, data] of CHANGES) {
  Deno.test(`${change.type} is told as ${name}`, () => {
    const event = eventOf(change, (time) => time + 5)!;
    assert.deepEqual([event.name, event.subject, event.data], [name, subject, data]);
  });
}

Deno.test("each event that can be asked for is made of something", () => {
  const made = new Set([
    ...CHANGES.map(([, name]) => name),
    "licence.near",
    "licence.reached",
    "certificate.ending",
  ]);
  assert.deepEqual([...EVENT_NAMES].filter((name) => !made.has(name)), []);
});

Deno.test("rooms of a group have one order, with their group's moves", () => {
  const orders = CHANGES.filter(([, name]) => name.startsWith("room.") || name.startsWith("ban."))
    .map(([change]) => eventOf(change, (time) => time)!.order);
  assert.deepEqual(new Set(orders), new Set(["acme/m%2F7"]));
});

Deno.test("a group's first place, and a ban that ends by itself, are not told", () => {
  assert.equal(eventOf({ type: "group-placed", namespace: "n", group: "g", server }, (t) => t), undefined);
  const ban = { room, until: 1 };
  assert.equal(eventOf({ type: "ban-ended", ban, lifted: false }, (t) => t), undefined);
});

Deno.test("an event is a CloudEvent 1.0 in JSON", () => {
  const event = eventOf({ type: "server-disabled", server, report: "0.1" }, (time) => time)!;
  assert.deepEqual(JSON.parse(cloudEvent(event, "id-1", 0)), {
    specversion: "1.0",
    id: "id-1",
    source: "/odin-gateway",
    type: "io.4players.odin.gateway.server.silent",
    subject: "a:1",
    time: "1970-01-01T00:00:00.000Z",
    datacontenttype: "application/json",
    data: { server: "a:1" },
  });
});

Deno.test("signatures are those of Standard Webhooks", () => {
  // The example of the specification's libraries.
  const key = webhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")!;
  const headers = signatureHeaders(
    { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1614265330, body: '{"test": 2432232314}' },
    [key, key],
  );
  const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  assert.deepEqual(headers, {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": `${signature} ${signature}`,
  });
});

Deno.test("a secret is whsec_ with 24 to 64 bytes", () => {
  const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
  assert.deepEqual([23, 24, 64, 65].map((bytes) => webhookKey(secret(bytes))?.length), [
    undefined,
    24,
    64,
    undefined,
  ]);
  for (const wrong of ["", "whsec_", "secret", secret(24).slice(6), `${secret(24)}!`]) {
    assert.equal(webhookKey(wrong), undefined);
  }
});

Deno.test("a customer near its licence is told at 80 and at 100 %, once, and again after it has had less", () => {
  const watch = new LicenceWatch();
  const told = (peers: number) =>
    watch.look([{ customer: "acme", peers, rooms: 0, maxPeers: 100, maxRooms: Infinity }])
      .map(({ name, data }) => `${name} ${data.used}`);
  assert.deepEqual(told(79), []);
  assert.deepEqual(told(80), ["licence.near 80"]);
  assert.deepEqual([told(79), told(85)], [[], []]);
  assert.deepEqual(told(100), ["licence.reached 100"]);
  assert.deepEqual([told(96), told(100)], [[], []]);
  assert.deepEqual([told(94), told(100)], [[], ["licence.reached 100"]]);
  assert.deepEqual([told(10), told(120)], [[], ["licence.near 120", "licence.reached 120"]]);
  assert.deepEqual(watch.look([]), []);
  assert.deepEqual(told(80), ["licence.near 80"]);
});

Deno.test("a certificate is told of 14, 3 and 0 days before its end, each once, and anew once it was renewed", () => {
  const watch = new CertificateWatch();
  const told = (daysLeft: number | undefined) => watch.look(daysLeft)?.data.daysLeft;
  assert.deepEqual([undefined, 90, 14.5, 14, 10, 3.5].map(told), [
    undefined,
    undefined,
    undefined,
    14,
    undefined,
    undefined,
  ]);
  assert.deepEqual([2.5, 1, 0, -1].map(told), [2, undefined, 0, undefined]);
  assert.deepEqual([90, 13].map(told), [undefined, 13]);
  assert.equal(new CertificateWatch().look(-2)?.data.daysLeft, -2);
});
