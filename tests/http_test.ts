import assert from "node:assert/strict";
import { TokenGenerator } from "@4players/odin-tokens";
import { generateAccessKey } from "@4players/odin-tokens";
import { TestGateway } from "./gateway.ts";

const CONNECT = { jsonrpc: "2.0", id: 1, method: "Connect", params: {} };

Deno.test("HTTP: every row of the protocol's table of answers", async (t) => {
  await using gateway = await TestGateway.start({ limits: { publicBody: 65536, batch: 3 } });
  await gateway.report("sfu:4433");
  const token = gateway.tokens.createToken("room", "user", { subject: ["Connect", "RoomClose"] });
  const auth = { Authorization: `Bearer ${token}` };

  async function checked(response: Response, status: number): Promise<unknown> {
    assert.equal(response.status, status);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.equal(response.headers.get("access-control-allow-headers"), "Authorization,Content-Type");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const text = await response.text();
    if (text === "") return undefined;
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.doesNotMatch(text, /\.ts:\d|at async/, "a stack trace leaves the gateway");
    return JSON.parse(text);
  }
  async function error(
    response: Response,
    status: number,
    code: number,
  ): Promise<{ id: unknown; error: { message: string } }> {
    const body = await checked(response, status) as {
      jsonrpc: string;
      id: unknown;
      error: { code: number; message: string };
    };
    assert.equal(body.jsonrpc, "2.0");
    assert.equal(body.error.code, code, body.error.message);
    return body;
  }

  await t.step("OPTIONS on an RPC path", async () => {
    for (const path of ["/", "/internal"]) {
      const response = await fetch(gateway.url + path, { method: "OPTIONS" });
      assert.equal(response.headers.get("access-control-allow-methods"), "POST, OPTIONS");
      assert.equal(await checked(response, 204), undefined);
    }
  });
  await t.step("unknown path", async () => {
    assert.equal((await error(await gateway.post(CONNECT, auth, "/nowhere"), 404, -32600)).id, null);
  });
  await t.step("another method than POST", async () => {
    const response = await fetch(gateway.url, { headers: auth });
    assert.equal(response.headers.get("allow"), "POST, OPTIONS");
    await error(response, 405, -32600);
  });
  const stranger = new TokenGenerator(generateAccessKey()).createToken("room", "user");
  const credentials: [string, Record<string, string>][] = [
    ["no", {}],
    ["malformed", { Authorization: "Bearer x" }],
    ["Basic", { Authorization: "Basic eDp5" }],
    ["unverifiable", { Authorization: `Bearer ${stranger}` }],
    ["forged", { Authorization: `Bearer ${token.slice(0, -6)}AAAAAA` }],
    ["expired", {
      Authorization: `Bearer ${gateway.tokens.createToken("room", "user", { lifetime: -301 })}`,
    }],
  ];
  for (const [what, headers] of credentials) {
    await t.step(`${what} credentials`, async () => {
      const response = await gateway.post(CONNECT, headers);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer /);
      await error(response, 401, -32000);
    });
  }
  await t.step("a token whose sub names no method of the path", async () => {
    const other = gateway.tokens.createToken("room", "user", { subject: "play" });
    await error(await gateway.post(CONNECT, { Authorization: `Bearer ${other}` }), 403, -32001);
  });
  await t.step("a method that the token's sub does not name, or that there is not", async () => {
    for (const method of ["RoomUpdate", "connect", "rpc.discover", "constructor"]) {
      await error(await gateway.post({ ...CONNECT, method }, auth), 200, -32601);
    }
  });
  await t.step("a body over the limit, with and without its length", async () => {
    const long = " ".repeat(65536) + JSON.stringify(CONNECT);
    await error(await gateway.post(long, auth), 413, -32600);
    const stream = new Blob([long]).stream();
    const chunked = await fetch(gateway.url, { method: "POST", headers: auth, body: stream });
    await error(chunked, 413, -32600);
  });
  await t.step("a body in chunks below the limit", async () => {
    const stream = new Blob([JSON.stringify(CONNECT)]).stream();
    await checked(await fetch(gateway.url, { method: "POST", headers: auth, body: stream }), 200);
  });
  await t.step("a URL or a header beyond the limits", async () => {
    await error(await gateway.post(CONNECT, auth, `/?${"x".repeat(3000)}`), 414, -32600);
    await error(await gateway.post(CONNECT, { Authorization: `Bearer ${"x".repeat(20000)}` }), 431, -32600);
  });
  await t.step("a body that is not JSON", async () => {
    for (const body of ["", "{", "no"]) {
      assert.equal((await error(await gateway.post(body, auth), 400, -32700)).id, null);
    }
  });
  await t.step("notifications only", async () => {
    const { id: _, ...notification } = CONNECT;
    assert.equal(await checked(await gateway.post(notification, auth), 204), undefined);
    assert.equal(await checked(await gateway.post([notification, notification], auth), 204), undefined);
  });
  await t.step("a batch is answered by an array, in order, also a batch of one", async () => {
    const { id: _, ...notification } = CONNECT;
    const batch = await checked(
      await gateway.post([CONNECT, notification, { ...CONNECT, id: "b" }], auth),
      200,
    );
    assert.deepEqual((batch as { id: unknown }[]).map(({ id }) => id), [1, "b"]);
    assert.equal((await checked(await gateway.post([CONNECT], auth), 200) as unknown[]).length, 1);
  });
  await t.step("an empty batch, and one over the limit", async () => {
    await error(await gateway.post([], auth), 200, -32600);
    await error(await gateway.post([CONNECT, CONNECT, CONNECT, CONNECT], auth), 200, -32600);
  });
  await t.step("invalid requests", async () => {
    const invalid = [null, 5, "x", {}, { ...CONNECT, jsonrpc: "1.0" }, { ...CONNECT, method: 5 }, {
      ...CONNECT,
      id: {},
    }];
    for (const request of invalid) {
      await error(await gateway.post(JSON.stringify(request), auth), 200, -32600);
    }
    assert.equal((await error(await gateway.post({ ...CONNECT, id: 1.5 }, auth), 200, -32600)).id, null);
  });
  await t.step("ids may be strings, integers and null; params may be missing", async () => {
    for (const id of ["x", 7, 0, -1, null]) {
      const answer = await checked(await gateway.post({ jsonrpc: "2.0", id, method: "Connect" }, auth), 200);
      assert.equal((answer as { id: unknown }).id, id);
      assert.ok("result" in (answer as object));
    }
  });
  await t.step("positional params are invalid, unknown members are ignored", async () => {
    await error(await gateway.post({ ...CONNECT, params: [] }, auth), 200, -32602);
    const answer = await checked(await gateway.post({ ...CONNECT, params: { more: 1 } }, auth), 200);
    assert.ok("result" in (answer as object));
  });
  await t.step("invalid params say which member and why", async () => {
    const params = { room_id: "room", ban_time: -1 };
    const body = await error(
      await gateway.post({ ...CONNECT, method: "RoomClose", params }, auth),
      200,
      -32602,
    );
    assert.equal((body.error as unknown as { data: { member: string }[] }).data[0]?.member, "ban_time");
  });
});

Deno.test("HTTP: a gateway without customers is not ready, but its internal methods work", async () => {
  await using gateway = await TestGateway.start({ customers: [] });
  const response = await gateway.post(CONNECT, { Authorization: "Bearer x" });
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get("retry-after")) > 0);
  assert.equal((await response.json()).error.code, -32009);
  assert.deepEqual(await gateway.report("sfu:4433"), []);
});

Deno.test("HTTP/2 works without TLS", async () => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:4433");
  using client = Deno.createHttpClient({ http1: false, http2: true });
  const token = gateway.tokens.createToken("room", "user");
  const response = await fetch(gateway.url, {
    method: "POST",
    client,
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify(CONNECT),
  });
  assert.equal((await response.json()).result.address, "sfu:4433");
});
