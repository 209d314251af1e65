import assert from "node:assert/strict";
import { configSource, newCustomer, Program, TemporaryFolder } from "../sim/program.ts";
import { call } from "../sim/rpc_client.ts";
import { newCertificate } from "./certificate.ts";
import { sleep, TestGateway } from "./gateway.ts";
import { EndlessReceiver } from "./endless_receiver.ts";
import { WebhookReceiver } from "./webhook_receiver.ts";

/** A gateway that tells these receivers. */
function telling(
  receivers: readonly WebhookReceiver[],
  events?: string[],
  limits = {},
): Promise<TestGateway> {
  const webhooks = receivers.map(({ url, secret }) => ({
    url,
    secret,
    ...(events === undefined ? {} : { events }),
  }));
  const silence = { disableTimeout: 600, removeTimeout: 600 }; // servers report when the test lets them
  return TestGateway.start({ webhooks, sfuConfig: silence }, limits);
}

Deno.test("a receiver is told what happens to servers, rooms and bans, in order for each, and signed", async () => {
  await using receiver = new WebhookReceiver();
  await using gateway = await telling([receiver]);
  await gateway.report("a:1");
  await gateway.connect("r", "u");
  await gateway.report("a:1", [{ name: "r", peers: 1 }]);
  await gateway.call("RoomBanClient", "r", "b", { room_id: "r", user_id: "bad", ban_time: 60 });
  await gateway.call("RoomBanClient", "r", "b", { room_id: "r", user_id: "bad", ban_time: 0 });
  await gateway.report("b:1", [{ name: "r", peers: 1 }]);
  await receiver.until(({ events }) =>
    events.includes("room.collided acme/r") && events.includes("server.appeared b:1")
  );
  const ofRoom = receiver.events.filter((event) => event.endsWith("acme/r"));
  assert.deepEqual(ofRoom, [
    "room.placed acme/r",
    "ban.set acme/r",
    "ban.lifted acme/r",
    "room.collided acme/r",
  ]);
  const [placed, ban] = receiver.received.filter(({ event }) => event.subject === "acme/r").map(({ event }) =>
    event.data
  );
  assert.deepEqual(placed, {
    namespace: "acme",
    room: "r",
    customer: "acme",
    server: "a:1",
    reported: false,
  });
  assert.equal(ban!.user, "bad");
  assert.ok(Math.abs(Date.parse(String(ban!.until)) - Date.now() - 60_000) < 30_000, String(ban!.until));
  assert.equal(new Set(receiver.received.map(({ id }) => id)).size, receiver.received.length);
});

Deno.test("a receiver gets only the events that it asks for", async () => {
  await using all = new WebhookReceiver();
  await using few = new WebhookReceiver();
  await using gateway = await TestGateway.start({
    webhooks: [{ url: all.url, secret: all.secret }, {
      url: few.url,
      secret: few.secret,
      events: ["room.placed"],
    }],
  });
  await gateway.report("a:1");
  await gateway.connect("r", "u");
  await few.until(({ events }) => events.length > 0);
  await all.until(({ events }) => events.length === 2);
  assert.deepEqual(few.events, ["room.placed acme/r"]);
});

Deno.test("what fails is sent again, as the same message, and holds up what follows it", async () => {
  await using receiver = new WebhookReceiver();
  let failures = 2;
  receiver.answer = () => new Response(null, { status: failures-- > 0 ? 500 : 200 });
  await using gateway = await telling([receiver], ["ban.set", "ban.lifted"]);
  for (const ban_time of [60, 0]) await gateway.call("RoomClose", "r", "b", { room_id: "r", ban_time });
  await receiver.until(({ events }) => events.includes("ban.lifted acme/r"));
  assert.deepEqual(receiver.events, [
    "ban.set acme/r",
    "ban.set acme/r",
    "ban.set acme/r",
    "ban.lifted acme/r",
  ]);
  const [first, second, third] = receiver.received.map(({ id }) => id);
  assert.deepEqual([second, third], [first, first]);
  await gateway.program.printed(/webhooks\[0\] \(http:\/\/127\.0\.0\.1:\d+\) takes events again/);
  assert.doesNotMatch(gateway.program.output, /hidden|whsec_/);
});

Deno.test("a receiver that does not answer holds up neither calls nor another receiver", async () => {
  await using slow = new WebhookReceiver();
  await using quick = new WebhookReceiver();
  const { promise, resolve } = Promise.withResolvers<void>();
  slow.answer = () => promise.then(() => new Response());
  await using gateway = await telling([slow, quick]);
  await gateway.report("a:1");
  for (let i = 0; i < 30; i++) await gateway.connect(`r${i}`, "u");
  await quick.until(({ events }) => events.length === 31);
  assert.ok(slow.events.length <= 8, slow.events.join());
  resolve();
  await slow.until(({ events }) => new Set(events).size === 31);
});

Deno.test("events that wait when the gateway is killed are sent after its restart", async () => {
  await using receiver = new WebhookReceiver();
  let up = false;
  receiver.answer = () => new Response(null, { status: up ? 200 : 503 });
  await using gateway = await telling([receiver], ["ban.set"]);
  for (let i = 0; i < 20; i++) {
    await gateway.call("RoomClose", `r${i}`, "b", { room_id: `r${i}`, ban_time: 60 });
  }
  await receiver.until(({ events }) => events.length > 0);
  await sleep(300); // what happened in the last 100 ms may be lost
  up = true;
  await gateway.restart();
  await receiver.until(({ events }) => new Set(events).size === 20);
  const ids = new Map(receiver.received.map(({ id, event }) => [event.subject, id]));
  for (const { id, event } of receiver.received) assert.equal(id, ids.get(event.subject), "the same message");
});

Deno.test("events that wait when another process takes over are sent by that one", async () => {
  await using receiver = new WebhookReceiver();
  let up = false;
  receiver.answer = () => new Response(null, { status: up ? 200 : 503 });
  await using gateway = await telling([receiver], ["ban.set"]);
  for (let i = 0; i < 5; i++) {
    await gateway.call("RoomClose", `r${i}`, "b", { room_id: `r${i}`, ban_time: 60 });
  }
  await receiver.until(({ events }) => events.length > 0);
  const config = Deno.readTextFileSync(`${gateway.folder.path}/config.ts`);
  await using next = await Program.start({ config, folder: gateway.folder.path, args: ["--take-over"] });
  up = true;
  await receiver.until(({ events }) => new Set(events).size === 5);
  await gateway.program.stop();
  await next.stop();
});

Deno.test("a message is for its URL alone, and only 2xx takes it: a redirect is a failure", async () => {
  await using receiver = new WebhookReceiver();
  receiver.answer = ({ path }) =>
    path === "/hook"
      ? new Response(null, { status: 307, headers: { Location: "/elsewhere" } })
      : new Response();
  await using gateway = await telling([receiver], ["server.appeared"]);
  await gateway.report("a:1");
  await receiver.until(({ received }) => received.length >= 2);
  assert.deepEqual([...new Set(receiver.received.map(({ path }) => path))], ["/hook"]);
});

Deno.test("410 ends a webhook until the next start", async () => {
  await using receiver = new WebhookReceiver();
  receiver.answer = () => new Response(null, { status: 410 });
  await using gateway = await telling([receiver], ["server.appeared"]);
  await gateway.report("a:1");
  await gateway.program.printed(/wants no more events/);
  await gateway.report("b:1");
  const { webhooks } = await gateway.internal<{ webhooks: Record<string, unknown>[] }>("webhook.List", {});
  assert.deepEqual([webhooks[0]!.state, webhooks[0]!.waiting, receiver.events.length], ["ended", 0, 1]);
});

Deno.test("a customer at the limit of its licence is told", async () => {
  await using receiver = new WebhookReceiver();
  await using gateway = await telling([receiver], ["licence.near", "licence.reached"], { maxPeers: 10 });
  await gateway.report("a:1", [{ name: "r", peers: 9 }]);
  await gateway.connect("r", "u"); // the licence is known once somebody asks for it
  await receiver.until(({ events }) => events.length === 2);
  assert.deepEqual(receiver.events, ["licence.near acme", "licence.reached acme"]);
  assert.deepEqual(receiver.received[1]!.event.data, {
    customer: "acme",
    of: "peers",
    used: 10,
    limit: 10,
    percent: 100,
  });
});

Deno.test("a certificate that ends soon is told", async () => {
  await using receiver = new WebhookReceiver();
  using folder = new TemporaryFolder();
  const { cert, key } = await newCertificate({ notAfterDate: new Date(Date.now() + 10.5 * 86_400_000) });
  const [certFile, keyFile] = [`${folder.path}/cert.pem`, `${folder.path}/key.pem`];
  Deno.writeTextFileSync(certFile, cert);
  Deno.writeTextFileSync(keyFile, key);
  await using _program = await Program.start({
    config: configSource({
      useSsl: true,
      https: { hostname: "127.0.0.1", port: 0, certFile, keyFile },
      webhooks: [{ url: receiver.url, secret: receiver.secret, events: ["certificate.ending"] }],
    }),
    folder: folder.path,
  });
  await receiver.until(({ events }) => events.length === 1);
  assert.deepEqual(receiver.received[0]!.event.data, { daysLeft: 10 });
});

Deno.test("the metrics tell how it goes with webhooks", async () => {
  await using receiver = new WebhookReceiver();
  await using gateway = await telling([receiver], ["server.appeared"]);
  await gateway.report("a:1");
  await receiver.until(({ events }) => events.length === 1);
  const lines = async () => (await (await fetch(`${gateway.operations}/metrics`)).text()).split("\n");
  const delivered =
    /^odin_gateway_webhook_events_total\{webhook="webhooks\[0\] \(http:.*\)",outcome="delivered"\} 1$/;
  while (!(await lines()).some((line) => delivered.test(line))) await sleep(20);
  assert.ok((await lines()).some((line) => /^odin_gateway_webhook_events_waiting\{.*\} 0$/.test(line)));
});

Deno.test("webhook.Test says of each receiver whether it takes events, webhook.List how it goes", async () => {
  await using good = new WebhookReceiver();
  await using bad = new WebhookReceiver();
  bad.answer = () => new Response(null, { status: 500 });
  await using gateway = await telling([good, bad], ["server.removed"]);
  const { webhooks } = await gateway.internal<{ webhooks: Record<string, unknown>[] }>("webhook.Test", {});
  assert.deepEqual(webhooks.map(({ delivered, status, reason }) => [delivered, status, reason]), [
    [true, 204, null],
    [false, 500, "it answers with status 500"],
  ]);
  assert.deepEqual(good.events, ["webhook.test test"]);
  const list = await gateway.internal<{ webhooks: Record<string, unknown>[] }>("webhook.List", {});
  assert.deepEqual(
    list.webhooks.map(({ state, delivered, waiting, oldest }) => [state, delivered, waiting, oldest]),
    [
      ["works", 0, 0, null],
      ["works", 0, 0, null],
    ],
  );
  assert.match(String(webhooks[0]!.webhook), /^webhooks\[0\] \(http:\/\/127\.0\.0\.1:\d+\)$/);
});

Deno.test("a receiver with TLS has to be known by an authority of the runtime, or by DENO_CERT", async () => {
  const certificate = await newCertificate();
  await using known = new WebhookReceiver(certificate);
  await using unknown = new WebhookReceiver(await newCertificate());
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/authorities.pem`, certificate.cert);
  const webhooks = [known, unknown].map(({ url, secret }) => ({ url, secret }));
  await using program = await Program.start({
    config: configSource({ webhooks, customers: [newCustomer("acme").entry] }),
    folder: folder.path,
    env: { DENO_CERT: `${folder.path}/authorities.pem` },
  });
  const result = await call<{ webhooks: { delivered: boolean; reason: string | null }[] }>(
    `${program.url}/internal`,
    "webhook.Test",
    {},
  );
  assert.deepEqual(result.webhooks.map(({ delivered }) => delivered), [true, false]);
  assert.match(result.webhooks[1]!.reason ?? "", /certificate/);
  assert.deepEqual([known.events, unknown.events], [["webhook.test test"], []]);
});

Deno.test("a receiver that answers without end keeps nobody waiting: its message fails, and calls are answered", async () => {
  await using quick = new WebhookReceiver();
  using endless = new EndlessReceiver();
  const secret = quick.secret;
  await using gateway = await TestGateway.start({
    webhooks: [{ url: endless.url, secret }, { url: quick.url, secret }],
  });
  await gateway.report("a:1");
  await gateway.program.printed(
    /webhooks\[0\] .* does not take events: its answer is longer than 65536 bytes/,
  );
  for (let i = 0; i < 20; i++) await gateway.connect(`r${i}`, "u");
  await quick.until(({ events }) => events.length === 21);
});

Deno.test("without webhooks there is nothing to list or to test", async () => {
  await using gateway = await TestGateway.start();
  for (const method of ["webhook.List", "webhook.Test"]) {
    assert.deepEqual(await gateway.internal(method, {}), { webhooks: [] });
  }
});

const WRONG: [object[], RegExp][] = [
  [
    [{ url: "ftp://r.example/", secret: `whsec_${"A".repeat(32)}` }],
    /webhooks.*url.*expected a URL that begins with https/,
  ],
  [
    [{ url: "https://u:hidden@r.example/", secret: `whsec_${"A".repeat(32)}` }],
    /webhooks.*url.*without user/,
  ],
  [[{ url: "https://r.example/", secret: "hidden" }], /webhooks.*secret/],
  [
    [{ url: "https://r.example/", secret: `whsec_${"A".repeat(32)}`, events: ["server.gone"] }],
    /webhooks.*events/,
  ],
];
for (const [webhooks, message] of WRONG) {
  Deno.test(`webhooks that are wrong end the start: ${message.source}`, async () => {
    using folder = new TemporaryFolder();
    const program = new Program({ config: configSource({ webhooks }), folder: folder.path });
    assert.equal((await program.status).code, 2);
    assert.match(program.output, message);
    assert.doesNotMatch(program.output, /hidden/);
  });
}
